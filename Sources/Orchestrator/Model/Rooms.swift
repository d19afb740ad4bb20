public import RelayControl

/// All rooms of this node: a plain value whose changes say what they meant.
///
/// Instants are seconds on any clock that never goes backwards; `epoch` ties them to the calendar. A call that throws has
/// changed nothing.
public struct Rooms: Sendable {
    public let limits: RoomLimits
    /// What the wall clock shows at instant 0, in seconds since 1970. To be set when there are no rooms yet, and again
    /// whenever the clock was set.
    public var epoch: Double = 0

    private(set) var byID: [RoomID: Room] = [:]
    /// For each room in which something may end by itself, an instant not after that one.
    var wakes: [RoomID: Double] = [:]
    private var nextOrdinal: UInt64 = 0
    private var roomsOfTenant: [TenantID: Int] = [:]
    private var limitOfTenant: [TenantID: Int] = [:]

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
    /// - Throws: `roomExists`, `tooManyRooms`, `tenantFull`, `roomFull`.
    public mutating func create(
        _ id: RoomID, with first: Participant? = nil, tenant: TenantID = .default, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        try checkRoom(for: id, of: tenant)
        guard first == nil || limits.maximumParticipants > 0 else { throw .roomFull(limit: limits.maximumParticipants) }
        insert(id, tenant: tenant, definition: nil, at: now)
        guard let first else { return [.roomCreated(id)] }
        return [.roomCreated(id)] + (try add(first, to: id, at: now))
    }

    /// Deletes a room with everybody in it, everybody who waits for it, and its definition.
    /// - Throws: `noSuchRoom`.
    public mutating func delete(_ id: RoomID, at now: Double) throws(RoomError) -> [RoomEvent] {
        var events = try change(id) { (room) throws(RoomError) in
            room.endWaiting() + room.endOccupancy(at: now)
        }
        events.append(.roomDeleted(try room(id)))
        discard(id)
        return events
    }

    /// - Throws: `noSuchRoom`, `participantExists`, `roomFull`.
    public mutating func add(
        _ participant: Participant, to room: RoomID, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        var newcomer = participant
        newcomer.touched = now
        newcomer.joinedAt = epoch + now
        let limit = limits.maximumParticipants
        try change(room) { (room) throws(RoomError) in
            try room.checkIsNew(newcomer.id)
            guard room.participants.count < limit else { throw .roomFull(limit: limit) }
            newcomer.restoreMutes(room.occupancy?.mutes[newcomer.person])
            room.participants.append(newcomer)
            if room.occupancy == nil { room.occupancy = Occupancy(since: now, startedAt: newcomer.joinedAt) }
            room.occupancy?.participants += 1
        }
        reschedule(room)
        return [.participantAdded(room, newcomer)]
    }

    /// Takes a participant out; a room that has no definition goes with its last one.
    /// - Throws: `noSuchRoom`, `noSuchParticipant`.
    public mutating func remove(
        _ id: ParticipantID, from room: RoomID, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        try remove(id, from: room, byAdmin: false, at: now)
    }

    mutating func remove(
        _ id: ParticipantID, from room: RoomID, byAdmin: Bool, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        var events: [RoomEvent] = []
        let ends = try change(room) { (room) throws(RoomError) in
            if room.participants[try room.index(of: id)].publication != nil { events += try room.stopPublishing(id) }
            if room.speaker == id { events += room.setSpeaker(nil) }
            let gone = room.participants.remove(at: try room.index(of: id))
            room.occupancy?.mutes[gone.person] = gone.mutesByAdmin
            events.append(.participantRemoved(room.id, gone, byAdmin: byAdmin))
            guard room.participants.isEmpty, room.definition != nil else { return room.participants.isEmpty }
            events += room.endOccupancy(at: now)
            return false
        }
        if ends { return events + (try delete(room, at: now)) }
        reschedule(room)
        return events
    }
}

// MARK: What they send
extension Rooms {
    /// Starts a participant's publication, or changes the one there is.
    /// - Parameter sent: nil: no more than is selected.
    /// - Throws: `noSuchRoom`, `noSuchParticipant`.
    public mutating func publish(
        _ id: ParticipantID, in room: RoomID, selection: TrackSelection, sent: TrackSelection? = nil, at now: Double
    ) throws(RoomError) -> [RoomEvent] {
        try change(room) { (room) throws(RoomError) in
            let index = try room.index(of: id)
            let isNew = room.participants[index].publication == nil
            room.participants[index].publication = Publication(selection: selection, sent: sent)
            room.participants[index].touched = now
            let participant = room.participants[index]
            return [isNew ? .publicationStarted(room.id, participant) : .publicationChanged(room.id, participant)]
        }
    }

