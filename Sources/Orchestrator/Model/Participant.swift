public import RelayControl

/// What a participant offers the room: one peer connection's tracks.
public struct Publication: Sendable, Equatable {
    /// The kinds that are sent.
    public var sent: TrackSelection
    /// Those of them that the sender wants forwarded; `Muting` comes on top.
    public var selection: TrackSelection

    /// - Parameter sent: nil: no more than what is wanted.
    public init(selection: TrackSelection, sent: TrackSelection? = nil) {
        self.sent = sent ?? selection
        self.selection = selection
    }
}

/// The API by which somebody came in. The model knows none of them.
public struct FaceName: Hashable, Sendable, CustomStringConvertible {
    public let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { value }

    public static let unnamed = FaceName("")
}

/// Somebody in a room.
public struct Participant: Sendable, Equatable {
    public let id: ParticipantID
    public let face: FaceName
    public let displayName: String
    /// Nil: nobody knows them.
    public let user: UserID?
    /// JSON text that the participant's application attached; the model never looks into it.
    public let userInfo: String
    public let isTelephone: Bool
    /// Whether the participant is removed when it was attended and has then stayed without a signalling socket for
    /// `RoomLimits.absenceTimeout`.
    public let leavesWhenUnattended: Bool
    /// Whether the participant is made an offer of what others send; who is not asks for what it wants to see.
    public let takesOffers: Bool

    public internal(set) var isAdmin: Bool
    public internal(set) var isHandRaised = false
    public internal(set) var isSharingScreen = false
    public internal(set) var audio: Muting
    public internal(set) var video: Muting
    /// A signalling socket that is open for the participant keeps it from counting as idle.
    public internal(set) var isAttended: Bool
    /// In seconds since 1970.
    public internal(set) var joinedAt: Double = 0
    /// Nil while the participant sends nothing.
    public internal(set) var publication: Publication?

    /// Connected transports: a producer's for a subscribing connection, nil for the participant's own publishing one.
    var connected: Set<ParticipantID?> = []
    /// The instant at which something was last heard of the participant: a call about it, or a transport that came or went.
    var touched: Double = 0
    /// The instant at which its signalling socket was lost; nil while it has one, or never had.
    var absentSince: Double?

    /// - Parameters:
    ///   - audio: how it stands as the participant comes in; `video` likewise.
    public init(
        id: ParticipantID, userInfo: String = "{}", isAttended: Bool = false, face: FaceName = .unnamed,
        displayName: String = "", user: UserID? = nil, isAdmin: Bool = false, audio: Muting = .none,
        video: Muting = .none, isTelephone: Bool = false, leavesWhenUnattended: Bool = false,
        takesOffers: Bool = true
    ) {
        self.id = id
        self.userInfo = userInfo
        self.isAttended = isAttended
        self.face = face
        self.displayName = displayName
        self.user = user
        self.isAdmin = isAdmin
        self.audio = audio
        self.video = video
        self.isTelephone = isTelephone
        self.leavesWhenUnattended = leavesWhenUnattended
        self.takesOffers = takesOffers
    }

    public internal(set) subscript(muting kind: MediaKind) -> Muting {
        get { kind == .audio ? audio : video }
        set { if kind == .audio { audio = newValue } else { video = newValue } }
    }

    /// The kinds that nobody has muted.
    public var unmuted: TrackSelection { TrackSelection(audio: !audio.isMuted, video: !video.isMuted) }

    /// What others may get of the participant: what it publishes, less what is muted by whomever. Nothing while it
    /// publishes nothing.
    public var forwardedSelection: TrackSelection {
        (publication?.selection ?? .none).intersection(unmuted)
    }

    /// Since when nothing has kept the participant; nil while something does.
    var idleSince: Double? { isAttended || !connected.isEmpty ? nil : touched }

    /// The instant at which the participant is to be removed if nothing happens; infinity: never.
    func deadline(_ limits: RoomLimits) -> Double {
        var deadline = Double.infinity
        if let timeout = limits.idleTimeout, let idleSince { deadline = idleSince + timeout }
        if let absentSince { deadline = min(deadline, absentSince + limits.absenceTimeout) }
        return deadline
    }
}
