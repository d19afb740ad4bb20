import RelayControl

/// The SDP side of one subscribing connection, which brings one producer's tracks to one subscriber: makes its offers
/// and takes its answers.
///
///     var negotiation = SubscriberNegotiation(sessionID: random, producer: "alice", hash: sha256Hex)
///     let sdp = negotiation.offer(tracks: tracks, local: local, using: &generator)
///     try negotiation.check(answer: text)               // changes nothing
///     let result = try negotiation.accept(answer: text) // transport and tracks for the worker
///
/// A re-offer is another `offer(…)` with the producer's tracks as they are now. m-lines keep their order; the m-line
/// of a removed track becomes inactive and carries a later track of the same kind. To restart ICE pass a `local` with
/// new credentials, else the one of the last offer.
///
/// SSRCs: a track keeps its SSRC for as long as it is offered. When the producer replaced all its tracks (the page was
/// reloaded), a new track takes over m-line and SSRC of an old one of its kind; the relay then continues that stream's
/// RTP numbering. A track on an m-line that was inactive, or that the subscriber declined, gets new SSRCs, since numbering
/// one SSRC anew under the same SRTP key would use a nonce twice.
public struct SubscriberNegotiation: Sendable {
    let limits: SessionDescription.Limits
    /// Our `o=` session id, constant for the connection.
    let sessionID: UInt64
    /// Our `o=` version: offers made so far.
    private(set) var version: UInt64 = 0
    /// `a=msid`'s stream, and the cname: one per publisher.
    public let streamName: String
    /// m-lines in order.
    var slots: [Slot] = []
    /// What payload types stand for on this connection; never given another meaning while it lives.
    var payloads = PayloadTable()
    private var nextMid = 0
    private var usedSources = Set<UInt32>()
    /// What the latest offer looks like while it has no answer.
    var open: [OfferedLine]?
    /// Earlier offers' looks, newest last, to tell a late answer from a wrong one.
    var superseded: [[OfferedLine]] = []
    /// The remote side in force; nil before the first answer.
    public internal(set) var remote: RemoteTransport?
    /// Credentials of the latest offer.
    private(set) var offeredUfrag: String?
    /// The latest offer asks for an ICE restart of a connection that had an answer.
    var restartsICE = false
    /// That offer superseded one without a restart, whose answer may still come.
    var awaitsStaleAnswer = false

    /// One m-line for the life of the connection.
    struct Slot: Sendable {
        var mid: String
        let kind: MediaKind
        var state: State
        var ssrc: UInt32
        var retransmissionSSRC: UInt32
        /// The latest answer does not take the track, so that nothing is numbered on: new SSRCs with the next offer.
        var isDeclined = false

        enum State: Sendable {
            case sending(Source)
            /// Offered inactive, with the codec it had last; carries a later track of its kind.
            case idle(CodecParameters)
            /// The subscriber answered port 0 for want of a codec: port 0 until something else comes in, with a new
            /// mid (RFC 8829, section 5.2.2).
            case rejected(Source?)
        }

        var source: Source? {
            switch state {
            case .sending(let source): source
            case .rejected(let source): source
            case .idle: nil
            }
        }
    }

    /// The producer's track as this connection offers it.
    struct Source: Sendable {
        var mid: String
        /// With this connection's payload types.
        var codec: CodecParameters
        var extensions: ExtensionMap
        var feedback: FeedbackSet
    }

    /// How an m-line was offered.
    struct OfferedLine: Sendable, Equatable {
        var mid: String
        var kind: MediaKind
        /// Nil: not sending.
        var codec: CodecParameters?
        var isRejected: Bool
    }

    /// - Parameters:
    ///   - sessionID: for our `o=` line, random; only its low 63 bits are used.
    ///   - producer: the producer's user id; it is what the client's `MediaStream.id` will be, if it can be.
    ///   - hash: SHA-256 in lower-case hexadecimal, for a producer whose id is no token of at most 64 characters.
    public init(
        sessionID: UInt64, producer: String, limits: SessionDescription.Limits = .init(), hash: (String) -> String
    ) {
        self.sessionID = sessionID & 0x7FFF_FFFF_FFFF_FFFF
        self.limits = limits
        streamName = Self.streamName(of: producer, hash: hash)
    }

