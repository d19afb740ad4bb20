import RelayControl

/// Writes the answer to a publisher's offer, m-line for m-line.
struct PublisherAnswerWriter {
    let offer: PublisherOffer
    let local: LocalTransport
    let weAreDTLSClient: Bool

    func description(sessionID: UInt64, version: UInt64) -> SessionDescription {
        let accepted = offer.accepted
        var lines = [
            "v=0", "o=- \(sessionID) \(version) IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite", "a=ice-options:ice2",
        ]
        if offer.description.bundle != nil {
            lines.append("a=group:BUNDLE" + accepted.compactMap(\.media.mid).map { " " + $0 }.joined())
        }
        if offer.description.attribute("extmap-allow-mixed") != nil { lines.append("a=extmap-allow-mixed") }
        var description = SessionDescription(lines: lines.map { SDPLine($0) })
        for section in offer.sections {
            guard let track = section.track else {
                description.media.append(rejection(of: section.media))
                continue
            }
            var media = answer(to: section.media, track, section.returned)
            // The first of the bundle would do, but some libraries believe the last m-line.
            for line in local.candidateLines { media.add(line) }
            description.media.append(media)
        }
        return description
    }

    /// Port 0; one format, because the grammar asks for one; ICE credentials, because some libraries insist on them
    /// everywhere.
    private func rejection(of offered: MediaDescription) -> MediaDescription {
        var media = MediaDescription(
            kind: offered.kind, port: 0, transport: offered.transport, formats: Array(offered.formats.prefix(1)))
        media.add("c=IN IP4 0.0.0.0")
        if let mid = offered.mid { media.add("a=mid:\(mid)") }
        media.add("a=inactive")
        for line in local.attributeLines(setup: weAreDTLSClient ? .active : .passive) { media.add(line) }
        return media
    }

    private func answer(
        to offered: MediaDescription, _ track: PublisherOffer.OfferedTrack, _ returned: ReturnLine?
    ) -> MediaDescription {
        let incoming = track.incoming
        var media = MediaDescription(
            kind: offered.kind, port: local.defaultPort, transport: offered.transport,
            formats: payloadTypes(track, returned).map { String($0) })
        media.add(local.connectionLine)
        if let mid = offered.mid { media.add("a=mid:\(mid)") }
        media.add("a=\(direction(track, returned).rawValue)")
        for line in local.attributeLines(setup: weAreDTLSClient ? .active : .passive) { media.add(line) }
        media.add("a=rtcp-mux")
        if offered.attribute("rtcp-rsize") != nil { media.add("a=rtcp-rsize") }
        if offered.attribute("extmap-allow-mixed") != nil { media.add("a=extmap-allow-mixed") }
        addExtensions(to: &media, offered, track, returned)
        addCodecs(to: &media, track, returned)
        if let returned { addSources(to: &media, returned) }
        guard track.sends, !incoming.streamIDs.isEmpty else { return media }
        for id in incoming.streamIDs { media.add("a=rid:\(id) recv") }
        media.add("a=simulcast:recv \(incoming.streamIDs.joined(separator: ";"))")
        return media
    }

    private func direction(
        _ track: PublisherOffer.OfferedTrack, _ returned: ReturnLine?
    ) -> MediaDescription.Direction {
        if returned != nil { return track.sends ? .sendrecv : .sendonly }
        return track.sends ? .recvonly : .inactive
    }

    /// In the offer's order, so that what the offerer is to send stands first.
    private func payloadTypes(_ track: PublisherOffer.OfferedTrack, _ returned: ReturnLine?) -> [UInt8] {
        guard let returned else { return track.payloadTypes }
        var listed = Set(track.sends ? track.payloadTypes : [])
        for codec in returned.codecs {
            listed.insert(codec.parameters.payloadType)
            if let retransmission = codec.parameters.retransmissionPayloadType { listed.insert(retransmission) }
        }
        return track.rtp.payloadTypes.filter { listed.contains($0) }
    }

    private func addCodecs(
        to media: inout MediaDescription, _ track: PublisherOffer.OfferedTrack, _ returned: ReturnLine?
    ) {
        let incoming = track.incoming
        let own = returned?.codecs.first { $0.parameters.payloadType == incoming.codec.payloadType }
        if returned == nil || track.sends {
            media.addCodec(
                incoming.codec, format: track.answeredFormat, feedback: incoming.feedback.union(own?.feedback ?? []))
        }
        for codec in returned?.codecs ?? []
        where !track.sends || codec.parameters.payloadType != incoming.codec.payloadType {
            var parameters = codec.parameters
            parameters.redundancyPayloadType = nil
            media.addCodec(parameters, format: parameters.answerFormat, feedback: codec.feedback)
        }
    }

    private func addSources(to media: inout MediaDescription, _ returned: ReturnLine) {
        media.add("a=msid:\(returned.streamName) \(returned.kind.rawValue)-\(returned.ssrc)")
        let repeats = returned.kind == .video && returned.hasRetransmissions
        if repeats { media.add("a=ssrc-group:FID \(returned.ssrc) \(returned.retransmissionSSRC)") }
        media.add("a=ssrc:\(returned.ssrc) cname:\(returned.streamName)")
        if repeats { media.add("a=ssrc:\(returned.retransmissionSSRC) cname:\(returned.streamName)") }
    }

    /// The extensions we read or write, in the offer's order and under its identifiers; one that is offered for one direction only
    /// is answered for the other only.
    private func addExtensions(
        to media: inout MediaDescription, _ offered: MediaDescription, _ track: PublisherOffer.OfferedTrack,
        _ returned: ReturnLine?
    ) {
        let read = returned == nil || track.sends ? track.incoming.extensions : ExtensionMap()
        let written = returned?.extensions ?? ExtensionMap()
        for attribute in offered.attributes("extmap") {
            guard let entry = try? ExtensionEntry(attribute), let name = HeaderExtension(uri: entry.uri),
                let id = UInt8(exactly: entry.id), read[name] == id || written[name] == id
            else { continue }
            let direction =
                switch entry.direction {
                case .sendonly: "/recvonly"
                case .recvonly: "/sendonly"
                default: ""
                }
            media.add("a=extmap:\(id)\(direction) \(entry.uri)")
        }
    }
}

extension MediaDescription {
    /// `a=rtpmap`, `a=rtcp-fb` and `a=fmtp` of a codec, its retransmissions and its RED.
    mutating func addCodec(_ codec: CodecParameters, format: String, feedback: FeedbackSet) {
        let map = RTPMap(
            payloadType: codec.payloadType, encoding: codec.name.rawValue, clockRate: codec.clockRate,
            channels: codec.channels)
        add("a=rtpmap:\(codec.payloadType) \(map.text)")
        for (kind, text) in FeedbackSet.texts where feedback.contains(kind) {
            add("a=rtcp-fb:\(codec.payloadType) \(text)")
        }
        if !format.isEmpty { add("a=fmtp:\(codec.payloadType) \(format)") }
        if let retransmission = codec.retransmissionPayloadType {
            add("a=rtpmap:\(retransmission) rtx/\(codec.clockRate)")
            add("a=fmtp:\(retransmission) apt=\(codec.payloadType)")
        }
        if let redundancy = codec.redundancyPayloadType {
            add("a=rtpmap:\(redundancy) red/\(codec.clockRate)/\(codec.channels)")
            add("a=fmtp:\(redundancy) \(codec.payloadType)/\(codec.payloadType)")
        }
    }
}
