internal import RelayControl
internal import Synchronization

/// A store that forgets everything with the process: for tests, and for servers that are to keep nothing.
public final class MemoryStore: Store {
    private let contents: Mutex<Contents>

    public init(_ state: StoredState = StoredState(), sessions: [SessionRecord] = []) {
        var contents = Contents()
        for room in state.rooms { contents.apply(.putRoom(room)) }
        for user in state.users { contents.apply(.putUser(user)) }
        for licence in state.licences { contents.apply(.putLicence(licence)) }
        contents.sessions = sessions
        self.contents = Mutex(contents)
    }

    /// From now on every call fails so, until nil is set: for tests of what depends on a store.
    public func fail(with error: StoreError?) { contents.withLock { $0.failure = error } }

    public nonisolated(nonsending) func load() async throws(StoreError) -> StoredState {
        try contents.withLock { (contents) throws(StoreError) in
            try contents.check()
            return StoredState(
                rooms: contents.rooms.values, users: contents.users.values, licences: contents.licences.values)
        }
    }

    public nonisolated(nonsending) func write(_ changes: [StoreChange]) async throws(StoreError) {
        try contents.withLock { (contents) throws(StoreError) in
            try contents.check()
            for change in changes { contents.apply(change) }
        }
    }

    public nonisolated(nonsending) func sessions(_ query: SessionQuery) async throws(StoreError) -> [SessionRecord] {
        try contents.withLock { (contents) throws(StoreError) in
            try contents.check()
            let found = contents.sessions.filter { session in
                (query.tenant == nil || session.tenant == query.tenant)
                    && session.startedAt >= query.from ?? -.infinity && session.startedAt < query.until ?? .infinity
            }
            return Array(found.sorted { $0.startedAt < $1.startedAt }.prefix(max(0, query.limit)))
        }
    }

    public nonisolated(nonsending) func close() async { fail(with: .closed) }
}

private struct Contents {
    var rooms = Ordered<RoomID, RoomDefinition>()
    var users = Ordered<UserID, User>()
    var licences = Ordered<TenantID, Licence>()
    var sessions: [SessionRecord] = []
    var failure: StoreError?

    func check() throws(StoreError) {
        if let failure { throw failure }
    }

    mutating func apply(_ change: StoreChange) {
        switch change {
        case .putRoom(let room): rooms[room.id] = room
        case .removeRoom(let id): rooms[id] = nil
        case .putUser(let user): users[user.id] = user
        case .removeUser(let id): users[id] = nil
        case .putLicence(let licence): licences[licence.tenant] = licence
        case .removeLicence(let tenant): licences[tenant] = nil
        case .addSession(let session): sessions.append(session)
        case .removeSessions(let time): sessions.removeAll { $0.endedAt < time }
        }
    }
}

/// A dictionary that lists its values in the order in which their keys came.
private struct Ordered<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var entries: [Key: (ordinal: UInt64, value: Value)] = [:]
    private var next: UInt64 = 0

    var values: [Value] { entries.values.sorted { $0.ordinal < $1.ordinal }.map(\.value) }

    subscript(key: Key) -> Value? {
        get { entries[key]?.value }
        set {
            guard let newValue else {
                entries[key] = nil
                return
            }
            entries[key] = (entries[key]?.ordinal ?? next, newValue)
            next &+= 1
        }
    }
}
