internal import Foundation
import RelayControl
import RoomModel

extension AuraFace {
    /// Asks each destination into a call's room: by its apps where some are registered, else by telephone.
    /// - Returns: a row for each, in their order.
    func invite(_ destinations: [String], to caller: Call) throws(AuraFailure) -> [Invited.Row] {
        var rows: [Invited.Row] = []
        for destination in destinations {
            // What rings already is not made to ring twice.
            if let ringing = invitations.ringing(destination, for: caller.room) {
                rows.append(.rings(bridge_id: ringing.call.value, destination: destination))
                continue
            }
            guard invitations.count(for: caller.room) < Invitations.maximumPerRoom else {
                rows.append(.fails(destination: destination, error: "too_many"))
                continue
            }
            let id = ParticipantID(UUID().uuidString.lowercased())
            let rings =
                try ringApps(destination, as: id, for: caller) || ringTelephone(destination, as: id, for: caller)
            rows.append(
                rings
                    ? .rings(bridge_id: id.value, destination: destination)
                    : .fails(destination: destination, error: "unreachable"))
        }
        return rows
    }

    private func ringApps(_ destination: String, as id: ParticipantID, for caller: Call) throws(AuraFailure) -> Bool {
        guard let user = users.user(extension: destination) else { return false }
        let sockets = registrations.sockets(of: user.id, at: now()).filter { $0 != caller.session?.id }
        guard !sockets.isEmpty else { return false }
        let invited = Call(
            room: caller.room, id: id, user: user.id, name: user.shownName, isAdmin: false, state: .admitted)
        let invitation = invitation(
            to: user.id, destination, as: id, from: caller, token: try tokens.issue(to: invited), on: Set(sockets))
        invitations.add(invitation)
        for socket in sockets { sessions[socket]?.tell(.roomInvite(invitation)) }
        return true
    }

    private func ringTelephone(_ destination: String, as id: ParticipantID, for caller: Call) -> Bool {
        guard telephony.ring(destination, into: caller.room, as: id) else { return false }
        invitations.add(invitation(to: nil, destination, as: id, from: caller, token: "", on: []))
        return true
    }

    private func invitation(
        to user: UserID?, _ destination: String, as id: ParticipantID, from caller: Call, token: String,
        on sockets: Set<SocketID>
    ) -> Invitation {
        Invitation(
            room: caller.room, call: id, user: user, destination: destination, from: caller.user, inviter: caller.id,
            token: token, sockets: sockets, until: now() + Invitations.ringing)
    }

    /// Whoever was asked has come, by whichever way.
    func answered(_ id: ParticipantID, in room: RoomID) {
        guard let invitation = invitations.remove(room, id) else { return }
        let answering = calls[room, id]?.session?.id
        for socket in invitation.sockets where socket != answering {
            sessions[socket]?.tell(.roomInviteCompletedElsewhere(room: room.value))
        }
    }

    /// Takes back what still rang.
    /// - Parameters:
    ///   - socket: the one that knows already.
    ///   - isRefused: whether who asked hears that nobody will come.
    func stopRinging(_ invitation: Invitation, but socket: SocketID?, isRefused: Bool) {
        tokens.withdraw(invitation.call, of: invitation.room)
        if invitation.user == nil { telephony.stopRinging(invitation.call, of: invitation.room) }
        for each in invitation.sockets where each != socket {
            sessions[each]?.tell(.roomInviteCompletedElsewhere(room: invitation.room.value))
        }
        guard isRefused else { return }
        calls[invitation.room, invitation.inviter]?.session?
            .tell(.roomInviteReject(room: invitation.room.value, call_id: invitation.call.value))
    }
}
