public import RelayControl

// Who asks to be let in. Being let in is not being in: whoever was allowed still has to come.
extension Rooms {
    /// Begins to wait for a room.
    /// - Throws: `noSuchRoom`, `participantExists` (in the room or waiting), `waitingRoomFull`.
    public mutating func knock(_ visitor: Waiting, at room: RoomID, at now: Double) throws(RoomError) -> [RoomEvent] {
        var newcomer = visitor
        newcomer.since = epoch + now
        let limit = limits.maximumWaiting
        try change(room) { (room) throws(RoomError) in
            try room.checkIsNew(newcomer.id)
            guard room.waiting.count < limit else { throw .waitingRoomFull(limit: limit) }
            room.waiting.append(newcomer)
        }
        return [.waitingBegan(room, newcomer)]
    }

    /// Reminds the admins of somebody who waits. More often than `RoomLimits.nudgeInterval` it gives no event.
    /// - Throws: `noSuchRoom`, `notWaiting`.
    public mutating func nudge(_ id: ParticipantID, at room: RoomID, at now: Double) throws(RoomError) -> [RoomEvent] {
        try change(room) { (room) throws(RoomError) in
            let index = try room.indexOfWaiting(id)
            if let last = room.waiting[index].nudgedAt, now < last + RoomLimits.nudgeInterval { return [] }
            room.waiting[index].nudgedAt = now
            return [.waitingNudged(room.id, room.waiting[index])]
        }
    }

    /// - Throws: `noSuchRoom`, `notHere`, `notAdmin`, `notWaiting`.
    public mutating func allow(
        _ id: ParticipantID, into room: RoomID, by moderator: Moderator
    ) throws(RoomError) -> [RoomEvent] {
        try endWaiting(of: id, for: room, .allowed, by: moderator)
    }

    /// - Throws: `noSuchRoom`, `notHere`, `notAdmin`, `notWaiting`.
    public mutating func reject(
        _ id: ParticipantID, from room: RoomID, by moderator: Moderator
    ) throws(RoomError) -> [RoomEvent] {
        try endWaiting(of: id, for: room, .rejected, by: moderator)
    }

    /// Waits no longer, of their own will or because they were lost.
    /// - Throws: `noSuchRoom`, `notWaiting`.
    public mutating func leaveWaitingRoom(_ id: ParticipantID, of room: RoomID) throws(RoomError) -> [RoomEvent] {
        try endWaiting(of: id, for: room, .left, by: .outside)
    }

    private mutating func endWaiting(
        of id: ParticipantID, for room: RoomID, _ end: WaitingEnd, by moderator: Moderator
    ) throws(RoomError) -> [RoomEvent] {
        try change(room) { (room) throws(RoomError) in
            try room.check(moderator)
            let gone = room.waiting.remove(at: try room.indexOfWaiting(id))
            return [.waitingEnded(room.id, gone, end)]
        }
    }
}

extension Room {
    /// Ends everybody's waiting with the room.
    mutating func endWaiting() -> [RoomEvent] {
        let gone = waiting
        waiting = []
        return gone.map { .waitingEnded(id, $0, .roomDeleted) }
    }

    fileprivate func indexOfWaiting(_ id: ParticipantID) throws(RoomError) -> Int {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { throw .notWaiting(id, self.id) }
        return index
    }
}
