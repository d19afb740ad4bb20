internal import Log
public import RelayControl
public import RoomModel

// What outlives the process. It is kept first and holds then: what could not be kept has not happened.
extension RoomService {
    /// Takes over what the store has. To be called once, before anybody else calls.
    public func restore() async throws(StoreError) {
        let kept = try await store.load()
        rooms.restore(kept.rooms, at: now())
        for licence in kept.licences { rooms.setLimit(licence.roomLimit, of: licence.tenant) }
        users = Users(kept.users)
        Log.info("restored", ["rooms": "\(kept.rooms.count)", "users": "\(kept.users.count)"])
    }

    // MARK: Rooms

    /// Makes a room that exists until it is deleted.
    public func define(_ definition: RoomDefinition) async throws(RoomCallError) {
        try await keep(.putRoom(definition)) { (rooms, _, now) throws(RoomCallError) in
            try Self.refusing { () throws(RoomError) in try rooms.define(definition, at: now) }
        }
    }

    /// Replaces a room's definition with what `change` makes of it.
    /// - Returns: the new one.
    @discardableResult
    public func redefine(
        _ id: RoomID, _ change: (inout RoomDefinition) -> Void
    ) async throws(RoomCallError) -> RoomDefinition {
        try await turnstile.pass { () async throws(RoomCallError) in
            guard var definition = try room(id).definition else { throw .room(.notDefined(id)) }
            change(&definition)
            let after = definition
            try await keepNow(.putRoom(after)) { (rooms, _, _) throws(RoomCallError) in
                try Self.refusing { () throws(RoomError) in try rooms.redefine(after) }
            }
            return after
        }
    }

    /// Deletes a room, defined or not, with everybody in it.
    public func undefine(_ id: RoomID) async throws(RoomCallError) {
        try await keep(.removeRoom(id)) { (rooms, _, now) throws(RoomCallError) in
            try Self.refusing { () throws(RoomError) in try rooms.delete(id, at: now) }
        }
    }

    // MARK: Users

    public func addUser(_ user: User) async throws(RoomCallError) {
        try await keep(.putUser(user)) { (_, users, _) throws(RoomCallError) in
            guard users.user(user.id) == nil else { throw .userExists(user.id) }
            return try Self.put(user, into: &users)
        }
    }

    /// Replaces a user with what `change` makes of it.
    /// - Returns: the new one.
    @discardableResult
    public func changeUser(_ id: UserID, _ change: (inout User) -> Void) async throws(RoomCallError) -> User {
        try await turnstile.pass { () async throws(RoomCallError) in
            guard var user = users.user(id) else { throw .noSuchUser(id) }
            change(&user)
            let after = user
            try await keepNow(.putUser(after)) { (_, users, _) throws(RoomCallError) in
                guard users.user(id) != nil else { throw .noSuchUser(id) }
                return try Self.put(after, into: &users)
            }
            return after
        }
    }

    public func removeUser(_ id: UserID) async throws(RoomCallError) {
        try await keep(.removeUser(id)) { (_, users, _) throws(RoomCallError) in
            guard users.user(id) != nil else { throw .noSuchUser(id) }
            users.remove(id)
            return []
        }
    }

    private static func put(_ user: User, into users: inout Users) throws(RoomCallError) -> [RoomEvent] {
        if let conflict = users.conflict(with: user) { throw .userTaken(conflict) }
        users.put(user)
        return []
    }

    // MARK: How it is done

    private typealias Change = (inout Rooms, inout Users, Double) throws(RoomCallError) -> [RoomEvent]

    private func keep(_ record: StoreChange, _ change: Change) async throws(RoomCallError) {
        try await turnstile.pass { () async throws(RoomCallError) in try await keepNow(record, change) }
    }

    /// Tries the change on a copy, writes it down, and makes it. What other calls did to the rooms meanwhile may refuse it
    /// after all; then what was written is taken back.
    private func keepNow(_ record: StoreChange, _ change: Change) async throws(RoomCallError) {
        var (draftRooms, draftUsers) = (rooms, users)
        _ = try change(&draftRooms, &draftUsers, now())
        do {
            try await store.write([record])
        } catch {
            Log.error("store.failed", ["reason": "\(error)"])
            throw .store(error)
        }
        let events: [RoomEvent]
        do {
            events = try change(&rooms, &users, now())
        } catch {
            // As things stand now: what overtook this may have written something, too.
            do {
                try await store.write([undo(of: record)])
            } catch let failure {
                Log.error("store.failed", ["reason": "\(failure)"])
            }
            throw error
        }
        carryOut(events)
    }

    private func undo(of record: StoreChange) -> StoreChange {
        switch record {
        case .putRoom(let definition):
            (try? rooms.room(definition.id).definition).map { .putRoom($0) } ?? .removeRoom(definition.id)
        case .removeRoom(let id): (try? rooms.room(id).definition).map { .putRoom($0) } ?? record
        case .putUser(let user): users.user(user.id).map { .putUser($0) } ?? .removeUser(user.id)
        case .removeUser(let id): users.user(id).map { .putUser($0) } ?? record
        default: record
        }
    }

    /// History is written down without anybody waiting for it.
    func remember(_ change: StoreChange) {
        Task { [store] in
            do {
                try await store.write([change])
            } catch {
                Log.error("store.failed", ["reason": "\(error)"])
            }
        }
    }

    private static func refusing<Result>(_ body: () throws(RoomError) -> Result) throws(RoomCallError) -> Result {
        do { return try body() } catch { throw .room(error) }
    }
}
