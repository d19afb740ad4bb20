public import RelayControl

/// Somebody who asked to be let into a room.
public struct Waiting: Sendable, Equatable {
    /// Their name in the room, should they be let in.
    public let id: ParticipantID
    public let name: String
    /// Nil: nobody knows them.
    public let user: UserID?
    /// In seconds since 1970.
    public internal(set) var since: Double = 0

    /// The instant of the last nudge that was passed on.
    var nudgedAt: Double?

    public init(id: ParticipantID, name: String, user: UserID? = nil) {
        self.id = id
        self.name = name
        self.user = user
    }
}

/// How somebody's waiting ended.
public enum WaitingEnd: Sendable, Equatable {
    case allowed
    case rejected
    /// They did not want to wait any longer, or were lost.
    case left
    case roomDeleted
}
