public import RelayControl

/// What a negotiation hands to a worker. Plain values: a worker never sees SDP.

/// The local side of a connection, made by the control thread.
public struct LocalTransport: Sendable, Equatable {
    public var ufrag: String
    public var password: String
    /// SHA-256 of our certificate, upper-case hex pairs joined by colons.
    public var fingerprint: String
    public var candidates: [HostCandidate]

    public init(ufrag: String, password: String, fingerprint: String, candidates: [HostCandidate]) {
        self.ufrag = ufrag
        self.password = password
        self.fingerprint = fingerprint
        self.candidates = candidates
    }
}

/// An address to advertise, in text, IPv4 or IPv6.
public struct HostCandidate: Sendable, Hashable {
    public var address: String
    public var port: UInt16

    public init(address: String, port: UInt16) {
        self.address = address
        self.port = port
    }
}

/// The remote side of a connection as its SDP described it.
public struct RemoteTransport: Sendable, Equatable {
    public var ufrag: String
    public var password: String
    /// All `a=fingerprint` values; one of them must match. Hash name in lower case as in SDP (`sha-256`), value in upper case.
    public var fingerprints: [Fingerprint]
    /// Whether we are the DTLS client (`a=setup:active` on our side).
    public var weAreDTLSClient: Bool

    public struct Fingerprint: Sendable, Hashable {
        public var hash: String
        public var value: String

        public init(hash: String, value: String) {
            self.hash = hash
            self.value = value
        }
    }

    public init(ufrag: String, password: String, fingerprints: [Fingerprint], weAreDTLSClient: Bool) {
        self.ufrag = ufrag
        self.password = password
        self.fingerprints = fingerprints
        self.weAreDTLSClient = weAreDTLSClient
    }
}

/// The codecs that the relay understands.
public enum CodecName: String, Sendable, Hashable, CaseIterable {
    case opus, PCMU, PCMA
    case VP8, VP9, H264, AV1

    public var kind: MediaKind {
        switch self {
        case .opus, .PCMU, .PCMA: .audio
        case .VP8, .VP9, .H264, .AV1: .video
        }
    }
}

/// One codec with the payload types that one peer uses for it.
public struct CodecParameters: Sendable, Hashable {
    public var name: CodecName
    public var payloadType: UInt8
    /// Payload type of its retransmissions (RFC 4588); nil: retransmit plainly.
    public var retransmissionPayloadType: UInt8?
    /// Payload type of RED (RFC 2198) carrying it, audio only.
    public var redundancyPayloadType: UInt8?
    /// Hz of the RTP timestamp.
    public var clockRate: UInt32
    public var channels: UInt8
    /// Format parameters in the order of the SDP, `key=value` joined by `;`, may be empty.
    public var format: String

    public init(
        name: CodecName, payloadType: UInt8, retransmissionPayloadType: UInt8? = nil,
        redundancyPayloadType: UInt8? = nil,
        clockRate: UInt32, channels: UInt8 = 1, format: String = ""
    ) {
        self.name = name
        self.payloadType = payloadType
        self.retransmissionPayloadType = retransmissionPayloadType
        self.redundancyPayloadType = redundancyPayloadType
        self.clockRate = clockRate
        self.channels = channels
        self.format = format
    }
}

/// The RTP header extensions that the relay reads, rewrites or adds.
public enum HeaderExtension: Int, Sendable, Hashable, CaseIterable {
    case mid, streamID, repairedStreamID
    case transportSequence, absoluteSendTime
    case audioLevel, videoOrientation, absoluteCaptureTime, dependencyDescriptor
    /// What a subscriber is to hold back; see `PlayoutDelay`. Never taken from a publisher.
    case playoutDelay

    /// The URI of `a=extmap`.
    public var uri: String {
        switch self {
        case .mid: "urn:ietf:params:rtp-hdrext:sdes:mid"
        case .streamID: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
        case .repairedStreamID: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
        case .transportSequence: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
        case .absoluteSendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
        case .audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
        case .videoOrientation: "urn:3gpp:video-orientation"
        case .absoluteCaptureTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
        case .dependencyDescriptor:
            "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
        case .playoutDelay: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
        }
    }

    public init?(uri: String) {
        guard let found = Self.allCases.first(where: { $0.uri == uri }) else { return nil }
        self = found
    }
}

/// Identifier (1–255) per extension; 0 where it was not negotiated.
public struct ExtensionMap: Sendable, Hashable {
    private var mid: UInt8 = 0
    private var streamID: UInt8 = 0
    private var repairedStreamID: UInt8 = 0
    private var transportSequence: UInt8 = 0
    private var absoluteSendTime: UInt8 = 0
    private var audioLevel: UInt8 = 0
    private var videoOrientation: UInt8 = 0
    private var absoluteCaptureTime: UInt8 = 0
    private var dependencyDescriptor: UInt8 = 0
    private var playoutDelay: UInt8 = 0

