public import RelayControl

/// The SDP side of one connection of which the client makes the offers: answers them. A publishing connection, which may get
/// something back, too, or one that only receives.
///
///     var negotiation = PublisherNegotiation(sessionID: random)
///     let answer = try negotiation.answer(offer, wanted: nil, local: fresh)   // the first offer
///     if try negotiation.continues(with: next) {                              // a later one
///         let answer = try negotiation.answer(next, wanted: nil, local: fresh)
///     } else { … a new peer connection: begin with a new PublisherNegotiation … }
///
/// A call that throws has changed nothing. `fresh` is used for the first offer and on an ICE restart; otherwise the
/// local side stays as it was: `PublisherAnswer.local` tells which one is in force.
public struct PublisherNegotiation: Sendable {
    /// What is accepted from publishers.
    public struct Settings: Sendable {
        public var limits: SessionDescription.Limits
        public var codecs: Set<CodecName>
        /// Whether anything that is offered is taken; else the client only receives.
        public var takesMedia: Bool

        public init(
            limits: SessionDescription.Limits = .init(), codecs: Set<CodecName> = Set(CodecName.allCases),
            takesMedia: Bool = true
        ) {
            self.limits = limits
            self.codecs = codecs
            self.takesMedia = takesMedia
        }
    }

    let settings: Settings
    /// Our `o=` session id.
    let sessionID: UInt64
    /// Our `o=` version: answers made so far.
    private var version: UInt64 = 0
    private var established: Established?
    private var sources = ReturnSources()

    /// What the first answer settled, and each later one may change.
    private struct Established: Sendable {
        var local: LocalTransport
        var remote: RemoteTransport
        var remoteSessionID: String
        /// mid and kind of each m-line.
        var lines: [Line]

        struct Line: Sendable {
            var mid: String?
            var kind: String
            var isRejected: Bool
        }
    }

    /// - Parameter sessionID: for our `o=` line, random; only its low 63 bits are used.
    public init(sessionID: UInt64, settings: Settings = Settings()) {
        self.sessionID = sessionID & 0x7FFF_FFFF_FFFF_FFFF
        self.settings = settings
    }

    /// The local side in force; nil before the first answer.
    public var local: LocalTransport? { established?.local }
    /// The remote side in force; nil before the first answer.
    public var remote: RemoteTransport? { established?.remote }

    /// Whether an offer renegotiates this connection; otherwise it comes from a new peer connection (the page was
    /// reloaded).
    ///
    /// It does if the certificate is the same and either the `o=` session id or the ICE credentials are: some
    /// libraries make a new session id for every offer.
    /// - Throws: `unusable` for a text that could not be answered.
    public func continues(with offer: String) throws(NegotiationError) -> Bool {
        guard let established else { return false }
        let offer = try PublisherOffer(offer, settings: settings)
        guard let transport = offer.transport else { return offer.sessionID == established.remoteSessionID }
        guard Set(transport.fingerprints) == Set(established.remote.fingerprints) else { return false }
        return offer.sessionID == established.remoteSessionID
            || (transport.ufrag == established.remote.ufrag && transport.password == established.remote.password)
    }

    /// Answers an offer of a client that is sent nothing.
    /// - Throws: `unusable`.
    public mutating func answer(
        _ offer: String, wanted: TrackSelection?, local fresh: LocalTransport
    ) throws(NegotiationError) -> PublisherAnswer {
        var generator = SystemRandomNumberGenerator()
        return try answer(offer, wanted: wanted, returning: .nothing, local: fresh, using: &generator)
    }

