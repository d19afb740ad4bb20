import Web

/// A server-sent event; which fields it has depends on its type.
nonisolated struct RoomEventMessage: Encodable {
    var type: String
    var room_id: String
    var time: String
    var id: String?
    var userInfo: JSONValue?
    var constraints: Constraints?
    var outbound: [UserItem]?
    var count: Int?
    var producer_id: String?
    var state: String?

    /// `speaker.active` says so when it is nobody: `"id": null`.
    private var idIsNull = false

    init(type: String, room: String, time: String) {
        self.type = type
        self.room_id = room
        self.time = time
    }

    static func speaker(_ id: String?, room: String, time: String) -> RoomEventMessage {
        var message = RoomEventMessage(type: "speaker.active", room: room, time: time)
        message.id = id
        message.idIsNull = id == nil
        return message
    }

    private enum Key: CodingKey {
        case type, room_id, time, id, userInfo, constraints, outbound, count, producer_id, state
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(type, forKey: .type)
        try fields.encode(room_id, forKey: .room_id)
        try fields.encode(time, forKey: .time)
        try fields.encodeIfPresent(id, forKey: .id)
        if idIsNull { try fields.encodeNil(forKey: .id) }
        try fields.encodeIfPresent(userInfo, forKey: .userInfo)
        try fields.encodeIfPresent(constraints, forKey: .constraints)
        try fields.encodeIfPresent(outbound, forKey: .outbound)
        try fields.encodeIfPresent(count, forKey: .count)
        try fields.encodeIfPresent(producer_id, forKey: .producer_id)
        try fields.encodeIfPresent(state, forKey: .state)
    }
}

/// The event that stands for those that are not kept any more.
nonisolated struct LostEventsMessage: Encodable {
    var type = "events.lost"
    /// Absent on the stream of all rooms.
    var room_id: String?
    var time: String
    var message = "events after the given Last-Event-ID are no longer kept: read the rooms anew"
}
