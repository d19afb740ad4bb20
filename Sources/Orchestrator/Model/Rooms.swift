public import RelayControl

/// All rooms of this node: a plain value whose changes say what they meant.
///
/// Instants are seconds on any clock that never goes backwards. A call that throws has changed nothing.
public struct Rooms: Sendable {
    public let limits: RoomLimits
    private(set) var byID: [RoomID: Room] = [:]
    private var nextOrdinal: UInt64 = 0

    public init(limits: RoomLimits = RoomLimits()) { self.limits = limits }

    public var count: Int { byID.count }

    /// Everybody in all rooms.
    public var participantCount: Int { byID.values.reduce(0) { $0 + $1.participants.count } }

    /// All rooms, the oldest first.
    public var all: [Room] { byID.values.sorted { $0.ordinal < $1.ordinal } }

    public func contains(_ id: RoomID) -> Bool { byID[id] != nil }

    /// - Throws: `noSuchRoom`.
    public func room(_ id: RoomID) throws(RoomError) -> Room {
        guard let room = byID[id] else { throw .noSuchRoom(id) }
        return room
    }

    /// - Throws: `noSuchRoom`, `noSuchParticipant`.
    public func participant(_ id: ParticipantID, in room: RoomID) throws(RoomError) -> Participant {
        try self.room(room).participant(id)
    }
}

// MARK: Rooms and who is in them
extension Rooms {
    /// Makes a room, and at once its first participant where one is given.
    /// - Throws: `roomExists`, `tooManyRooms`, `roomFull`.
    public mutating func create(
        _ id: RoomID, with first: Participant? = nil, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        guard byID[id] == nil else { throw .roomExists(id) }
        guard byID.count < limits.maximumRooms else { throw .tooManyRooms(limit: limits.maximumRooms) }
        guard first == nil || limits.maximumParticipants > 0 else { throw .roomFull(limit: limits.maximumParticipants) }
        byID[id] = Room(id: id, ordinal: nextOrdinal, createdAt: now)
        nextOrdinal &+= 1
        guard let first else { return [.roomCreated(id)] }
        return [.roomCreated(id)] + (try add(first, to: id, at: now))
    }

    /// Deletes a room with everybody in it.
    /// - Throws: `noSuchRoom`.
    public mutating func delete(_ id: RoomID) throws(RoomError) -> [RoomEvent] {
        guard let room = byID.removeValue(forKey: id) else { throw .noSuchRoom(id) }
        return [.roomDeleted(room)]
    }

    /// - Throws: `noSuchRoom`, `participantExists`, `roomFull`.
    public mutating func add(
        _ participant: Participant, to room: RoomID, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        let present = try self.room(room).participants
        guard !present.contains(where: { $0.id == participant.id }) else {
            throw .participantExists(participant.id, room)
        }
        guard present.count < limits.maximumParticipants else { throw .roomFull(limit: limits.maximumParticipants) }
        var newcomer = participant
        newcomer.touched = now
        byID[room]?.participants.append(newcomer)
        return [.participantAdded(room, newcomer)]
    }

    /// Takes a participant out; the room goes with its last one.
    /// - Throws: `noSuchRoom`, `noSuchParticipant`.
    public mutating func remove(_ id: ParticipantID, from room: RoomID) throws(RoomError) -> [RoomEvent] {
        var changed = try self.room(room)
        var events: [RoomEvent] = []
        if changed.participants[try changed.index(of: id)].publication != nil {
            events += try changed.stopPublishing(id)
        }
        events += changed.setSpeaker(changed.speaker == id ? nil : changed.speaker)
        events.append(.participantRemoved(room, changed.participants.remove(at: try changed.index(of: id))))
        if changed.participants.isEmpty {
            byID[room] = nil
            events.append(.roomDeleted(changed))
        } else {
            byID[room] = changed
        }
        return events
    }
}

// MARK: What they send
extension Rooms {
    /// Starts a participant's publication, or changes the one there is.
    /// - Throws: `noSuchRoom`, `noSuchParticipant`.
    public mutating func publish(
        _ id: ParticipantID, in room: RoomID, selection: TrackSelection, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        try change(room) { (room) throws(RoomError) in
            let index = try room.index(of: id)
            let isNew = room.participants[index].publication == nil
            room.participants[index].publication = Publication(selection: selection)
            room.participants[index].touched = now
            let participant = room.participants[index]
            return [isNew ? .publicationStarted(room.id, participant) : .publicationChanged(room.id, participant)]
        }
    }

    /// - Throws: `noSuchRoom`, `noSuchParticipant`, `notPublishing`.
    public mutating func stopPublishing(_ id: ParticipantID, in room: RoomID, at now: Double) throws(RoomError)
        -> [RoomEvent]
    {
        try change(room) { (room) throws(RoomError) in
            let events = try room.stopPublishing(id)
            room.participants[try room.index(of: id)].touched = now
            return events
        }
    }

    /// Notes who is the loudest. Somebody who is not in the room counts as nobody, and no change gives no event.
    /// - Throws: `noSuchRoom`.
    public mutating func setSpeaker(_ id: ParticipantID?, in room: RoomID) throws(RoomError) -> [RoomEvent] {
        try change(room) { (room) throws(RoomError) in
            room.setSpeaker(room.participants.first { $0.id == id }?.id)
        }
    }

    mutating func change<Result>(
        _ id: RoomID, _ body: (inout Room) throws(RoomError) -> Result
    ) throws(RoomError) -> Result {
        var room = try self.room(id)
        let result = try body(&room)
        byID[id] = room
        return result
    }
}

extension Room {
    fileprivate mutating func stopPublishing(_ id: ParticipantID) throws(RoomError) -> [RoomEvent] {
        let index = try self.index(of: id)
        guard participants[index].publication != nil else { throw .notPublishing(id) }
        participants[index].publication = nil
        participants[index].connected.remove(nil)
        for other in participants.indices { participants[other].connected.remove(id) }
        return [.publicationStopped(self.id, participants[index])] + setSpeaker(speaker == id ? nil : speaker)
    }

    fileprivate mutating func setSpeaker(_ id: ParticipantID?) -> [RoomEvent] {
        guard id != speaker else { return [] }
        speaker = id
        return [.speakerChanged(self.id, id)]
    }
}
