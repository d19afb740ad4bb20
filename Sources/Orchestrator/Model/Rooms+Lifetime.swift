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
        reschedule(room)
    }

    /// Notes that the signalling socket of a participant was opened or lost. Who leaves when unattended has
    /// `RoomLimits.absenceTimeout` from the loss to come back; losing it once more meanwhile does not prolong that.
    /// Nothing happens where there is no such participant.
    public mutating func setAttended(_ isAttended: Bool, _ id: ParticipantID, in room: RoomID, at now: Double) {
        try? change(room) { (room) throws(RoomError) in
            let index = try room.index(of: id)
            let wasAttended = room.participants[index].isAttended
            room.participants[index].isAttended = isAttended
            room.participants[index].touched = now
            if isAttended {
                room.participants[index].absentSince = nil
            } else if wasAttended, room.participants[index].leavesWhenUnattended {
                room.participants[index].absentSince = now
            }
        }
        reschedule(room)
    }

    /// When `expire(at:)` next has something to do, as far as is known now; nil: never.
    public var nextDeadline: Double? {
        var earliest = Double.infinity
        for (id, wake) in wakes where wake < earliest {
            if let room = byID[id] { earliest = min(earliest, room.deadline(limits)) }
        }
        return earliest < .infinity ? earliest : nil
    }

    /// Deletes the rooms that nobody entered in time, and removes the participants that were idle or absent for too long.
    ///
    /// Looks at one number for each room in which something may end by itself, and at the participants only where that
    /// may be now.
    public mutating func expire(at now: Double) -> [RoomEvent] {
        var due: [(ordinal: UInt64, id: RoomID)] = []
        for (id, wake) in wakes where wake <= now {
            if let room = byID[id] { due.append((room.ordinal, id)) }
        }
        due.sort { $0.ordinal < $1.ordinal }
        var events: [RoomEvent] = []
        for (_, id) in due {
            guard let room = byID[id] else { continue }
            if room.participants.isEmpty {
                if room.deadline(limits) <= now { events += (try? delete(id, at: now)) ?? [] }
            } else {
                for participant in room.participants where participant.deadline(limits) <= now {
                    events += (try? remove(participant.id, from: id, at: now)) ?? []
                }
            }
            reschedule(id)
        }
        return events
    }

    /// Looks anew at when something in a room ends by itself. To be called after every change by which that can have
    /// become sooner; where it became later, `expire(at:)` finds out.
    mutating func reschedule(_ id: RoomID) {
        let deadline = byID[id]?.deadline(limits) ?? .infinity
        wakes[id] = deadline < .infinity ? deadline : nil
    }
}
