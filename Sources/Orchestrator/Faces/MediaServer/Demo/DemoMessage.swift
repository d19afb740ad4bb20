import Web

/// What a page hears.
///
///     {"type":"joined","id","room","users":[{"id","userInfo","offer"?,"constraints"?}]}
///     {"type":"produced","answer"?,"constraints"}
///     {"type":"consumed","id","refused"?}
///     {"type":"preferred","preference"}              all that holds now
///     {"type":"statistics","produce"?,"consume"?}   as in REST
///     {"type":"user.added","user":{"id","userInfo"}}
///     {"type":"user.deleted","id"}                   one's own id: somebody has removed us
///     {"type":"producer","id","userInfo","constraints","offer"?}
///     {"type":"producer.stopped","id"}
///     {"type":"speaker","id"|null}
///     {"type":"transport","producer"?,"state"}
///     {"type":"room.deleted"}
///     {"type":"error","request"?,"id"?,"error":{"<field>":"<message>"}}
nonisolated enum DemoMessage: JSONWritable {
    case joined(id: String, room: String, users: [UserItem])
    case produced(answer: SessionDescription?, constraints: Constraints)
    case consumed(id: String, refused: [RefusedItem])
    case preferred(PreferenceItem)
    case statistics(UserDetails)
    case userAdded(UserItem)
    case userDeleted(id: String)
    case producer(UserItem)
    case producerStopped(id: String)
    case speaker(id: String?)
    case transport(producer: String?, state: String)
    case roomDeleted
    case error(request: String?, id: String?, field: String, message: String)

    func write(to writer: inout JSONWriter) {
        writer.object { fields in
            fields.field("type", type)
            write(&fields)
        }
    }

    private func write(_ fields: inout JSONWriter.Fields) {
        switch self {
        case .joined(let id, let room, let users):
            fields.field("id", id)
            fields.field("room", room)
            fields.field("users", users)
        case .produced(let answer, let constraints):
            fields.field("answer", answer)
            fields.field("constraints", constraints)
        case .consumed(let id, let refused):
            fields.field("id", id)
            if !refused.isEmpty { fields.field("refused", refused) }
        case .preferred(let preference): fields.field("preference", preference)
        case .statistics(let details):
            fields.field("produce", details.produce)
            fields.field("consume", details.consume)
        case .userAdded(let user): fields.field("user", user)
        case .userDeleted(let id), .producerStopped(let id): fields.field("id", id)
        case .producer(let user):
            fields.field("id", user.id)
            fields.field("userInfo", user.userInfo)
            fields.field("constraints", user.constraints)
            fields.field("offer", user.offer)
        case .speaker(let id): if let id { fields.field("id", id) } else { fields.field("id", RawJSON.null) }
        case .transport(let producer, let state):
            fields.field("producer", producer)
            fields.field("state", state)
        case .roomDeleted: break
        case .error(let request, let id, let field, let message):
            fields.field("request", request)
            fields.field("id", id)
            fields.field("error", FieldError(field: field, message: message))
        }
    }

    private var type: String {
        switch self {
        case .joined: "joined"
        case .produced: "produced"
        case .consumed: "consumed"
        case .preferred: "preferred"
        case .statistics: "statistics"
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
