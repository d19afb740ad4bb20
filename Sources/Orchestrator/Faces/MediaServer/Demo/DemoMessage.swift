import Web

/// What a page hears.
///
///     {"type":"joined","id","room","users":[{"id","userInfo","offer"?,"constraints"?}]}
///     {"type":"produced","answer"?,"constraints"}
///     {"type":"consumed","id","refused"?}
///     {"type":"user.added","user":{"id","userInfo"}}
///     {"type":"user.deleted","id"}                   one's own id: somebody has removed us
///     {"type":"producer","id","userInfo","constraints","offer"?}
///     {"type":"producer.stopped","id"}
///     {"type":"speaker","id"|null}
///     {"type":"transport","producer"?,"state"}
///     {"type":"room.deleted"}
///     {"type":"error","request"?,"id"?,"error":{"<field>":"<message>"}}
nonisolated enum DemoMessage: Encodable {
    case joined(id: String, room: String, users: [UserItem])
    case produced(answer: SessionDescription?, constraints: Constraints)
    case consumed(id: String, refused: [RefusedItem])
    case userAdded(UserItem)
    case userDeleted(id: String)
    case producer(UserItem)
    case producerStopped(id: String)
    case speaker(id: String?)
    case transport(producer: String?, state: String)
    case roomDeleted
    case error(request: String?, id: String?, field: String, message: String)

    private enum Key: CodingKey {
        case type, id, room, users, answer, constraints, refused, user, userInfo, offer, producer, state, request, error
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(type, forKey: .type)
        switch self {
        case .joined(let id, let room, let users):
            try fields.encode(id, forKey: .id)
            try fields.encode(room, forKey: .room)
            try fields.encode(users, forKey: .users)
        case .produced(let answer, let constraints):
            try fields.encodeIfPresent(answer, forKey: .answer)
            try fields.encode(constraints, forKey: .constraints)
        case .consumed(let id, let refused):
            try fields.encode(id, forKey: .id)
            if !refused.isEmpty { try fields.encode(refused, forKey: .refused) }
        case .userAdded(let user): try fields.encode(user, forKey: .user)
        case .userDeleted(let id), .producerStopped(let id): try fields.encode(id, forKey: .id)
        case .producer(let user):
            try fields.encode(user.id, forKey: .id)
            try fields.encode(user.userInfo, forKey: .userInfo)
            try fields.encodeIfPresent(user.constraints, forKey: .constraints)
            try fields.encodeIfPresent(user.offer, forKey: .offer)
        case .speaker(let id): try fields.encode(id, forKey: .id)
        case .transport(let producer, let state):
            try fields.encodeIfPresent(producer, forKey: .producer)
            try fields.encode(state, forKey: .state)
        case .roomDeleted: break
        case .error(let request, let id, let field, let message):
            try fields.encodeIfPresent(request, forKey: .request)
            try fields.encodeIfPresent(id, forKey: .id)
            try fields.encode([field: message], forKey: .error)
        }
    }

    private var type: String {
        switch self {
        case .joined: "joined"
        case .produced: "produced"
        case .consumed: "consumed"
        case .userAdded: "user.added"
        case .userDeleted: "user.deleted"
        case .producer: "producer"
        case .producerStopped: "producer.stopped"
        case .speaker: "speaker"
        case .transport: "transport"
        case .roomDeleted: "room.deleted"
        case .error: "error"
        }
    }
}
