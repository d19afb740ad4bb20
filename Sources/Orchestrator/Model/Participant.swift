public import RelayControl

/// What a participant offers the room: one peer connection's tracks.
public struct Publication: Sendable, Equatable {
    /// The kinds that are sent and not muted.
    public var selection: TrackSelection

    public init(selection: TrackSelection) { self.selection = selection }
}

/// Somebody in a room.
public struct Participant: Sendable, Equatable {
    public let id: ParticipantID
    /// JSON text that the participant's application attached; the model never looks into it.
    public let userInfo: String
    /// A signalling socket that is open for the participant keeps it from counting as idle.
    public let isAttended: Bool
    /// Nil while the participant sends nothing.
    public internal(set) var publication: Publication?

    /// Connected transports: a producer's for a subscribing connection, nil for the participant's own publishing one.
    var connected: Set<ParticipantID?> = []
    /// When something was last heard of the participant: a call about it, or a transport that came or went.
    var touched: Double = 0

    public init(id: ParticipantID, userInfo: String = "{}", isAttended: Bool = false) {
        self.id = id
        self.userInfo = userInfo
        self.isAttended = isAttended
    }

    /// Since when nothing has kept the participant; nil while something does.
    var idleSince: Double? { isAttended || !connected.isEmpty ? nil : touched }
}
