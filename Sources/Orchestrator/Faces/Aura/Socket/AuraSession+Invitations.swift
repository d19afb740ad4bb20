internal import Foundation
import RelayControl
import RoomControl
import RoomModel
import Secrets
import Web

extension AuraSession {
    /// `register_room_api`: this socket can be invited for the next 60 s.
    func register(_ message: RPCMessage) async throws(AuraFailure) -> any JSONWritable {
        let claim = try message.parameters(Credentials.self).claim().orThrow(.badCredentials)
        let digest = KeyDigest(of: claim.text)
        // The same again on the same socket: what was proved still holds unless the user's secrets were changed.
        if let known = face.registrations.user(of: id, provenBy: digest, at: face.now()),
            let user = face.users.user(known.user), user.secrets == known.secrets
        {
            return registered(user, digest)
        }
        guard let user = try await identify(claim), isOpen else { throw .badCredentials }
        return registered(user, digest)
    }

    private func registered(_ user: User, _ digest: KeyDigest) -> any JSONWritable {
        face.registrations.register(id, as: user.id, digest: digest, secrets: user.secrets, at: face.now())
        for invitation in face.invitations.ring(user.id, on: id) { tell(.roomInvite(invitation)) }
        return Wrapped("user", user.id.value)
    }

    /// `room_invite_reject`
    func declineInvitation(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let wanted = try message.parameters(DeclineParameters.self)
        let room = RoomID(try wanted.room.checked("room"))
        let call = try face.call(of: wanted.auth_token)
        guard call.room == room else { throw .badToken }
        guard let invitation = face.invitations.remove(room, call.id) else {
            throw .missing("there is no invitation that still rings")
        }
        face.stopRinging(invitation, but: id, isRefused: true)
        return EmptyResult()
    }

    /// `create_temp_room`: a room that ends with its last member, and whoever is to come into it.
    func createTemporaryRoom(_ message: RPCMessage) async throws(AuraFailure) -> any JSONWritable {
        let wanted = try message.parameters(TemporaryRoomParameters.self)
        let claim = try message.parameters(Credentials.self).claim().orThrow(.badCredentials)
        let id = ParticipantID(try wanted.call_id.checked("call_id"))
        let destinations = try Self.checked(wanted.invited ?? [], "invited")
        guard let user = try await identify(claim), isOpen else { throw .badCredentials }
        guard call?.state != .joined else {
            throw .conflict("this socket is in a room already: leave_room comes first")
        }
        let room = RoomID(UUID().uuidString.lowercased())
        let new = Call(room: room, id: id, user: user.id, name: user.shownName, isAdmin: true, state: .admitted)
        let token = try face.tokens.issue(to: new)
        let sdp = try enter(
            new, offer: wanted.sdp, audioMuted: wanted.audio_muted, videoMuted: wanted.video_muted, isNewRoom: true)
        return Invited(
            room_id: room.value, sdp: sdp, auth_token: token, invited: try face.invite(destinations, to: new))
    }

    /// `convert_to_room`: a telephone call becomes a room. A call that is in a room already only gets company.
    func convertToRoom(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let wanted = try message.parameters(ConvertParameters.self)
        let id = try wanted.call_id.checked("call_id")
        let destinations = try Self.checked(wanted.invited ?? [], "invited")
        if let call, call.state == .joined, call.id.value == id {
            guard face.isAdmin(call) else { throw .notAdmin }
            return Invited(room_id: call.room.value, invited: try face.invite(destinations, to: call))
        }
        guard let user = call?.user ?? face.registrations.user(of: self.id, at: face.now()) else {
            throw .unauthorized("register_room_api or authenticate comes first")
        }
        guard let room = face.telephony.makeRoom(ofCall: id, by: user.value) else {
            throw .missing("there is no call \"\(id)\"")
        }
        let inviter = Call(
            room: room, id: ParticipantID(id), user: user, name: face.users.user(user)?.shownName ?? "", isAdmin: true,
            state: .joined)
        return Invited(room_id: room.value, invited: try face.invite(destinations, to: inviter))
    }

    /// `invite_exten`
    func invite(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let destinations = try Self.checked(try message.parameters(InviteParameters.self).extens, "extens")
        let call = try member()
        guard face.isAdmin(call) else { throw .notAdmin }
        return Invited(room_id: call.room.value, invited: try face.invite(destinations, to: call))
    }

    /// The most that may be invited at once.
    private static let maximumDestinations = 100

    private static func checked(_ destinations: [Identifier], _ name: String) throws(AuraFailure) -> [String] {
        guard destinations.count <= maximumDestinations else {
            throw .invalid("\(name): has at most \(maximumDestinations) entries")
        }
        var checked: [String] = []
        for destination in destinations { checked.append(try destination.checked(name)) }
        return checked
    }
}

extension Credentials.Claim {
    /// All of it as one text.
    nonisolated var text: String {
        switch self {
        case .password(let username, let password): "p\u{0}\(username)\u{0}\(password)"
        case .device(let device, let token): "d\u{0}\(device)\u{0}\(token)"
        }
    }
}

extension User {
    /// Everything that a registration may have been proved with: when it changes, it has to be proved again.
    nonisolated var secrets: String {
        passwordHash + devices.map { "\u{0}\($0.name)\u{0}\($0.tokenDigest)" }.joined()
    }
}

nonisolated extension AuraNotification {
    static func roomInvite(_ invitation: Invitation) -> AuraNotification {
        .roomInvite(
            room: invitation.room.value, call_id: invitation.call.value, from_user: invitation.from?.value ?? "",
            auth_token: invitation.token)
    }
}
