/// What a subscriber wants of a producer's video: how large a picture it can use, or which layer, and how much that
/// matters beside the other videos that it gets. The relay sends at most that, and less where the network bears less.
public struct VideoPreference: Sendable, Hashable {
    /// Pixels of the largest picture that is of use to the subscriber; nil: any width. With a height both have to fit.
    public var width: Int?
    /// Pixels; nil: any height.
    public var height: Int?
    /// The highest layer that is to be sent, whatever its size; nil: what `width` and `height` say.
    public var layer: LayerLimit?
    /// Whether nothing of the video is to be sent.
    public var isPaused: Bool
    /// 1 to 10: where the network does not bear all that is wanted, what is more important gets its quality first.
    public var priority: Int
    /// The m-line of the subscribing connection that it is about; nil: all videos of the producer.
    public var mid: String?

    /// Where nothing was asked for.
    public static let defaultPriority = 5
    public static let priorities = 1...10

    public init(
        width: Int? = nil, height: Int? = nil, layer: LayerLimit? = nil, isPaused: Bool = false,
        priority: Int = defaultPriority, mid: String? = nil
    ) {
        self.width = width
        self.height = height
        self.layer = layer
        self.isPaused = isPaused
        self.priority = priority
        self.mid = mid
    }
}

/// The highest layer that a subscriber takes. What is nil is not limited.
public struct LayerLimit: Sendable, Hashable {
    public var encoding: Encoding?
    /// Of SVC, from 0.
    public var spatial: Int?
    /// From 0.
    public var temporal: Int?

    /// A simulcast version. One that the producer does not send (any more) means the largest that it sends.
    public enum Encoding: Sendable, Hashable {
        /// By the publisher's name for it (RFC 8851).
        case rid(String)
        /// By its place from the smallest, which is 0.
        case rank(Int)
    }

    public init(encoding: Encoding? = nil, spatial: Int? = nil, temporal: Int? = nil) {
        self.encoding = encoding
        self.spatial = spatial
        self.temporal = temporal
    }
}
