import RelayControl
import RoomControl
import RoomModel
import Web

extension MediaServerFace {
    var eventRoutes: [Route] {
        [
            route(.GET, "/events") { [events] request in
                .events(events.feed(of: nil, after: request.headers["Last-Event-ID"]))
            },
            route(.GET, "/rooms/:room_id/events") { [service, events] request in
                let room = try request.room()
                let last = request.headers["Last-Event-ID"]
                if !service.rooms.contains(room) {
                    // Who was away when the room ended is still to hear of it.
                    guard let last, events.hasEvents(of: room, after: last) else {
                        throw CallFailure(.noSuchRoom(room))
                    }
                }
                return .events(events.feed(of: room, after: last))
            },
        ]
    }
}
