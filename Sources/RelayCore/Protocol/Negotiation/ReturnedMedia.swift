public import RelayControl

/// What is to be sent to a client on a connection of which it makes the offers.
public struct ReturnedMedia: Sendable, Equatable {
    /// The room's mixed sound, on the first audio m-line that can take it.
    public var mix: Bool
    /// Videos by the mid of their m-line.
    public var videos: [String: Video]
    /// A video whose m-line cannot carry it is an error; else it is left out.
    public var needsLines: Bool

    /// What is known of a video before its m-line is read.
    public struct Video: Sendable, Equatable {
        /// `a=msid`'s stream, and the cname; a token.
        public var streamName: String
        /// What it comes in; nil where nobody sends it yet.
        public var codec: CodecParameters?

        public init(streamName: String, codec: CodecParameters? = nil) {
            self.streamName = streamName
            self.codec = codec
        }
    }

    public init(mix: Bool = false, videos: [String: Video] = [:], needsLines: Bool = true) {
        self.mix = mix
        self.videos = videos
        self.needsLines = needsLines
    }

    public static let nothing = ReturnedMedia()
    /// `a=msid`'s stream of the mix.
    static let mixStream = "mix"
}

/// An m-line on which we send to a client, as answered: it takes any source that comes in one of its codecs.
public struct ReturnLine: Sendable, Equatable {
    public var mid: String
    public var kind: MediaKind
    public var ssrc: UInt32
    /// Announced where some codec has retransmissions.
    public var retransmissionSSRC: UInt32
    /// In the offer's order, with its payload types; at least one.
    var codecs: [Codec]
    var extensions: ExtensionMap
    public var streamName: String
    /// Whether one-byte and two-byte header extensions may alternate.
    var mixesExtensionForms: Bool

    struct Codec: Sendable, Equatable {
        var parameters: CodecParameters
        /// What the client says to us about it.
        var feedback: FeedbackSet
    }

    var hasRetransmissions: Bool { codecs.contains { $0.parameters.retransmissionPayloadType != nil } }

    /// Carries what a publisher sends; nil where the client has not its codec.
    public func track(of source: IncomingTrack) -> OutgoingTrack? {
        guard source.kind == kind,
            let codec = codecs.first(where: { CodecMatching.isSame($0.parameters, source.codec) })
        else { return nil }
        var extensions = extensions
        for name in Self.passedOn where source.extensions[name] == 0 { extensions[name] = 0 }
        var parameters = source.codec
        parameters.payloadType = codec.parameters.payloadType
        parameters.retransmissionPayloadType = codec.parameters.retransmissionPayloadType
        parameters.redundancyPayloadType = nil
        return outgoing(parameters, codec.feedback, extensions, sourceMid: source.mid)
    }

    /// Carries packets of our own making, which are not resent; `sourceMid` is empty.
    public var ownTrack: OutgoingTrack? {
        codecs.first.map { outgoing($0.parameters, $0.feedback, extensions, sourceMid: "") }
    }

    private func outgoing(
        _ codec: CodecParameters, _ feedback: FeedbackSet, _ extensions: ExtensionMap, sourceMid: String
    ) -> OutgoingTrack {
        OutgoingTrack(
            mid: mid, sourceMid: sourceMid, kind: kind, codec: codec, extensions: extensions, feedback: feedback,
            ssrc: ssrc, retransmissionSSRC: codec.retransmissionPayloadType == nil ? nil : retransmissionSSRC,
            canonicalName: streamName, mixesExtensionForms: mixesExtensionForms)
    }

    /// What only the publisher knows.
    private static let passedOn: [HeaderExtension] = [
        .audioLevel, .videoOrientation, .absoluteCaptureTime, .dependencyDescriptor,
    ]
}

/// Our SSRCs on one connection. An m-line's stay for the connection's life, whatever it shows: numbering another SSRC costs the
/// client a decoder, and the same one anew would use a nonce twice.
struct ReturnSources: Sendable {
    private var pairs: [Place: Pair] = [:]

    private struct Place: Hashable {
        var index: Int
        var kind: MediaKind
    }

    struct Pair: Sendable {
        var media: UInt32
        var retransmission: UInt32
    }

    /// - Parameter taken: SSRCs of the client's own.
    mutating func pair(
        at index: Int, _ kind: MediaKind, besides taken: Set<UInt32>, using generator: inout some RandomNumberGenerator
    ) -> Pair {
        let place = Place(index: index, kind: kind)
        if let known = pairs[place] { return known }
        var used = pairs.values.reduce(into: taken) { $0.formUnion([$1.media, $1.retransmission]) }
        func fresh(_ generator: inout some RandomNumberGenerator) -> UInt32 {
            while true {
                let source = UInt32.random(in: 1...(.max), using: &generator)
                if used.insert(source).inserted { return source }
            }
        }
        let pair = Pair(media: fresh(&generator), retransmission: fresh(&generator))
        pairs[place] = pair
        return pair
    }
}
