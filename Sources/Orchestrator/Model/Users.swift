/// Everybody who was provisioned: a plain value. Names and extensions are one user's each.
public struct Users: Sendable {
    private var byID: [UserID: Entry] = [:]
    private var byName: [String: UserID] = [:]
    private var byExtension: [String: UserID] = [:]
    private var byDevice: [String: Set<UserID>] = [:]
    private var nextOrdinal: UInt64 = 0

    private struct Entry: Sendable {
        var user: User
        var ordinal: UInt64
    }

    /// Those that were kept. Of two with the same id, name or extension the first counts.
    public init(_ users: [User] = []) {
        for user in users where byID[user.id] == nil && conflict(with: user) == nil { put(user) }
    }

    public var count: Int { byID.count }

    /// The first provisioned first.
    public var all: [User] { byID.values.sorted { $0.ordinal < $1.ordinal }.map(\.user) }

    public func user(_ id: UserID) -> User? { byID[id]?.user }
    public func user(named username: String) -> User? { byName[username].flatMap(user) }
    public func user(extension: String) -> User? { byExtension[`extension`].flatMap(user) }

    /// Everybody who has a device of that name, the first provisioned first.
    public func users(withDevice name: String) -> [User] {
        (byDevice[name] ?? []).compactMap { byID[$0] }.sorted { $0.ordinal < $1.ordinal }.map(\.user)
    }

    /// What another user has that this one is to have.
    public enum Conflict: Sendable, Equatable { case username, `extension` }

    /// Why a user cannot be put; nil where it can.
    public func conflict(with user: User) -> Conflict? {
        if let holder = byName[user.username], holder != user.id { return .username }
        if let number = user.extension, let holder = byExtension[number], holder != user.id { return .extension }
        return nil
    }

    /// Adds a user, or replaces the one with the same id. To be called where there is no conflict only.
    public mutating func put(_ user: User) {
        let ordinal = byID[user.id]?.ordinal ?? nextOrdinal
        remove(user.id)
        byID[user.id] = Entry(user: user, ordinal: ordinal)
        if ordinal == nextOrdinal { nextOrdinal &+= 1 }
        byName[user.username] = user.id
        if let number = user.extension { byExtension[number] = user.id }
        for device in user.devices { byDevice[device.name, default: []].insert(user.id) }
    }

    /// Nothing happens where there is none.
    public mutating func remove(_ id: UserID) {
        guard let user = byID.removeValue(forKey: id)?.user else { return }
        byName[user.username] = nil
        if let number = user.extension { byExtension[number] = nil }
        for device in user.devices {
            byDevice[device.name]?.remove(id)
            if byDevice[device.name]?.isEmpty == true { byDevice[device.name] = nil }
        }
    }
}
