public import RelayControl

// What participants do besides sending. Who does it has to be in the room (`notHere`), and whom it is done to
// (`noSuchParticipant`). Saying once more what holds already gives no event.

// MARK: By themselves
extension Rooms {
    /// - Throws: `noSuchRoom`, `notHere`.
    public mutating func raiseHand(_ id: ParticipantID, in room: RoomID, at now: Double) throws(RoomError)
        -> [RoomEvent]
    {
        try setHand(id, isRaised: true, in: room, at: now)
    }

    /// - Throws: `noSuchRoom`, `notHere`.
    public mutating func lowerHand(_ id: ParticipantID, in room: RoomID, at now: Double) throws(RoomError)
        -> [RoomEvent]
    {
        try setHand(id, isRaised: false, in: room, at: now)
    }

    /// - Parameter alone: refuses while somebody else shares theirs.
    /// - Throws: `noSuchRoom`, `notHere`, `sharedAlready`.
    public mutating func startSharing(
        _ id: ParticipantID, in room: RoomID, alone: Bool = false, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        try act(id, in: room, at: now) { (room, index) throws(RoomError) in
            if alone, let other = room.participants.first(where: { $0.isSharingScreen && $0.id != id }) {
                throw .sharedAlready(by: other.id)
            }
            return room.setSharing(true, at: index)
        }
    }

    /// - Throws: `noSuchRoom`, `notHere`.
    public mutating func stopSharing(_ id: ParticipantID, in room: RoomID, at now: Double) throws(RoomError)
        -> [RoomEvent]
    {
        try act(id, in: room, at: now) { (room, index) in room.setSharing(false, at: index) }
    }

    /// Shows the others something short and passing.
    /// - Parameter reaction: 1 to `RoomLimits.maximumReaction` characters, and no more than four times as many bytes.
    /// - Throws: `noSuchRoom`, `notHere`, `unusableReaction`.
    public mutating func react(
        _ id: ParticipantID, in room: RoomID, with reaction: String, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        let limit = RoomLimits.maximumReaction
        return try act(id, in: room, at: now) { (room, _) throws(RoomError) in
            guard !reaction.isEmpty, reaction.utf8.count <= 4 * limit, reaction.count <= limit else {
                throw .unusableReaction(limit: limit)
            }
            return [.reacted(room.id, id, reaction)]
        }
    }

    /// - Throws: `noSuchRoom`, `notHere`.
    public mutating func mute(_ kind: MediaKind, of id: ParticipantID, in room: RoomID, at now: Double)
        throws(RoomError) -> [RoomEvent]
    {
        try act(id, in: room, at: now) { (room, index) in room.setMuted(kind, true, \.byThemself, at: index) }
    }

    /// Takes back their own mute. While an admin has muted them too, that is remembered and told, but nothing is forwarded
    /// until an admin unmutes them.
    /// - Throws: `noSuchRoom`, `notHere`.
    public mutating func unmute(_ kind: MediaKind, of id: ParticipantID, in room: RoomID, at now: Double)
        throws(RoomError) -> [RoomEvent]
    {
        try act(id, in: room, at: now) { (room, index) in room.setMuted(kind, false, \.byThemself, at: index) }
    }

    private mutating func setHand(
        _ id: ParticipantID, isRaised: Bool, in room: RoomID, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        try act(id, in: room, at: now) { (room, index) in
            guard room.participants[index].isHandRaised != isRaised else { return [] }
            room.participants[index].isHandRaised = isRaised
            return [.handChanged(room.id, room.participants[index])]
        }
    }

    /// Somebody does something themself, which also shows that they are there.
    private mutating func act(
        _ id: ParticipantID, in room: RoomID, at now: Double,
        _ body: (inout Room, Int) throws(RoomError) -> [RoomEvent]
    ) throws(RoomError) -> [RoomEvent] {
        try change(room) { (room) throws(RoomError) in
            guard let index = room.participants.firstIndex(where: { $0.id == id }) else { throw .notHere(id, room.id) }
            let before = room.participants[index].touched
            room.participants[index].touched = now
            do throws(RoomError) {
                return try body(&room, index)
            } catch {
                room.participants[index].touched = before
                throw error
            }
        }
    }
}

