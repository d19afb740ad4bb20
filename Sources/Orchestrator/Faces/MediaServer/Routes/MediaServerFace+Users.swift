import RelayControl
import RoomControl
import RoomModel
import Web

extension MediaServerFace {
    var userRoutes: [Route] {
        [
            route(.POST, "/rooms/:room_id/users/:user_id") { [service] request in
                let (room, user) = (try request.room(), try request.user())
                let body = try JSONBody.decodeIfPresent(AddUserBody.self, from: request) ?? AddUserBody()
                let newcomer = try Participant(id: user, userInfo: body.userInfo)
                let others = try service.addUser(newcomer, to: room)
                return .response(
                    .json(
                        UserAdded(
                            id: user.value, userInfo: newcomer.userInfoValue, users: others.map(UserItem.init(present:))
                        )))
            },
            route(.GET, "/rooms/:room_id/users/:user_id") { [service] request in
                let (room, user) = (try request.room(), try request.user())
                let participant = try service.user(user, in: room)
                return .response(
                    .json(UserDetails(participant, service.statistics(of: user, in: room), listsTracks: true)))
            },
            route(.DELETE, "/rooms/:room_id/users/:user_id") { [service] request in
                let departure = try service.deleteUser(try request.user(), from: try request.room())
                return .response(.json(UserDeleted(departure)))
            },
        ]
    }
}
