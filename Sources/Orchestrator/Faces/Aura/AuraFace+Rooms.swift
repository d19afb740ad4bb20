import RelayControl
import RoomControl
import RoomModel

// What is asked of the rooms.
extension AuraFace {
    /// Changes the rooms by their own rules, and lets everybody hear of it.
    /// - Parameter change: gets the present instant.
    func change(_ change: (inout Rooms, Double) throws(RoomError) -> [RoomEvent]) throws(AuraFailure) {
        try AuraFailure.catching { () throws(RoomCallError) in try service.change(change) }
    }

    /// - Throws: 404.
    func room(_ id: RoomID) throws(AuraFailure) -> Room {
        try AuraFailure.catching { () throws(RoomCallError) in try service.room(id) }
    }

    /// Everybody in a room, in the order in which they came.
    func members(of room: RoomID) throws(AuraFailure) -> [MemberItem] {
        try self.room(room).participants.map { MemberItem($0) }
    }

    func isParticipant(_ id: ParticipantID, in room: RoomID) -> Bool {
        (try? service.rooms.participant(id, in: room)) != nil
    }

    func isMutedByAdmin(_ kind: MediaKind, _ call: Call) -> Bool {
        (try? service.rooms.participant(call.id, in: call.room))?[muting: kind].byAdmin ?? false
    }

    /// Whether a call has an admin's rights at present: as a member by what the rooms say, else by the room's definition, and
    /// in a room without one as it was let in.
    func isAdmin(_ call: Call) -> Bool {
        guard let room = try? service.rooms.room(call.room) else { return false }
        if call.state == .joined, let participant = try? room.participant(call.id) { return participant.isAdmin }
        if let definition = room.definition { return call.user.map(definition.isAdmin) ?? false }
        return call.isAdmin
    }

    /// On whose word an admin's call acts.
    func moderator(_ call: Call) -> Moderator { call.state == .joined ? .participant(call.id) : .outside }

    /// The call that a token is good for.
    /// - Throws: 401.
    func call(of token: String) throws(AuraFailure) -> Call {
        let call = try tokens.call(token)
        guard service.rooms.contains(call.room), call.user.map({ users.user($0) != nil }) ?? true else {
            throw .badToken
        }
        return call
    }

    /// Somebody who waits does so no longer.
    func endWaiting(of call: Call) {
        try? change { (rooms, _) throws(RoomError) in try rooms.leaveWaitingRoom(call.id, of: call.room) }
    }

    /// A member goes.
    func endMembership(of call: Call) { _ = try? service.deleteUser(call.id, from: call.room) }
}
