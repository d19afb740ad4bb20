/// A room's name, the same in every face.
public struct RoomID: Hashable, Sendable, CustomStringConvertible {
    public let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { value }
}

/// A participant's name, unique within a room, the same in every face.
public struct ParticipantID: Hashable, Sendable, CustomStringConvertible {
    public let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { value }
}

/// One track kind of a peer connection.
public enum MediaKind: String, Sendable, Hashable, CaseIterable {
    case audio, video
}

/// Which kinds of a participant's tracks are to be forwarded.
public struct TrackSelection: Hashable, Sendable {
    public var audio: Bool
    public var video: Bool

    public init(audio: Bool, video: Bool) {
        self.audio = audio
        self.video = video
    }

    public static let none = TrackSelection(audio: false, video: false)
    public static let all = TrackSelection(audio: true, video: true)

    public subscript(kind: MediaKind) -> Bool {
        get { kind == .audio ? audio : video }
        set { if kind == .audio { audio = newValue } else { video = newValue } }
    }

    /// What is in both.
    public func intersection(_ other: TrackSelection) -> TrackSelection {
        TrackSelection(audio: audio && other.audio, video: video && other.video)
    }
}
