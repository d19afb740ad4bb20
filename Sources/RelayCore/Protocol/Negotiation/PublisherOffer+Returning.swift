import RelayControl

extension PublisherOffer {
    /// Finds the m-lines on which is sent back what is wanted, and gives them their SSRCs.
    /// - Throws: `unusableLine` for a video whose m-line cannot carry one.
    mutating func takeBack(
        _ wanted: ReturnedMedia, sources: inout ReturnSources, using generator: inout some RandomNumberGenerator
    ) throws(NegotiationError) {
        if wanted.needsLines { for mid in wanted.videos.keys.sorted() { try checkVideo(mid: mid) } }
        let taken = Set(sections.flatMap { $0.track?.rtp.sources ?? [] })
        if wanted.mix, let (index, opus) = mixLine {
            prefer(opus, at: index)
            let pair = sources.pair(at: index, .audio, besides: taken, using: &generator)
            var plain = opus
            plain.retransmissionPayloadType = nil
            plain.redundancyPayloadType = nil
            sections[index].returned = line(at: index, [plain], pair, streamName: ReturnedMedia.mixStream)
        }
        for index in sections.indices {
            guard let mid = sections[index].media.mid, let video = wanted.videos[mid],
                let track = sections[index].track, track.receives, track.incoming.kind == .video
            else { continue }
            let codecs = CodecMatching.usable(in: track.rtp, kind: .video)
            if let codec = video.codec, !codecs.contains(where: { CodecMatching.isSame($0, codec) }) { continue }
            let pair = sources.pair(at: index, .video, besides: taken, using: &generator)
            sections[index].returned = line(at: index, codecs, pair, streamName: video.streamName)
        }
    }

    private func checkVideo(mid: String) throws(NegotiationError) {
        guard let section = sections.first(where: { $0.media.mid == mid }) else {
            throw .unusableLine(mid: mid, reason: "the offer has no such m-line")
        }
        guard section.media.kind == MediaKind.video.rawValue else {
            throw .unusableLine(mid: mid, reason: "the m-line is \(section.media.kind.excerpt), not video")
        }
        guard let track = section.track else {
            throw .unusableLine(mid: mid, reason: section.rejection ?? "the offer rejects the m-line with port 0")
        }
        guard track.receives else {
            throw .unusableLine(mid: mid, reason: "the offer does not receive on the m-line")
        }
    }

    /// The first audio m-line that the client receives Opus on.
    private var mixLine: (index: Int, opus: CodecParameters)? {
        for (index, section) in sections.enumerated() {
            guard let track = section.track, track.incoming.kind == .audio, track.receives,
                let opus = CodecMatching.usable(in: track.rtp, kind: .audio).first(where: { $0.name == .opus })
            else { continue }
            return (index, opus)
        }
        return nil
    }

    private func line(
        at index: Int, _ codecs: [CodecParameters], _ pair: ReturnSources.Pair, streamName: String
    ) -> ReturnLine? {
        guard let track = sections[index].track else { return nil }
        let (media, kind) = (sections[index].media, track.incoming.kind)
        let extensions = track.rtp.extensionsWeSend(kind)
        return ReturnLine(
            mid: track.incoming.mid, kind: kind, ssrc: pair.media, retransmissionSSRC: pair.retransmission,
            codecs: codecs.map { codec in
                let offered = track.rtp.feedback(for: codec.payloadType)
                return .init(parameters: codec, feedback: .returned(offered, kind: kind, extensions: extensions))
            }, extensions: extensions, streamName: streamName,
            mixesExtensionForms: media.attribute("extmap-allow-mixed") != nil
                || description.attribute("extmap-allow-mixed") != nil)
    }
}

extension RTPMedia {
    /// The header extensions that the offerer receives and we send, under the offerer's identifiers.
    fileprivate func extensionsWeSend(_ kind: MediaKind) -> ExtensionMap {
        let sent: [HeaderExtension] =
            switch kind {
            case .audio: [.mid, .transportSequence, .absoluteSendTime, .audioLevel]
            case .video:
                [
                    .mid, .transportSequence, .absoluteSendTime, .videoOrientation, .absoluteCaptureTime,
                    .dependencyDescriptor, .playoutDelay,
                ]
            }
        var map = ExtensionMap()
        for entry in extensions where entry.direction?.receives ?? true {
            guard let name = HeaderExtension(uri: entry.uri), sent.contains(name), let id = UInt8(exactly: entry.id)
            else { continue }
            map[name] = id
        }
        return map
    }
}

extension FeedbackSet {
    /// What we take of a client about what we send. Sound of our own making is not resent. REMB only where there is no
    /// transport-wide feedback.
    fileprivate static func returned(
        _ offered: FeedbackSet, kind: MediaKind, extensions: ExtensionMap
    ) -> FeedbackSet {
        var set = offered
        if kind == .audio { set.formIntersection([.transportWide]) }
        if extensions[.transportSequence] == 0 { set.remove(.transportWide) }
        if set.contains(.transportWide) { set.remove(.receiverEstimate) }
        return set
    }
}
