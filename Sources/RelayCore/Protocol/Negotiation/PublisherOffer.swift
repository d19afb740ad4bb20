import RelayControl

/// A publisher's offer, read and checked: what can be answered with which codec.
struct PublisherOffer: Sendable {
    let description: SessionDescription
    /// `o=`.
    let sessionID: String
    var sections: [Section] = []
    /// ICE and DTLS of the bundle; nil where no m-line is usable.
    private(set) var transport: TransportDescription?

    struct Section: Sendable {
        var media: MediaDescription
        /// Nil: answered with port 0.
        var track: OfferedTrack?
        /// Why there is no track, where the offerer did not say so himself.
        var rejection: String?
        /// What we send on it.
        var returned: ReturnLine?
    }

    struct OfferedTrack: Sendable {
        var incoming: IncomingTrack
        /// The format parameters of our answer.
        var answeredFormat: String
        /// Payload types to answer, in the offer's order.
        var payloadTypes: [UInt8]
        /// The offerer sends on it, and is listened to.
        var sends: Bool
        /// The offerer receives on it.
        var receives: Bool
        var rtp: RTPMedia
    }

    /// More SSRCs in an m-section than any real track has.
    private static let maximumSources = 64

    init(_ text: String, settings: PublisherNegotiation.Settings) throws(NegotiationError) {
        description = try SessionDescription(negotiating: text, limits: settings.limits)
        do { sessionID = try description.origin().sessionID } catch { throw .unusable(error) }
        guard !description.media.isEmpty else { throw .unusable("the offer has no m-line") }
        guard description.attribute("ice-lite") == nil else {
            throw .unusable("the offer is ice-lite, as the relay is: neither side would connect")
        }
        for (index, media) in description.media.enumerated() {
            sections.append(try Self.read(media, at: index, in: description, settings))
        }
        try checkBundle()
        try checkSources()
        try readTransport()
        try checkIsOffer()
    }

    private static func read(
        _ media: MediaDescription, at index: Int, in session: SessionDescription,
        _ settings: PublisherNegotiation.Settings
    ) throws(NegotiationError) -> Section {
        var section = Section(media: media)
        let name = media.name(at: index)
        guard !media.isRejected else { return section }
        guard let kind = MediaKind(rawValue: media.kind) else {
            section.rejection = "\(name): only audio and video are relayed"
            return section
        }
        guard media.isSecureRTP else {
            section.rejection = "\(name): \(media.transport.excerpt) is not RTP over DTLS-SRTP"
            return section
        }
        let rtp = try RTPMedia(negotiating: media)
        guard let codec = CodecMatching.firstUsable(in: rtp, kind: kind, allowed: settings.codecs) else {
            section.rejection = "\(name): none of its codecs is relayed"
            return section
        }
        guard rtp.sources.count <= maximumSources else {
            throw .unusable("\(name) announces more than \(maximumSources) SSRCs")
        }
        let direction = media.direction(in: session)
        section.track = track(
            codec, rtp, mid: media.mid ?? String(index), sends: direction.sends && settings.takesMedia,
            receives: direction.receives, isScreen: kind == .video && media.isSlides)
        return section
    }

    /// Another codec is to be answered than the offerer likes best.
    mutating func prefer(_ codec: CodecParameters, at index: Int) {
        guard let track = sections[index].track, track.incoming.codec.payloadType != codec.payloadType else { return }
        sections[index].track = Self.track(
            codec, track.rtp, mid: track.incoming.mid, sends: track.sends, receives: track.receives,
            isScreen: track.incoming.isScreen)
    }

    private static func track(
        _ codec: CodecParameters, _ rtp: RTPMedia, mid: String, sends: Bool, receives: Bool, isScreen: Bool
    ) -> OfferedTrack {
        let kind = codec.name.kind
        var extensions = rtp.extensionsWeReceive
        // VP8 and VP9 say it in their payload: receivers would believe the descriptor, and both would have to be rewritten.
        if codec.name != .AV1, codec.name != .H264 { extensions[.dependencyDescriptor] = 0 }
        var stream = codec
        stream.format = codec.streamFormat
        let incoming = IncomingTrack(
            mid: mid, kind: kind, codec: stream, extensions: extensions,
            feedback: .answered(rtp.feedback(for: codec.payloadType), kind: kind, extensions: extensions),
            streams: rtp.announcedStreams, streamIDs: rtp.usableStreamIDs(codec, extensions),
            isScreen: isScreen)
        let chosen = [codec.payloadType, codec.retransmissionPayloadType, codec.redundancyPayloadType]
        return OfferedTrack(
            incoming: incoming, answeredFormat: codec.answerFormat,
            payloadTypes: rtp.payloadTypes.filter { chosen.contains($0) },
            sends: sends, receives: receives, rtp: rtp)
    }

    /// Everything usable has to share one transport.
    private func checkBundle() throws(NegotiationError) {
        let usable = sections.indices.filter { sections[$0].track != nil }
        guard usable.count > 1 else { return }
        guard let bundle = description.bundle else {
            throw .unusable("the offer has \(usable.count) media m-lines and no a=group:BUNDLE")
        }
        let members = Set(bundle)
        for index in usable {
            let media = sections[index].media
            guard let mid = media.mid, members.contains(mid) else {
                throw .unusable("\(media.name(at: index)) is not in the a=group:BUNDLE")
            }
        }
    }