    /// Answers an offer.
    /// - Parameters:
    ///   - wanted: kinds to forward; nil: all that the offer sends. It shapes `selection` only: what is not wanted is
    ///     negotiated all the same, so that it can be wanted later without SDP.
    ///   - returned: what is to be sent to the client, all of it.
    ///   - local: fresh credentials with the candidates to advertise.
    ///   - generator: for SSRCs.
    /// - Throws: `unusable`, `unusableLine`.
    public mutating func answer(
        _ offer: String, wanted: TrackSelection?, returning returned: ReturnedMedia, local fresh: LocalTransport,
        using generator: inout some RandomNumberGenerator
    ) throws(NegotiationError) -> PublisherAnswer {
        var offer = try PublisherOffer(offer, settings: settings)
        guard offer.sessionID != String(sessionID) else {
            throw .unusable("this is the relay's own description, not an offer of the publisher")
        }
        try checkContinuity(of: offer)
        guard let remote = try remoteTransport(of: offer) else {
            let reasons = offer.sections.compactMap(\.rejection).joined(separator: "; ")
            throw .unusable("nothing in the offer can be relayed: \(reasons)")
        }
        var sources = sources
        try offer.takeBack(returned, sources: &sources, using: &generator)
        let restarts =
            established.map { $0.remote.ufrag != remote.ufrag || $0.remote.password != remote.password } ?? false
        let local = restarts ? fresh : established?.local ?? fresh
        // Nothing throws from here on.
        self.sources = sources
        version &+= 1
        established = Established(
            local: local, remote: remote, remoteSessionID: offer.sessionID,
            lines: offer.sections.map { .init(mid: $0.media.mid, kind: $0.media.kind, isRejected: $0.track == nil) })
        let tracks = offer.sections.compactMap(\.track).filter(\.sends).map(\.incoming)
        var sent = TrackSelection.none
        for track in tracks { sent[track.kind] = true }
        let description = PublisherAnswerWriter(offer: offer, local: local, weAreDTLSClient: remote.weAreDTLSClient)
            .description(sessionID: sessionID, version: version)
        return PublisherAnswer(
            answer: description.text, remote: remote, local: local, tracks: tracks,
            selection: wanted.map { $0.intersection(sent) } ?? sent, restartsICE: restarts,
            rejections: offer.sections.compactMap(\.rejection), returned: offer.sections.compactMap(\.returned))
    }

    /// m-lines may be added or recycled, never taken away (RFC 3264, section 8).
    private func checkContinuity(of offer: PublisherOffer) throws(NegotiationError) {
        guard let established else { return }
        guard offer.sections.count >= established.lines.count else {
            let (now, before) = (offer.sections.count, established.lines.count)
            throw .unusable(
                "the offer has \(now) m-lines, the connection already has \(before), and none is ever removed")
        }
        for (index, (line, section)) in zip(established.lines, offer.sections).enumerated() {
            if line.mid == section.media.mid, line.kind != section.media.kind {
                throw .unusable("m-line \(index + 1) was \(line.kind) and is now \(section.media.kind)")
            }
            if !line.isRejected, line.mid != section.media.mid, section.track != nil {
                throw .unusable(
                    "m-line \(index + 1) had mid \((line.mid ?? "").excerpt), now \((section.media.mid ?? "").excerpt)"
                )
            }
        }
    }

    /// The remote side with the DTLS role, which stays for the life of the connection. Nil: the offer has no usable
    /// m-line and there is no connection either.
    private func remoteTransport(of offer: PublisherOffer) throws(NegotiationError) -> RemoteTransport? {
        guard let transport = offer.transport else { return established?.remote }
        let isSame = established.map { Set($0.remote.fingerprints) == Set(transport.fingerprints) } ?? false
        let isClient = transport.setup == .passive
        if let established, isSame {
            let kept = established.remote.weAreDTLSClient
            guard transport.setup == .actpass || transport.setup == nil || isClient == kept else {
                throw .unusable(
                    "a=setup:\(transport.setup?.rawValue ?? "") would change the DTLS role of a connection that is up")
            }
            return RemoteTransport(
                ufrag: transport.ufrag, password: transport.password, fingerprints: transport.fingerprints,
                weAreDTLSClient: kept)
        }
        return RemoteTransport(
            ufrag: transport.ufrag, password: transport.password, fingerprints: transport.fingerprints,
            weAreDTLSClient: isClient)
    }
}

/// What came of a publisher's offer.
public struct PublisherAnswer: Sendable, Equatable {
    /// SDP.
    public var answer: String
    public var remote: RemoteTransport
    /// The local side that the answer names: the one passed in for the first offer and on an ICE restart, else the old
    /// one.
    public var local: LocalTransport
    /// What the publisher sends, an m-line each, in order.
    public var tracks: [IncomingTrack]
    /// Kinds that the offer sends and the caller wanted.
    public var selection: TrackSelection
    /// Whether a running connection got new ICE credentials on both sides.
    public var restartsICE: Bool
    /// Why m-lines were rejected, for the log.
    public var rejections: [String]
    /// The m-lines on which we send, in order.
    public var returned: [ReturnLine]
}
