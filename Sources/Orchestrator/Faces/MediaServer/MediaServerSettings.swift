import RoomModel

/// What the face is configured with (docs/configuration.md).
public struct MediaServerSettings: Sendable {
    /// Rooms that may exist at the same time (`rooms.max`).
    public var maximumRooms = 1_000
    /// Users of one room (`users.max-per-room`).
    public var maximumUsersPerRoom = 200
    /// People who may wait for one room (`rooms.max-waiting`).
    public var maximumWaiting = 200
    /// Seconds after which a room that nobody ever entered is deleted (`rooms.empty-timeout`).
    public var roomEmptyTimeout: Double = 300
    /// Seconds without a connected transport, an open signalling socket or a call, after which a user is deleted
    /// (`users.idle-timeout`); nil never deletes anybody.
    public var userIdleTimeout: Double?

    public init() {}

    var limits: RoomLimits {
        RoomLimits(
            maximumRooms: maximumRooms, maximumParticipants: maximumUsersPerRoom, emptyTimeout: roomEmptyTimeout,
            idleTimeout: userIdleTimeout, maximumWaiting: maximumWaiting)
    }
}
