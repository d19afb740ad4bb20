import RelayControl
import RoomControl
import RoomModel
import Web

extension AuraSession {
    /// `authenticate`: lets somebody in, or into the waiting room.
    func authenticate(_ message: RPCMessage) async throws(AuraFailure) -> any JSONWritable {
        let wanted = try message.parameters(AuthenticateParameters.self)
        let credentials = try message.parameters(Credentials.self).claim()
        let room = RoomID(try wanted.room.checked("room"))
        let id = ParticipantID(try wanted.call_id.checked("call_id"))
        let given = try DisplayName.check(wanted.display_name ?? "", "display_name")
        let password = wanted.room_password.flatMap { $0.isEmpty ? nil : $0 }
        let (user, isAdmin, waits) = try await admit(to: room, credentials, password)
        guard isOpen else { throw .notInRoom }
        // Much may have happened while passwords were checked.
        guard face.service.rooms.contains(room) else { throw .noSuchRoom(room.value) }
        guard call?.state != .joined else {
            throw .conflict("this socket is in a room already: leave_room comes first")
        }
        if let call, call.state == .waiting, waits, call.room == room, call.id == id { throw .waiting }
        let other = face.calls[room, id]
        guard other == nil || other === call, !face.isParticipant(id, in: room) else { throw .callInUse(id.value) }

        let name = given.isEmpty ? user.map(\.shownName) ?? "" : given
        let new = Call(
            room: room, id: id, user: user?.id, name: name, isAdmin: isAdmin, state: waits ? .waiting : .admitted)
        guard waits else {
            let token = try face.tokens.issue(to: new)
            leave()
            take(new)
            return Authenticated(auth_token: token)
        }
        let visitor = Waiting(id: id, name: name, user: user?.id)
        try face.change { (rooms, now) throws(RoomError) in try rooms.knock(visitor, at: room, at: now) }
        leave()
        take(new)
        throw .waiting
    }

    /// Asks for everything that the room's door asks for.
    private func admit(
        to room: RoomID, _ credentials: Credentials.Claim?, _ password: String?
    ) async throws(AuraFailure) -> (user: User?, isAdmin: Bool, waits: Bool) {
        guard let live = try? face.service.rooms.room(room) else { throw .noSuchRoom(room.value) }
        var admission = Admission(
            to: live.definition, showsCredentials: credentials != nil, givesRoomPassword: password != nil)
        var user: User?
        while true {
            switch admission.step {
            case .verifyCredentials:
                user = try await identify(credentials)
                admission.take(credentials: user?.id)
            case .verifyRoomPassword(let hash):
                let isRight = try await face.isRight(password ?? "", hash: hash, from: address)
                admission.take(roomPasswordIsRight: isRight)
            case .decided(.admitted(_, let isAdmin)): return (user, isAdmin, false)
            case .decided(.waits): return (user, false, true)
            case .decided(.refused(.wrongCredentials)): throw .badCredentials
            case .decided(.refused(.roomPasswordMissing)):
                throw .unauthorized("room_password: is required for this room")
            case .decided(.refused(.wrongRoomPassword)): throw .unauthorized("room_password: is wrong")
            }
        }
    }

    /// Whose credentials they are; nil: nobody's.
    func identify(_ claim: Credentials.Claim?) async throws(AuraFailure) -> User? {
        switch claim {
        case nil: return nil
        case .password(let username, let password):
            let user = face.users.user(named: username)
            let isRight = try await face.isRight(password, hash: user?.passwordHash ?? "", from: address)
            // It may have been deleted or changed meanwhile.
            guard isRight, let user, face.users.user(user.id)?.passwordHash == user.passwordHash else { return nil }
            return face.users.user(user.id)
        case .device(let name, let token): return face.users.user(device: name, token: token)
        }
    }
}

extension Credentials {
    /// What somebody says to prove who they are.
    nonisolated enum Claim {
        case password(username: String, password: String)
        case device(String, token: String)
    }

    /// Nil where nothing is claimed: fields that are missing or empty.
    /// - Throws: 400 for half of a pair.
    nonisolated func claim() throws(AuraFailure) -> Claim? {
        func filled(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        if let username = filled(username) {
            return .password(
                username: username,
                password: try filled(password).orThrow(.invalid("password: is required with username")))
        }
        if let device = filled(device) {
            return .device(
                device, token: try filled(device_token).orThrow(.invalid("device_token: is required with device")))
        }
        return nil
    }
}

extension User {
    /// What is shown of the user where nothing else is asked for.
    var shownName: String { displayName.isEmpty ? username : displayName }
}
