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
    /// People who may wait for one room (`rooms.max-waiting`).
    public var maximumWaiting: Int
    /// Seconds that a participant which leaves when it is unattended may be without its signalling socket.
    public var absenceTimeout: Double

    /// Seconds between two nudges of one who waits; a nudge before that is not passed on.
    public static let nudgeInterval: Double = 1
    /// Characters of a reaction, and a quarter of its bytes in UTF-8.
    public static let maximumReaction = 64

    public init(
        maximumRooms: Int = 1_000, maximumParticipants: Int = 200, emptyTimeout: Double = 300,
        idleTimeout: Double? = nil, maximumWaiting: Int = 200, absenceTimeout: Double = 10
    ) {
        self.maximumRooms = maximumRooms
        self.maximumParticipants = maximumParticipants
        self.emptyTimeout = emptyTimeout
        self.idleTimeout = idleTimeout
        self.maximumWaiting = maximumWaiting
        self.absenceTimeout = absenceTimeout
    }
}