    /// `a=msid`'s stream of what a producer sends: its user id, if that can be one.
    public static func streamName(of producer: String, hash: (String) -> String) -> String {
        // "-" means "no stream" (RFC 8830, section 2).
        producer.isToken && producer.utf8.count <= 64 && producer != "-" ? producer : hash(producer)
    }

    /// Whether an offer waits for its answer.
    public var isOpen: Bool { open != nil }

    /// Whether the m-line of that mid carries a video, as last offered.
    public func hasVideo(mid: String) -> Bool {
        slots.contains { slot in
            if case .sending = slot.state { return slot.mid == mid && slot.kind == .video }
            return false
        }
    }

    /// Makes the offer of the producer's tracks as they are now; an earlier offer without an answer is superseded.
    /// - Parameters:
    ///   - tracks: everything that the producer sends, muted or not, in its order.
    ///   - local: the connection's local side; new credentials restart ICE.
    ///   - generator: for SSRCs.
    /// - Returns: SDP.
    public mutating func offer(
        tracks: [IncomingTrack], local: LocalTransport, using generator: inout some RandomNumberGenerator
    ) -> String {
        for index in slots.indices where slots[index].isDeclined {
            slots[index].ssrc = newSource(using: &generator)
            slots[index].retransmissionSSRC = newSource(using: &generator)
            slots[index].isDeclined = false
        }
        place(tracks, using: &generator)
        let restartsNow = remote != nil && local.ufrag != offeredUfrag
        if restartsNow, !restartsICE { awaitsStaleAnswer = open != nil }
        retire()
        restartsICE = restartsICE || restartsNow
        offeredUfrag = local.ufrag
        version &+= 1
        open = slots.map { slot in
            if case .sending(let source) = slot.state {
                return OfferedLine(mid: slot.mid, kind: slot.kind, codec: source.codec, isRejected: false)
            }
            if case .idle = slot.state {
                return OfferedLine(mid: slot.mid, kind: slot.kind, codec: nil, isRejected: false)
            }
            return OfferedLine(mid: slot.mid, kind: slot.kind, codec: nil, isRejected: true)
        }
        return SubscriberOfferWriter(negotiation: self, local: local).description().text
    }

    /// Takes the open offer away, remembering its look.
    mutating func retire() {
        if let open { superseded = (superseded + [open]).suffix(8) }
        open = nil
    }

    /// Distributes the tracks over the m-lines.
    private mutating func place(_ tracks: [IncomingTrack], using generator: inout some RandomNumberGenerator) {
        var waiting = tracks
        var vacant = Set<Int>()
        // A track that was there stays where it is.
        for index in slots.indices {
            guard let source = slots[index].source else { continue }
            if let found = waiting.firstIndex(where: { $0.mid == source.mid && $0.kind == slots[index].kind }) {
                let track = waiting[found]
                if case .rejected = slots[index].state, !CodecMatching.isSame(source.codec, track.codec) {
                    slots[index].state = .rejected(nil)
                } else {
                    waiting.remove(at: found)
                    refresh(index, with: track)
                }
            } else if case .sending = slots[index].state {
                vacant.insert(index)
            } else {
                slots[index].state = .rejected(nil)
            }
        }
        // New ones take over from those that have just gone.
        for index in vacant.sorted() {
            if let found = waiting.firstIndex(where: { $0.kind == slots[index].kind }) {
                refresh(index, with: waiting.remove(at: found))
            } else if let source = slots[index].source {
                slots[index].state = .idle(source.codec)
            }
        }
        for track in waiting { settle(track, using: &generator) }
    }

    /// Puts a track into a slot, under the SSRCs and the mid that it has.
    private mutating func refresh(_ index: Int, with track: IncomingTrack) {
        let source = source(for: track)
        if case .rejected = slots[index].state {
            slots[index].state = .rejected(source)
        } else {
            slots[index].state = .sending(source)
        }
    }