    /// Who sends nothing shares no screen, either.
    /// - Throws: `noSuchRoom`, `noSuchParticipant`, `notPublishing`.
    public mutating func stopPublishing(_ id: ParticipantID, in room: RoomID, at now: Double) throws(RoomError)
        -> [RoomEvent]
    {
        let events = try change(room) { (room) throws(RoomError) in
            let events = try room.stopPublishing(id)
            room.participants[try room.index(of: id)].touched = now
            return events
        }
        reschedule(room)
        return events
    }

    /// Notes who is the loudest. Somebody who is not in the room counts as nobody, and no change gives no event.
    /// - Throws: `noSuchRoom`.
    public mutating func setSpeaker(_ id: ParticipantID?, in room: RoomID) throws(RoomError) -> [RoomEvent] {
        try change(room) { (room) throws(RoomError) in
            room.setSpeaker(room.participants.contains { $0.id == id } ? id : nil)
        }
    }
}

// MARK: Tenants
extension Rooms {
    /// How many rooms a tenant may have at the same time; nil: as many as there may be at all. Rooms above a limit that
    /// was lowered stay.
    public mutating func setLimit(_ limit: Int?, of tenant: TenantID) { limitOfTenant[tenant] = limit }

    /// The tenant's rooms, the defined ones included.
    public func count(of tenant: TenantID) -> Int { roomsOfTenant[tenant] ?? 0 }
}

// MARK: How it is done
extension Rooms {
    /// Changes a room in place. The body checks before it changes anything.
    mutating func change<Result>(
        _ id: RoomID, _ body: (inout Room) throws(RoomError) -> Result
    ) throws(RoomError) -> Result {
        guard let index = byID.index(forKey: id) else { throw .noSuchRoom(id) }
        return try body(&byID.values[index])
    }

    /// - Throws: `roomExists`, `tooManyRooms`, `tenantFull`.
    func checkRoom(for id: RoomID, of tenant: TenantID) throws(RoomError) {
        guard byID[id] == nil else { throw .roomExists(id) }
        guard byID.count < limits.maximumRooms else { throw .tooManyRooms(limit: limits.maximumRooms) }
        if let limit = limitOfTenant[tenant], count(of: tenant) >= limit { throw .tenantFull(limit: limit) }
    }

    mutating func insert(_ id: RoomID, tenant: TenantID, definition: RoomDefinition?, at now: Double) {
        byID[id] = Room(
            id: id, tenant: tenant, definition: definition, ordinal: nextOrdinal, madeAt: now, createdAt: epoch + now)
        nextOrdinal &+= 1
        roomsOfTenant[tenant, default: 0] += 1
        reschedule(id)
    }

    /// Takes back an `add` or a `create` of which nobody has been told.
    ///
    /// To keep one room for this is cheap. A copy of all rooms would not be: the next change would have to copy every one of them.
    /// - Parameter former: the room as it was before; nil where there was none.
    public mutating func takeBack(_ id: RoomID, to former: Room?) {
        guard let former else { return discard(id) }
        byID[id] = former
        reschedule(id)
    }

    private mutating func discard(_ id: RoomID) {
        wakes[id] = nil
        guard let room = byID.removeValue(forKey: id) else { return }
        let left = count(of: room.tenant) - 1
        roomsOfTenant[room.tenant] = left > 0 ? left : nil
    }
}

extension Room {
    /// - Throws: `participantExists`.
    func checkIsNew(_ id: ParticipantID) throws(RoomError) {
        if participants.contains(where: { $0.id == id }) || isWaiting(id) { throw .participantExists(id, self.id) }
    }

    fileprivate mutating func stopPublishing(_ id: ParticipantID) throws(RoomError) -> [RoomEvent] {
        let index = try self.index(of: id)
        guard participants[index].publication != nil else { throw .notPublishing(id) }
        var events = setSharing(false, at: index)
        participants[index].publication = nil
        participants[index].connected.remove(nil)
        for other in participants.indices { participants[other].connected.remove(id) }
        events.append(.publicationStopped(self.id, participants[index]))
        return events + setSpeaker(speaker == id ? nil : speaker)
    }

    fileprivate mutating func setSpeaker(_ id: ParticipantID?) -> [RoomEvent] {
        guard id != speaker else { return [] }
        speaker = id
        return [.speakerChanged(self.id, id)]
    }
}
