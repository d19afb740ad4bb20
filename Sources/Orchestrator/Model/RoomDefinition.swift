public import RelayControl

/// What is kept of a room while nobody is in it: its name, its door, and whom it expects.
///
/// A room with a definition exists from the moment it is defined until it is deleted, whether or not somebody is in it.
public struct RoomDefinition: Sendable, Equatable {
    /// Somebody whom the room expects.
    public struct Member: Sendable, Equatable {
        public var user: UserID
        public var isAdmin: Bool

        public init(user: UserID, isAdmin: Bool = false) {
            self.user = user
            self.isAdmin = isAdmin
        }
    }

    public let id: RoomID
    /// For people; any text.
    public var name: String
    /// Nil: the room has no password. The model compares it with nothing and never looks into it.
    public var passwordHash: String?
    /// Anybody may enter, known or not.
    public var isOpen: Bool
    /// Only admins enter without the room's password.
    public var forcesPassword: Bool
    /// Only admins enter without being let in by one.
    public var forcesWaitingRoom: Bool
    public var members: [Member]
    /// Whose room it is; it stays theirs for as long as the room exists.
    public let tenant: TenantID

    public init(
        id: RoomID, name: String, passwordHash: String? = nil, isOpen: Bool = false, forcesPassword: Bool = false,
        forcesWaitingRoom: Bool = false, members: [Member] = [], tenant: TenantID = .default
    ) {
        self.id = id
        self.name = name
        self.passwordHash = passwordHash
        self.isOpen = isOpen
        self.forcesPassword = forcesPassword
        self.forcesWaitingRoom = forcesWaitingRoom
        self.members = members
        self.tenant = tenant
    }

    public func invites(_ user: UserID) -> Bool { members.contains { $0.user == user } }

    /// Somebody who is named twice is an admin when one of the two says so.
    public func isAdmin(_ user: UserID) -> Bool { members.contains { $0.user == user && $0.isAdmin } }
}