    /// Puts a new track into an idle m-line, into a rejected one under a new mid, or into a new one.
    private mutating func settle(_ track: IncomingTrack, using generator: inout some RandomNumberGenerator) {
        let idle = slots.indices.first { index in
            if case .idle = slots[index].state { return slots[index].kind == track.kind }
            return false
        }
        let rejected = slots.indices.first { index in
            if case .rejected(nil) = slots[index].state { return slots[index].kind == track.kind }
            return false
        }
        let index = idle ?? rejected
        let slot = Slot(
            mid: idle.map { slots[$0].mid } ?? newMid(), kind: track.kind, state: .sending(source(for: track)),
            ssrc: newSource(using: &generator), retransmissionSSRC: newSource(using: &generator))
        if let index { slots[index] = slot } else { slots.append(slot) }
    }

    private mutating func newMid() -> String {
        defer { nextMid += 1 }
        return String(nextMid)
    }

    private mutating func newSource(using generator: inout some RandomNumberGenerator) -> UInt32 {
        while true {
            let source = UInt32.random(in: 1...(.max), using: &generator)
            if usedSources.insert(source).inserted { return source }
        }
    }

    private mutating func source(for track: IncomingTrack) -> Source {
        Source(
            mid: track.mid, codec: payloads.assign(track.codec), extensions: Self.extensions(for: track),
            feedback: track.kind == .audio
                ? [.nack, .transportWide] : [.nack, .pictureLoss, .fullIntraRequest, .transportWide, .receiverEstimate])
    }

    /// What we write ourselves always; what only the publisher knows where it tells it. One numbering for all
    /// connections.
    private static func extensions(for track: IncomingTrack) -> ExtensionMap {
        var map = ExtensionMap()
        map[.mid] = 1
        map[.transportSequence] = 2
        map[.absoluteSendTime] = 3
        let passed: [(HeaderExtension, UInt8)] = [
            (.audioLevel, 4), (.videoOrientation, 5), (.absoluteCaptureTime, 6), (.dependencyDescriptor, 7),
        ]
        for (name, id) in passed where track.extensions[name] != 0 { map[name] = id }
        if track.kind == .video { map[.playoutDelay] = 8 }
        return map
    }
}

/// What payload types mean on one connection.
struct PayloadTable: Sendable {
    private var uses: [UInt8: Use] = [:]

    private enum Use: Sendable {
        case codec(CodecParameters)
        case retransmission(of: UInt8)
        case redundancy(of: UInt8)

        func isSame(_ other: Use) -> Bool {
            switch (self, other) {
            case (.codec(let a), .codec(let b)): CodecMatching.isSame(a, b)
            case (.retransmission(let a), .retransmission(let b)): a == b
            case (.redundancy(let a), .redundancy(let b)): a == b
            default: false
            }
        }
    }

    /// The codec with payload types for this connection: the publisher's own, unless they already mean something else
    /// here.
    mutating func assign(_ codec: CodecParameters) -> CodecParameters {
        var codec = codec
        codec.payloadType = assign(codec.payloadType, .codec(codec))
        codec.retransmissionPayloadType = codec.retransmissionPayloadType.map {
            assign($0, .retransmission(of: codec.payloadType))
        }
        codec.redundancyPayloadType = codec.redundancyPayloadType.map { assign($0, .redundancy(of: codec.payloadType)) }
        return codec
    }

    private mutating func assign(_ preferred: UInt8, _ use: Use) -> UInt8 {
        if let known = uses[preferred] {
            if known.isSame(use) { return preferred }
        } else {
            uses[preferred] = use
            return preferred
        }
        let dynamic = Array(96...127) + Array(35...63) as [UInt8]
        if let same = dynamic.first(where: { uses[$0]?.isSame(use) ?? false }) { return same }
        let free = dynamic.first { uses[$0] == nil } ?? preferred
        uses[free] = use
        return free
    }
}
