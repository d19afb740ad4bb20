import RelayControl
import RoomControl
import RoomModel
import Web

extension MediaServerFace {
    var roomRoutes: [Route] {
        [
            route(.GET, "/rooms") { [service] _ in
                let rooms = service.rooms.all
                return .response(.json(rooms.map { RoomItem(id: $0.id.value, usersCount: $0.participants.count) }))
            },
            route(.POST, "/rooms") { [self] request in try createRoom(newRoomID(), request) },
            route(.POST, "/rooms/:room_id") { [self] request in try createRoom(try request.room(), request) },
            route(.GET, "/rooms/:room_id") { [service] request in
                let room = try service.room(try request.room())
                let users = room.participants.map {
                    UserDetails($0, service.statistics(of: $0.id, in: room.id), listsTracks: false)
                }
                return .response(.json(RoomDetails(room_id: room.id.value, users: users)))
            },
            route(.DELETE, "/rooms/:room_id") { [service] request in
                let room = try service.room(try request.room())
                // One that is kept is gone when the store has forgotten it.
                if room.definition != nil {
                    try await service.undefine(room.id)
                } else {
                    _ = try service.deleteRoom(room.id)
                }
                return .response(.json(RoomDeleted(count: room.participants.count)))
            },
        ]
    }

    private func createRoom(_ room: RoomID, _ request: Request) throws -> Reply {
        let body = try JSONBody.decodeIfPresent(CreateRoomBody.self, from: request) ?? CreateRoomBody()
        guard let id = body.userId else {
            try service.createRoom(room, with: nil)
            return .response(.json(RoomCreated(room_id: room.value)))
        }
        let user = try Participant(
            id: ParticipantID(try Identifier.check(id.text, .user)), userInfo: body.userInfo)
        try service.createRoom(room, with: user)
        return .response(
            .json(RoomCreated(room_id: room.value, user_id: user.id.value, users: [], userInfo: user.userInfoValue)))
    }
}
