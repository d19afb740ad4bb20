import RelayControl

/// Writes the offer of a subscribing connection from its slots.
struct SubscriberOfferWriter {
    let negotiation: SubscriberNegotiation
    let local: LocalTransport

    func description() -> SessionDescription {
        let mids = negotiation.slots.filter { !isRejected($0) }.map(\.mid)
        var lines = [
            "v=0", "o=- \(negotiation.sessionID) \(negotiation.version) IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite",
            "a=ice-options:ice2",
        ]
        if !mids.isEmpty { lines.append("a=group:BUNDLE " + mids.joined(separator: " ")) }
        lines += ["a=extmap-allow-mixed", "a=msid-semantic:WMS *"]
        return SessionDescription(lines: lines.map { SDPLine($0) }, media: negotiation.slots.map { media(for: $0) })
    }

    private func isRejected(_ slot: SubscriberNegotiation.Slot) -> Bool {
        if case .rejected = slot.state { true } else { false }
    }

    private func media(for slot: SubscriberNegotiation.Slot) -> MediaDescription {
        switch slot.state {
        case .sending(let source): sending(source, slot)
        case .idle(let codec): inactive(slot, codec)
        case .rejected: rejected(slot)
        }
    }

    private func sending(_ source: SubscriberNegotiation.Source, _ slot: SubscriberNegotiation.Slot) -> MediaDescription
    {
        let codec = source.codec
        let formats = [codec.payloadType, codec.retransmissionPayloadType, codec.redundancyPayloadType].compactMap(
            \.self)
        var media = opened(slot, formats: formats, direction: .sendonly)
        media.add("a=msid:\(negotiation.streamName) \(slot.kind.rawValue)-\(slot.ssrc)")
        for name in HeaderExtension.allCases where source.extensions[name] != 0 {
            media.add("a=extmap:\(source.extensions[name]) \(name.uri)")
        }
        media.addCodec(codec, format: codec.format, feedback: source.feedback)
        if codec.retransmissionPayloadType != nil {
            media.add("a=ssrc-group:FID \(slot.ssrc) \(slot.retransmissionSSRC)")
        }
        media.add("a=ssrc:\(slot.ssrc) cname:\(negotiation.streamName)")
        if codec.retransmissionPayloadType != nil {
            media.add("a=ssrc:\(slot.retransmissionSSRC) cname:\(negotiation.streamName)")
        }
        return closed(media)
    }

    /// An m-line at rest still needs a codec.
    private func inactive(_ slot: SubscriberNegotiation.Slot, _ codec: CodecParameters) -> MediaDescription {
        var codec = codec
        codec.retransmissionPayloadType = nil
        codec.redundancyPayloadType = nil
        var media = opened(slot, formats: [codec.payloadType], direction: .inactive)
        media.addCodec(codec, format: codec.format, feedback: [])
        return closed(media)
    }

    private func rejected(_ slot: SubscriberNegotiation.Slot) -> MediaDescription {
        var media = MediaDescription(kind: slot.kind.rawValue, port: 0, transport: "UDP/TLS/RTP/SAVPF", formats: ["0"])
        media.add("c=IN IP4 0.0.0.0")
        media.add("a=mid:\(slot.mid)")
        media.add("a=inactive")
        for line in local.attributeLines(setup: .actpass) { media.add(line) }
        return media
    }

    private func opened(
        _ slot: SubscriberNegotiation.Slot, formats: [UInt8], direction: MediaDescription.Direction
    ) -> MediaDescription {
        var media = MediaDescription(
            kind: slot.kind.rawValue, port: local.defaultPort, transport: "UDP/TLS/RTP/SAVPF",
            formats: formats.map { String($0) })
        media.add(local.connectionLine)
        media.add("a=mid:\(slot.mid)")
        media.add("a=\(direction.rawValue)")
        for line in local.attributeLines(setup: .actpass) { media.add(line) }
        media.add("a=rtcp-mux")
        media.add("a=rtcp-rsize")
        return media
    }

    /// Every m-line has the candidates, because the subscriber may reject the first ones.
    private func closed(_ media: MediaDescription) -> MediaDescription {
        var media = media
        for line in local.candidateLines { media.add(line) }
        return media
    }
}
