/// What a store has kept, history aside.
public struct StoredState: Sendable, Equatable {
    public var rooms: [RoomDefinition]
    public var users: [User]
    public var licences: [Licence]
    /// Of the store's files; 0 where it has none.
    public var schemaVersion: Int

    public init(
        rooms: [RoomDefinition] = [], users: [User] = [], licences: [Licence] = [], schemaVersion: Int = 0
    ) {
        self.rooms = rooms
        self.users = users
        self.licences = licences
        self.schemaVersion = schemaVersion
    }
}
