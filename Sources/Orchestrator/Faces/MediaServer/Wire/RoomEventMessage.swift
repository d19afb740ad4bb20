import Web

/// A server-sent event; which fields it has depends on its type.
nonisolated struct RoomEventMessage: JSONWritable {
    var type: String
    var room_id: String
    var time: String
    var id: String?
    var userInfo: RawJSON?
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

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("constraints", constraints)
            $0.field("count", count)
            if idIsNull { $0.field("id", RawJSON.null) } else { $0.field("id", id) }
            $0.field("outbound", outbound)
            $0.field("producer_id", producer_id)
            $0.field("room_id", room_id)
            $0.field("state", state)
            $0.field("time", time)
            $0.field("type", type)
            $0.field("userInfo", userInfo)
        }
    }
}

/// The event that stands for those that are not kept any more.
nonisolated struct LostEventsMessage: JSONWritable {
    var type = "events.lost"
    /// Absent on the stream of all rooms.
    var room_id: String?
    var time: String
    var message = "events after the given Last-Event-ID are no longer kept: read the rooms anew"

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("message", message)
            $0.field("room_id", room_id)
            $0.field("time", time)
            $0.field("type", type)
        }
    }
}
