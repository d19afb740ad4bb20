public import RelayControl

// Rooms that stay when they are empty.
extension Rooms {
    /// Makes a room that exists until it is deleted.
    /// - Throws: `roomExists` (also where a room of that name exists without a definition), `tooManyRooms`, `tenantFull`.
    public mutating func define(_ definition: RoomDefinition, at now: Double) throws(RoomError) -> [RoomEvent] {
        try checkRoom(for: definition.id, of: definition.tenant)
        insert(definition.id, tenant: definition.tenant, definition: definition, at: now)
        return [.roomCreated(definition.id)]
    }

    /// Replaces a room's definition. The room stays its tenant's, whoever the new definition names.
    ///
    /// Nobody is put out by it, and who waits goes on waiting. Who is in the room and is made an admin by the change, or
    /// ceases to be one, is at once; those whom the change does not concern stay what they are.
    /// - Throws: `noSuchRoom`, `notDefined`.
    public mutating func redefine(_ definition: RoomDefinition) throws(RoomError) -> [RoomEvent] {
        try change(definition.id) { (room) throws(RoomError) in
            guard let before = room.definition else { throw .notDefined(room.id) }
            let after = definition.owned(by: room.tenant)
            guard after != before else { return [] }
            room.definition = after
            var events: [RoomEvent] = [.roomChanged(after)]
            for index in room.participants.indices {
                guard let user = room.participants[index].user, before.isAdmin(user) != after.isAdmin(user) else {
                    continue
                }
                events += room.setAdmin(after.isAdmin(user), at: index)
            }
            return events
        }
    }

    /// Deletes a defined room with everybody in it.
    /// - Throws: `noSuchRoom`, `notDefined`.
    public mutating func undefine(_ id: RoomID, at now: Double) throws(RoomError) -> [RoomEvent] {
        guard try room(id).definition != nil else { throw .notDefined(id) }
        return try delete(id, at: now)
    }

    /// Takes over definitions that were kept, at start-up. None is refused for a limit, and of two with one name the first
    /// counts.
    public mutating func restore(_ definitions: [RoomDefinition], at now: Double) {
        for definition in definitions where !contains(definition.id) {
            insert(definition.id, tenant: definition.tenant, definition: definition, at: now)
        }
    }

    /// What is to be kept, the oldest first.
    public var definitions: [RoomDefinition] { all.compactMap(\.definition) }
}

extension RoomDefinition {
    fileprivate func owned(by tenant: TenantID) -> RoomDefinition {
        RoomDefinition(
            id: id, name: name, passwordHash: passwordHash, isOpen: isOpen, forcesPassword: forcesPassword,
            forcesWaitingRoom: forcesWaitingRoom, members: members, tenant: tenant)
    }
}
