public import RelayControl

// When rooms and participants end without anybody asking for it.
extension Rooms {
    /// Notes that a call was about a participant; it counts as idle from then at the earliest.
    /// Nothing happens where there is no such participant.
    public mutating func touch(_ id: ParticipantID, in room: RoomID, at now: Double) {
        try? change(room) { (room) throws(RoomError) in
            room.participants[try room.index(of: id)].touched = now
        }
    }

    /// Notes that a transport of a participant came up or went down.
    /// Nothing happens where there is no such participant.
    /// - Parameter producer: whose tracks a subscribing connection brings; nil for the publishing connection.
    public mutating func setConnected(
        _ isConnected: Bool, _ id: ParticipantID, producer: ParticipantID?, in room: RoomID, at now: Double
    ) {
        try? change(room) { (room) throws(RoomError) in
            let index = try room.index(of: id)
            room.participants[index].touched = now
            if isConnected {
                room.participants[index].connected.insert(producer)
            } else {
                room.participants[index].connected.remove(producer)
            }
        }
    }

    /// When `expire(at:)` next has something to do, as far as is known now; nil: never.
    public var nextDeadline: Double? {
        var earliest: Double?
        for room in byID.values {
            for deadline in deadlines(of: room) where deadline < earliest ?? .infinity { earliest = deadline }
        }
        return earliest
    }

    /// Deletes the rooms that nobody entered in time, and removes the participants that were idle for too long.
    public mutating func expire(at now: Double) -> [RoomEvent] {
        var events: [RoomEvent] = []
        let due = byID.values.filter { room in deadlines(of: room).contains { $0 <= now } }
        for room in due.sorted(by: { $0.ordinal < $1.ordinal }) {
            if room.participants.isEmpty {
                events += (try? delete(room.id)) ?? []
                continue
            }
            for participant in room.participants {
                guard let deadline = idleDeadline(of: participant), deadline <= now else { continue }
                events += (try? remove(participant.id, from: room.id)) ?? []
            }
        }
        return events
    }

    private func deadlines(of room: Room) -> [Double] {
        if room.participants.isEmpty { return [room.createdAt + limits.emptyTimeout] }
        guard limits.idleTimeout != nil else { return [] }
        return room.participants.compactMap(idleDeadline)
    }

    private func idleDeadline(of participant: Participant) -> Double? {
        guard let timeout = limits.idleTimeout, let since = participant.idleSince else { return nil }
        return since + timeout
    }
}
