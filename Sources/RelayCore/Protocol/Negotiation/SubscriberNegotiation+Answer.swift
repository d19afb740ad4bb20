public import RelayControl

/// What came of a subscriber's answer.
public struct SubscriberAnswerResult: Sendable, Equatable {
    /// Nil where the subscriber rejected every m-line, so that there is nothing to connect.
    public var remote: RemoteTransport?
    /// What to forward, in the order of the m-lines. A track that the subscriber declined by its direction is in
    /// neither list.
    public var tracks: [OutgoingTrack]
    /// Tracks whose codec the answer lacks.
    public var refused: [RefusedTrack]
    /// Whether the connection had an answer before and got new ICE credentials on both sides. False after an offer
    /// that asked for it: the subscriber's library cannot restart and goes on with the old credentials of both sides.
    public var restartsICE: Bool
}

extension SubscriberNegotiation {
    /// Whether `accept` would take this answer; changes nothing.
    /// - Throws: what `accept` would.
    public func check(answer: String) throws(NegotiationError) {
        var copy = self
        _ = try copy.accept(answer: answer)
    }

    /// Binds an answer to the open offer.
    ///
    /// An answer does not name the offer it answers. That it belongs to an older one shows only where its m-lines,
    /// codecs or ICE credentials fit that one and not the latest.
    /// - Throws: `superseded`, `mismatch`, `unusable`; then nothing has changed.
    public mutating func accept(answer text: String) throws(NegotiationError) -> SubscriberAnswerResult {
        let answer = try SessionDescription(negotiating: text, limits: limits)
        guard let open else { throw .superseded }
        if let reason = Self.misfit(answer, open) {
            throw superseded.contains { Self.misfit(answer, $0) == nil } ? .superseded : .mismatch(reason)
        }
        let transport = try transport(of: answer)
        let keepsCredentials = transport?.ufrag == remote?.ufrag && transport?.password == remote?.password
        if restartsICE, keepsCredentials, transport != nil, awaitsStaleAnswer { throw .superseded }
        var result = SubscriberAnswerResult(
            remote: transport ?? remote, tracks: [], refused: [], restartsICE: restartsICE && !keepsCredentials)
        var slots = slots
        for (index, media) in answer.media.enumerated() where index < slots.count {
            try take(media, of: answer, at: index, into: &slots[index], &result)
        }
        // Nothing throws from here on.
        self.slots = slots
        remote = result.remote
        restartsICE = false
        awaitsStaleAnswer = false
        retire()
        return result
    }

    /// Why the m-lines of an answer do not fit an offer; nil where they do.
    private static func misfit(_ answer: SessionDescription, _ offered: [OfferedLine]) -> String? {
        guard answer.media.count == offered.count else {
            return "the answer has \(answer.media.count) m-lines, the offer \(offered.count)"
        }
        for (index, (media, line)) in zip(answer.media, offered).enumerated() {
            let name = "m-line \(index + 1)"
            guard media.kind == line.kind.rawValue else {
                return "\(name) is \(media.kind.excerpt), offered was \(line.kind.rawValue)"
            }
            if let mid = media.mid, mid != line.mid {
                return "\(name) has mid \(mid.excerpt), offered was \(line.mid.excerpt)"
            }
            guard media.port != 0 else { continue }
            if line.isRejected { return "\(name) was offered with port 0 and is answered with port \(media.port)" }
            if line.codec == nil, media.direction(in: answer).receives {
                return "\(name) was offered inactive and is answered \(media.direction(in: answer).rawValue)"
            }
        }
        return nil
    }

