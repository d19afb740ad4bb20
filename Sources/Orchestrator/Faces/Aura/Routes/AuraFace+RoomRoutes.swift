internal import Foundation
import RelayControl
import RoomControl
import RoomModel
import Web

extension AuraFace {
    var roomRoutes: [Route] {
        [
            route(.GET, "/v1/rooms") { [service] _ in
                .json(Wrapped("rooms", service.rooms.all.map { RoomItem($0) }))
            },
            route(.POST, "/v1/rooms") { [self] request in
                let body = try JSONBody.decode(RoomBody.self, from: request).room
                let id = try RoomID(body.uuid?.checked("room.uuid") ?? UUID().uuidString.lowercased())
                let change = try await change(body)
                var definition = RoomDefinition(id: id, name: body.name)
                change(&definition)
                try await service.define(definition)
                return .json(Wrapped("room", RoomItem(definition)), status: 201)
            },
            route(.GET, "/v1/rooms/:room_id") { [self] request in
                .json(Wrapped("room", RoomItem(try room(try request.room()))))
            },
            route(.PUT, "/v1/rooms/:room_id") { [self] request in
                let id = try request.room()
                let body = try JSONBody.decode(RoomBody.self, from: request).room
                _ = try room(id)
                let change = try await change(body)
                return .json(Wrapped("room", RoomItem(try await service.redefine(id, change))))
            },
            route(.DELETE, "/v1/rooms/:room_id") { [service] request in
                try await service.undefine(try request.room())
                return Response(status: 204)
            },
            route(.GET, "/v1/rooms/:room_id/members") { [self] request in
                .json(Wrapped("members", try members(of: try request.room())))
            },
        ]
    }

    /// What a body makes of a definition.
    /// - Throws: 400, 503.
    private func change(_ body: RoomBody.Fields) async throws(AuraFailure) -> (inout RoomDefinition) -> Void {
        _ = try DisplayName.check(body.name, "room.name")
        guard !body.name.isEmpty else { throw .invalid("room.name: must not be empty") }
        guard body.members.count <= Self.maximumMembers else {
            throw .invalid("room.members: has at most \(Self.maximumMembers) entries")
        }
        var members: [RoomDefinition.Member] = []
        var seen: Set<String> = []
        for entry in body.members {
            let user = try entry.user_id.checked("room.members.user_id")
            guard seen.insert(user).inserted else { throw .invalid("room.members: \"\(user)\" is there twice") }
            members.append(RoomDefinition.Member(user: UserID(user), isAdmin: entry.admin ?? false))
        }
        let (password, invited) = (try await hashed(body.password), members)
        return { definition in
            definition.name = body.name
            definition.isOpen = body.open
            definition.forcesPassword = body.force_password
            definition.forcesWaitingRoom = body.force_waiting_room
            definition.members = invited
            switch password {
            case .absent: break
            case .null: definition.passwordHash = nil
            case .value(let hash): definition.passwordHash = hash
            }
        }
    }

    private func hashed(_ password: Given<String>) async throws(AuraFailure) -> Given<String> {
        guard case .value(let text) = password else { return password }
        return .value(try await hash(text))
    }

    private static var maximumMembers: Int { 1_000 }
}

extension Request {
    /// - Throws: 400.
    func room() throws(AuraFailure) -> RoomID { RoomID(try Identifier(parameters["room_id"] ?? "").checked("room_id")) }

    /// - Throws: 400.
    func user() throws(AuraFailure) -> UserID { UserID(try Identifier(parameters["user_id"] ?? "").checked("user_id")) }
}