    public init() {}

    public subscript(name: HeaderExtension) -> UInt8 {
        get {
            switch name {
            case .mid: mid
            case .streamID: streamID
            case .repairedStreamID: repairedStreamID
            case .transportSequence: transportSequence
            case .absoluteSendTime: absoluteSendTime
            case .audioLevel: audioLevel
            case .videoOrientation: videoOrientation
            case .absoluteCaptureTime: absoluteCaptureTime
            case .dependencyDescriptor: dependencyDescriptor
            case .playoutDelay: playoutDelay
            }
        }
        set {
            switch name {
            case .mid: mid = newValue
            case .streamID: streamID = newValue
            case .repairedStreamID: repairedStreamID = newValue
            case .transportSequence: transportSequence = newValue
            case .absoluteSendTime: absoluteSendTime = newValue
            case .audioLevel: audioLevel = newValue
            case .videoOrientation: videoOrientation = newValue
            case .absoluteCaptureTime: absoluteCaptureTime = newValue
            case .dependencyDescriptor: dependencyDescriptor = newValue
            case .playoutDelay: playoutDelay = newValue
            }
        }
    }
}

/// The RTCP feedback negotiated for one m-line (`a=rtcp-fb`).
public struct FeedbackSet: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let nack = FeedbackSet(rawValue: 1)
    public static let pictureLoss = FeedbackSet(rawValue: 2)
    public static let fullIntraRequest = FeedbackSet(rawValue: 4)
    public static let transportWide = FeedbackSet(rawValue: 8)
    public static let receiverEstimate = FeedbackSet(rawValue: 16)
}

/// A track that a publisher sends, as negotiated: one m-line.
public struct IncomingTrack: Sendable, Equatable {
    public var mid: String
    public var kind: MediaKind
    public var codec: CodecParameters
    public var extensions: ExtensionMap
    public var feedback: FeedbackSet
    /// Primary SSRCs announced by `a=ssrc` (in simulcast by SSRC: lowest layer first), each with its RTX SSRC, if any. May be empty.
    public var streams: [AnnouncedStream]
    /// Simulcast by rid: the rids, in the order of `a=simulcast`. May be empty.
    public var streamIDs: [String]
    /// What it shows is to be read rather than watched (`a=content:slides`, RFC 4796).
    public var isScreen: Bool

    public struct AnnouncedStream: Sendable, Hashable {
        public var ssrc: UInt32
        public var retransmissionSSRC: UInt32?

        public init(ssrc: UInt32, retransmissionSSRC: UInt32? = nil) {
            self.ssrc = ssrc
            self.retransmissionSSRC = retransmissionSSRC
        }
    }

    public init(
        mid: String, kind: MediaKind, codec: CodecParameters, extensions: ExtensionMap, feedback: FeedbackSet,
        streams: [AnnouncedStream] = [], streamIDs: [String] = [], isScreen: Bool = false
    ) {
        self.mid = mid
        self.kind = kind
        self.codec = codec
        self.extensions = extensions
        self.feedback = feedback
        self.streams = streams
        self.streamIDs = streamIDs
        self.isScreen = isScreen
    }
}

/// A track that goes to a subscriber, as negotiated: one m-line of the subscribing connection.
public struct OutgoingTrack: Sendable, Equatable {
    /// mid on the subscribing connection.
    public var mid: String
    /// mid of the publisher's track that it carries.
    public var sourceMid: String
    public var kind: MediaKind
    /// With the payload types of the subscribing connection.
    public var codec: CodecParameters
    public var extensions: ExtensionMap
    public var feedback: FeedbackSet
    public var ssrc: UInt32
    public var retransmissionSSRC: UInt32?
    public var canonicalName: String
    /// Whether one-byte and two-byte header extensions may alternate (RFC 8285, section 4.1.2); else only one form may be sent.
    public var mixesExtensionForms: Bool

    public init(
        mid: String, sourceMid: String, kind: MediaKind, codec: CodecParameters, extensions: ExtensionMap,
        feedback: FeedbackSet, ssrc: UInt32, retransmissionSSRC: UInt32?, canonicalName: String,
        mixesExtensionForms: Bool = false
    ) {
        self.mid = mid
        self.sourceMid = sourceMid
        self.kind = kind
        self.codec = codec
        self.extensions = extensions
        self.feedback = feedback
        self.ssrc = ssrc
        self.retransmissionSSRC = retransmissionSSRC
        self.canonicalName = canonicalName
        self.mixesExtensionForms = mixesExtensionForms
    }
}
