/// One track of a peer connection in numbers: a producer's on a publishing connection, a consumer's on a subscribing one.
public struct TrackStatistics: Sendable, Hashable {
    /// The track's m-line on this connection.
    public var mid: String
    public var kind: MediaKind
    /// As in SDP, e.g. `VP8`.
    public var codec: String

    /// Bits per second over the last second, all encodings of a publisher together.
    public var bitrate: UInt64 = 0
    /// Whose it is; nil on publishing connections for what comes in and for the mix.
    public var producer: ParticipantID?
    /// Payload bytes since the track began; only of what goes out.
    public var bytes: UInt64 = 0
    /// Media packets since the track began, retransmissions not counted.
    public var packets: UInt64 = 0
    /// Packets lost for good as the receiving side counted them: we of a publisher's, the subscriber of ours.
    public var lost: UInt64 = 0
    /// Packets that were lost at first: of a publisher those that came when asked for again, of a subscriber those that were sent
    /// again.
    public var retransmissions: UInt64 = 0
    /// Milliseconds; nil until measured.
    public var roundTripMilliseconds: Double?
    /// Interarrival jitter as the receiving side sees it (RFC 3550, section 6.4.1), in milliseconds; nil until measured.
    public var jitterMilliseconds: Double?
    /// Keyframes asked for: of a publisher by us, of a subscriber by it.
    public var keyframesRequested: UInt64 = 0

    /// Of publishers' audio: the loudest of about the last second, from −127 (silence) to 0 dBov, as the packets said (RFC 6464);
    /// nil: none did.
    public var audioLevel: Int?
    /// Of publishers' videos: each encoding, and of SVC each spatial layer, that arrives; the smallest first, each with its
    /// highest temporal layer.
    public var layers: [LayerReport] = []

    // Of subscribers' videos:

    /// What is sent at present; nil while nothing is.
    public var layer: LayerReport?
    /// What is to be sent: another than `layer` while that waits for a keyframe. Nil: nothing.
    public var target: LayerReport?
    /// The subscriber asked for nothing of it to be sent.
    public var isPaused = false
    /// Less is sent than was asked for, or nothing, because the network does not bear more.
    public var isHeldBack = false
    /// Packets that were not sent because they had waited too long for their turn.
    public var packetsHeldBack: UInt64 = 0
    /// Times that the picture went on moving where it would have stalled: a change to a lower layer, or a queue that was cut to the
    /// next keyframe, while more was being sent than the estimate bears. What the viewer would really have seen cannot be known;
    /// this counts the relay's interventions.
    public var freezesAvoided: UInt64 = 0
    /// Times that another layer began to be sent.
    public var layerChanges: UInt64 = 0

    public init(mid: String, kind: MediaKind, codec: String) {
        self.mid = mid
        self.kind = kind
        self.codec = codec
    }
}

/// One layer of a video: an encoding of simulcast, or a layer within one.
public struct LayerReport: Sendable, Hashable {
    /// The publisher's name for the encoding; empty where it has none.
    public var rid: String
    /// The encoding's place from the smallest, which is 0.
    public var encoding: Int
    /// The highest spatial layer that is in it, from 0.
    public var spatial: Int
    /// The highest temporal layer that is in it, from 0.
    public var temporal: Int
    /// Pixels; nil until a keyframe told.
    public var width: Int?
    /// Pixels; nil until a keyframe told.
    public var height: Int?
    /// Nil until measured.
    public var framesPerSecond: Double?
    /// Bits per second, all layers that it needs included.
    public var bitrate: UInt64

    public init(
        rid: String = "", encoding: Int = 0, spatial: Int = 0, temporal: Int = 0, width: Int? = nil,
        height: Int? = nil, framesPerSecond: Double? = nil, bitrate: UInt64 = 0
    ) {
        self.rid = rid
        self.encoding = encoding
        self.spatial = spatial
        self.temporal = temporal
        self.width = width
        self.height = height
        self.framesPerSecond = framesPerSecond
        self.bitrate = bitrate
    }
}