// MARK: To others
extension Rooms {
    /// Mutes somebody so that they cannot undo it.
    /// - Throws: `noSuchRoom`, `notHere`, `notAdmin`, `noSuchParticipant`.
    public mutating func mute(
        _ kind: MediaKind, of id: ParticipantID, in room: RoomID, by moderator: Moderator
    ) throws(RoomError) -> [RoomEvent] {
        try moderate(id, in: room, by: moderator) { (room, index) in room.setMuted(kind, true, \.byAdmin, at: index) }
    }

    /// Takes back the admins' mute, not the participant's own: nobody is made heard who does not want to be.
    /// - Throws: `noSuchRoom`, `notHere`, `notAdmin`, `noSuchParticipant`.
    public mutating func unmute(
        _ kind: MediaKind, of id: ParticipantID, in room: RoomID, by moderator: Moderator
    ) throws(RoomError) -> [RoomEvent] {
        try moderate(id, in: room, by: moderator) { (room, index) in room.setMuted(kind, false, \.byAdmin, at: index) }
    }

    /// Puts somebody out of the room.
    /// - Throws: `noSuchRoom`, `notHere`, `notAdmin`, `noSuchParticipant`.
    public mutating func remove(
        _ id: ParticipantID, from room: RoomID, by moderator: Moderator, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        try self.room(room).check(moderator)
        return try remove(id, from: room, byAdmin: true, at: now)
    }

    /// - Throws: `noSuchRoom`, `notHere`, `notAdmin`, `noSuchParticipant`.
    public mutating func promote(_ id: ParticipantID, in room: RoomID, by moderator: Moderator) throws(RoomError)
        -> [RoomEvent]
    {
        try moderate(id, in: room, by: moderator) { (room, index) in room.setAdmin(true, at: index) }
    }

    /// - Throws: `noSuchRoom`, `notHere`, `notAdmin`, `noSuchParticipant`.
    public mutating func demote(_ id: ParticipantID, in room: RoomID, by moderator: Moderator) throws(RoomError)
        -> [RoomEvent]
    {
        try moderate(id, in: room, by: moderator) { (room, index) in room.setAdmin(false, at: index) }
    }

    private mutating func moderate(
        _ id: ParticipantID, in room: RoomID, by moderator: Moderator,
        _ body: (inout Room, Int) throws(RoomError) -> [RoomEvent]
    ) throws(RoomError) -> [RoomEvent] {
        try change(room) { (room) throws(RoomError) in
            try room.check(moderator)
            return try body(&room, try room.index(of: id))
        }
    }
}

extension Room {
    mutating func setAdmin(_ isAdmin: Bool, at index: Int) -> [RoomEvent] {
        guard participants[index].isAdmin != isAdmin else { return [] }
        participants[index].isAdmin = isAdmin
        return [.adminChanged(id, participants[index])]
    }

    mutating func setSharing(_ isSharing: Bool, at index: Int) -> [RoomEvent] {
        guard participants[index].isSharingScreen != isSharing else { return [] }
        participants[index].isSharingScreen = isSharing
        return [.sharingChanged(id, participants[index])]
    }

    fileprivate mutating func setMuted(
        _ kind: MediaKind, _ isMuted: Bool, _ whose: WritableKeyPath<Muting, Bool>, at index: Int
    ) -> [RoomEvent] {
        guard participants[index][muting: kind][keyPath: whose] != isMuted else { return [] }
        participants[index][muting: kind][keyPath: whose] = isMuted
        return [.mutingChanged(id, participants[index], kind, byAdmin: whose == \.byAdmin)]
    }
}