    /// An SSRC tells which track a packet belongs to, so it cannot belong to two.
    private func checkSources() throws(NegotiationError) {
        var owners: [UInt32: String] = [:]
        for case let track? in sections.map(\.track) where track.sends {
            let mid = track.incoming.mid
            for source in track.incoming.streams.flatMap({ [$0.ssrc, $0.retransmissionSSRC] }) {
                if let source, let owner = owners.updateValue(mid, forKey: source) {
                    throw .unusable("SSRC \(source) is announced twice, for mid \(owner.excerpt) and \(mid.excerpt)")
                }
            }
        }
    }

    /// The m-sections of the bundle that we accept, in the group's order; the first is the one whose transport is used
    /// (RFC 8843, section 7.3.1).
    var accepted: [Section] {
        let usable = sections.filter { $0.track != nil }
        guard let bundle = description.bundle else { return usable }
        var positions: [String: Int] = [:]
        for (position, mid) in bundle.enumerated() where positions[mid] == nil { positions[mid] = position }
        return usable.enumerated().sorted { a, b in
            let (first, second) = (
                positions[a.element.media.mid ?? ""] ?? .max, positions[b.element.media.mid ?? ""] ?? .max
            )
            return (first, a.offset) < (second, b.offset)
        }.map(\.element)
    }

    private mutating func readTransport() throws(NegotiationError) {
        guard let first = accepted.first else { return }
        // A bundle-only m-section may leave its transport to the group's first, even one that we reject.
        var carrier = first.media
        if carrier.attribute("ice-ufrag") == nil, description.attribute("ice-ufrag") == nil,
            carrier.attribute("bundle-only") != nil,
            let tagged = description.media.first(where: { $0.mid != nil && $0.mid == description.bundle?.first })
        {
            carrier = tagged
        }
        let index = description.media.firstIndex(of: carrier) ?? 0
        let name = carrier.name(at: index)
        transport = try TransportDescription(carrier, in: description, name: name)
        guard
            first.media.attribute("rtcp-mux") != nil || carrier.attribute("rtcp-mux") != nil
                || description.attribute("rtcp-mux") != nil
        else { throw .unusable("\(name) has no a=rtcp-mux") }
    }

    private func checkIsOffer() throws(NegotiationError) {
        guard let setup = transport?.setup, setup != .actpass else { return }
        let receivesOnly = sections.allSatisfy { $0.track == nil || !$0.media.direction(in: description).sends }
        guard !receivesOnly else {
            throw .unusable("this is an answer, not an offer: a=setup:\(setup.rawValue) and nothing is sent")
        }
    }
}

extension MediaDescription {
    /// Whether it says that it shows slides (RFC 4796, section 5), perhaps among other things.
    var isSlides: Bool {
        attributes("content").contains { $0.value.fields(by: UInt8(ascii: ",")).contains { $0.trimmed() == "slides" } }
    }
}

extension RTPMedia {
    /// The header extensions that the offerer sends and we read, under the offerer's identifiers.
    var extensionsWeReceive: ExtensionMap {
        var map = ExtensionMap()
        for entry in extensions where entry.direction?.sends ?? true {
            guard let name = HeaderExtension(uri: entry.uri), name != .playoutDelay, let id = UInt8(exactly: entry.id)
            else { continue }
            map[name] = id
        }
        return map
    }

    /// The primary SSRCs with their retransmissions: in the order of the SIM group if there is one, else of appearance.
    var announcedStreams: [IncomingTrack.AnnouncedStream] {
        var retransmissions: [UInt32: UInt32] = [:]
        var secondary = Set<UInt32>()
        var simulcast: [UInt32] = []
        for group in groups {
            switch group.semantics {
            case "FID" where group.sources.count == 2:
                retransmissions[group.sources[0]] = group.sources[1]
                secondary.insert(group.sources[1])
            case "FEC", "FEC-FR": secondary.formUnion(group.sources.dropFirst())
            case "SIM" where simulcast.isEmpty: simulcast = group.sources
            default: break
            }
        }
        var seen = secondary
        let order = (simulcast + sources).filter { seen.insert($0).inserted }
        return order.prefix(64).map { .init(ssrc: $0, retransmissionSSRC: retransmissions[$0]) }
    }

    /// The rids that are sent in simulcast and can be told apart: it needs the rid extension, and our codec allowed
    /// for each.
    func usableStreamIDs(_ codec: CodecParameters, _ extensions: ExtensionMap) -> [String] {
        guard let simulcast, extensions[.streamID] != 0 else { return [] }
        var sent: [String: RestrictionIdentifier] = [:]
        for identifier in identifiers where identifier.sends { sent[identifier.id] = identifier }
        var seen = Set<String>()
        let usable = simulcast.send.filter { id in
            guard let identifier = sent[id] else { return false }
            return (identifier.payloadTypes.isEmpty || identifier.payloadTypes.contains(codec.payloadType))
                && seen.insert(id).inserted
        }
        return Array(usable.prefix(Self.maximumStreamIDs))
    }

    /// More encodings than any browser sends.
    private static let maximumStreamIDs = 8
}

extension FeedbackSet {
    /// What we agree to of the feedback offered: what we send to a publisher. REMB only where there is no
    /// transport-wide feedback, since two estimates of one path would fight.
    static func answered(_ offered: FeedbackSet, kind: MediaKind, extensions: ExtensionMap) -> FeedbackSet {
        var set = offered
        if kind == .audio { set.formIntersection([.nack, .transportWide]) }
        if extensions[.transportSequence] == 0 { set.remove(.transportWide) }
        if set.contains(.transportWide) || extensions[.absoluteSendTime] == 0 { set.remove(.receiverEstimate) }
        return set
    }
}