    /// ICE and DTLS of the answer; nil where it rejects every m-line.
    private func transport(of answer: SessionDescription) throws(NegotiationError) -> RemoteTransport? {
        guard answer.attribute("ice-lite") == nil else {
            throw .unusable("the answer is ice-lite, as the relay is: neither side would connect")
        }
        let accepted = answer.media.indices.filter { answer.media[$0].port != 0 }
        guard let first = accepted.first else { return nil }
        let bundle = answer.bundle
        if accepted.count > 1 {
            let members = Set(bundle ?? [])
            for index in accepted where !members.contains(open?[index].mid ?? "") {
                throw .unusable("\(answer.media[index].name(at: index)) is not in the answer's a=group:BUNDLE")
            }
        }
        let tagged = accepted.first { answer.media[$0].mid != nil && answer.media[$0].mid == bundle?.first } ?? first
        let media = answer.media[tagged]
        let name = media.name(at: tagged)
        let transport = try TransportDescription(media, in: answer, name: name)
        guard media.attribute("rtcp-mux") != nil || answer.attribute("rtcp-mux") != nil else {
            throw .unusable("\(name) has no a=rtcp-mux")
        }
        guard let setup = transport.setup else { throw .unusable("\(name) has no a=setup") }
        guard setup != .actpass else { throw .unusable("this is an offer, not an answer: a=setup:actpass") }
        let isClient = setup == .passive
        if let remote, Set(remote.fingerprints) == Set(transport.fingerprints), remote.weAreDTLSClient != isClient {
            throw .unusable("\(name): a=setup:\(setup.rawValue) would change the DTLS role of a connection that is up")
        }
        return RemoteTransport(
            ufrag: transport.ufrag, password: transport.password, fingerprints: transport.fingerprints,
            weAreDTLSClient: isClient)
    }

    /// Takes the answer to one m-line.
    private func take(
        _ media: MediaDescription, of answer: SessionDescription, at index: Int, into slot: inout Slot,
        _ result: inout SubscriberAnswerResult
    ) throws(NegotiationError) {
        guard case .sending(let source) = slot.state else {
            if case .idle = slot.state, media.port == 0 { slot.state = .rejected(nil) }
            if let source = slot.source {
                result.refused.append(RefusedTrack(mid: slot.mid, codec: source.codec.name.rawValue))
            }
            return
        }
        slot.isDeclined = true
        guard media.port != 0 else {
            slot.state = .rejected(source)
            result.refused.append(RefusedTrack(mid: slot.mid, codec: source.codec.name.rawValue))
            return
        }
        let rtp = try RTPMedia(negotiating: media)
        guard let codec = CodecMatching.find(source.codec, in: rtp) else {
            for case let codec? in superseded.map({ index < $0.count ? $0[index].codec : nil })
            where CodecMatching.find(codec, in: rtp) != nil {
                throw .superseded
            }
            result.refused.append(RefusedTrack(mid: slot.mid, codec: source.codec.name.rawValue))
            return
        }
        guard media.direction(in: answer).receives else { return }
        slot.isDeclined = false
        result.tracks.append(track(slot, source, answered: codec, rtp, media, answer))
    }

    private func track(
        _ slot: Slot, _ source: Source, answered: CodecParameters, _ rtp: RTPMedia, _ media: MediaDescription,
        _ answer: SessionDescription
    ) -> OutgoingTrack {
        var codec = source.codec
        codec.payloadType = answered.payloadType
        codec.retransmissionPayloadType =
            source.codec.retransmissionPayloadType == nil ? nil : answered.retransmissionPayloadType
        codec.redundancyPayloadType = source.codec.redundancyPayloadType == nil ? nil : answered.redundancyPayloadType
        var extensions = ExtensionMap()
        for entry in rtp.extensions where entry.direction?.receives ?? true {
            guard let name = HeaderExtension(uri: entry.uri), source.extensions[name] != 0,
                let id = UInt8(exactly: entry.id)
            else { continue }
            extensions[name] = id
        }
        var feedback = source.feedback.intersection(rtp.feedback(for: answered.payloadType))
        if extensions[.transportSequence] == 0 { feedback.remove(.transportWide) }
        return OutgoingTrack(
            mid: slot.mid, sourceMid: source.mid, kind: slot.kind, codec: codec, extensions: extensions,
            feedback: feedback,
            ssrc: slot.ssrc, retransmissionSSRC: codec.retransmissionPayloadType == nil ? nil : slot.retransmissionSSRC,
            canonicalName: streamName,
            mixesExtensionForms: media.attribute("extmap-allow-mixed") != nil
                || answer.attribute("extmap-allow-mixed") != nil)
    }
}
