/// How many and how long: the settings of the room model.
public struct RoomLimits: Sendable, Equatable {
    /// Rooms that may exist at the same time (`rooms.max`).
    public var maximumRooms: Int
    /// Participants of one room (`users.max-per-room`).
    public var maximumParticipants: Int
    /// Seconds after which a room that nobody ever entered is deleted (`rooms.empty-timeout`).
    public var emptyTimeout: Double
    /// Seconds without a connected transport, an open signalling socket or a call, after which a participant is
    /// removed (`users.idle-timeout`); nil never removes anybody.
    public var idleTimeout: Double?

    public init(
        maximumRooms: Int = 1_000, maximumParticipants: Int = 200, emptyTimeout: Double = 300,
        idleTimeout: Double? = nil
    ) {
        self.maximumRooms = maximumRooms
        self.maximumParticipants = maximumParticipants
        self.emptyTimeout = emptyTimeout
        self.idleTimeout = idleTimeout
    }
}
