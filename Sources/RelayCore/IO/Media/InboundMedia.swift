internal import RelayControl
internal import RelayProtocol

/// What one publishing connection receives: its streams by SSRC, and what it reports back about the path.
final class InboundMedia {
    let publication: Publication
    private(set) var streams: [UInt32: IncomingStream] = [:]
    private(set) var table = ExtensionTable(ExtensionMap())
    /// Arrival times for the publisher's bandwidth estimate; nil until negotiated.
    private(set) var feedback: TransportFeedback?
    /// How much may come; nil unless only REMB was negotiated.
    var estimate: ReceiverSideEstimate?
    /// SSRC of our RTCP.
    let reporter = UInt32.random(in: 1...UInt32.max)
    var firCommand: UInt8 = 0
    var nextReport: Instant
    /// Measures the round trip to the publisher.
    var clock = ReferenceTimeClock()
    private let keyframeCache: Instant.Span
    /// Packets of all streams, and those of them that are missing, when reports were last sent.
    private var reported: (packets: UInt64, lost: Int64) = (0, 0)

    /// SRTP's view of SSRCs whose stream was let go: should they go on, so do their rollover counts, and replays stay known.
    private var retiredWindows: [UInt32: ReplayWindow] = [:]
    private var extensions = ExtensionMap()

    /// Streams a track; more SSRCs than any browser makes.
    private static let maximumStreams = 16
    /// A stream that was silent for so long makes room for another.
    private static let idleSpan = Instant.Span.seconds(5)
    private static let maximumRetired = 1024

    /// - Parameter keyframeCache: how long keyframes are kept for newcomers.
    init(publication: Publication, keyframeCache: Instant.Span = .milliseconds(0), at now: Instant) {
        self.publication = publication
        self.keyframeCache = keyframeCache
        nextReport = now
        for producer in publication.producers { producer.forgetStreams() }
    }

    /// Takes note of a negotiation: extension identifiers are the same on all m-lines of a bundle.
    func renegotiated() {
        var map = ExtensionMap()
        var wide = false
        var estimate = false
        for producer in publication.producers {
            for kind in HeaderExtension.allCases where map[kind] == 0 { map[kind] = producer.track.extensions[kind] }
            wide = wide || producer.track.feedback.contains(.transportWide)
            estimate = estimate || producer.track.feedback.contains(.receiverEstimate)
        }
        if map != extensions {
            extensions = map
            table = ExtensionTable(map)
            for producer in publication.producers { producer.headersChanged() }
        }
        for producer in publication.producers { producer.table = table }
        if wide, map[.transportSequence] != 0 { feedback = feedback ?? TransportFeedback() } else { feedback = nil }
        let isOnlyWay = estimate && feedback == nil
        self.estimate = isOnlyWay ? self.estimate ?? ReceiverSideEstimate() : nil
        for stream in Array(streams.values) where !isWanted(stream) { retire(stream) }
    }

    /// Whether there still is the track, and the version of it, that a stream belongs to.
    private func isWanted(_ stream: IncomingStream) -> Bool {
        publication.producers.contains { $0 === stream.producer }
            && stream.producer.encodings.contains { $0 === stream.encoding }
    }

    /// Reports are sent: what was lost since the last time counts for the estimate.
    func noteLoss(at now: Instant) {
        guard estimate != nil else { return }
        var packets: UInt64 = 0
        var lost: Int64 = 0
        for stream in streams.values where stream.repairs == nil {
            packets &+= stream.statistics.packets
            lost += Int64(stream.statistics.cumulativeLost)
        }
        defer { reported = (packets, lost) }
        guard packets >= reported.packets else { return }
        let missing = Int(lost - reported.lost)
        let expected = Int(clamping: packets - reported.packets) + missing
        if expected > 0 { estimate?.reported(packets: expected, lost: missing, at: now) }
    }

    /// Where SRTP is with an SSRC that has no stream.
    func window(of ssrc: UInt32) -> ReplayWindow { retiredWindows[ssrc] ?? ReplayWindow() }

    private func retire(_ stream: IncomingStream) {
        streams[stream.ssrc] = nil
        if stream.repairs == nil { stream.producer.remove(stream) }
        if retiredWindows.count >= Self.maximumRetired, let any = retiredWindows.keys.first {
            retiredWindows[any] = nil
        }
        retiredWindows[stream.ssrc] = stream.window
    }

    /// Makes room for one more stream; false where all are in use.
    private func makeRoom(at now: Instant) -> Bool {
        guard streams.count >= Self.maximumStreams * publication.producers.count else { return true }
        guard let oldest = streams.values.min(by: { $0.lastPacketAt < $1.lastPacketAt }),
            now - oldest.lastPacketAt > Self.idleSpan
        else {
            return false
        }
        for stream in Array(streams.values) where stream === oldest || stream.repairs === oldest { retire(stream) }
        return true
    }

    /// Gives back the slots of packets that are too old to be resent, of streams that fell silent too.
    func expireHistories(_ pool: PacketPool, at now: Instant) {
        for stream in streams.values {
            while let slot = stream.history?.expired(at: now) { pool.release(slot) }
        }
    }

    /// Finds out whose an unknown SSRC is: by announcement, by mid and rid, or by a payload type that only one track has.
    func resolve(_ header: PacketHeader, fields: ExtensionFields, packet: UnsafeRawBufferPointer, at now: Instant)
        -> IncomingStream?
    {
        let mid = text(.mid, fields, packet)
        guard let producer = producer(of: header, mid: mid), makeRoom(at: now) else { return nil }
        let codec = producer.track.codec
        if header.payloadType == codec.retransmissionPayloadType {
            let rid = text(.repairedStreamID, fields, packet) ?? text(.streamID, fields, packet)
            guard let repaired = repairedStream(by: header.ssrc, rid: rid, of: producer) else { return nil }
            return register(
                IncomingStream(
                    ssrc: header.ssrc, encoding: repaired.encoding, of: publication, repairs: repaired, at: now))
        }
        guard header.payloadType == codec.payloadType || header.payloadType == codec.redundancyPayloadType else {
            return nil
        }
        let rid = text(.streamID, fields, packet) ?? ""
        guard let encoding = producer.encoding(of: header.ssrc, streamID: rid) else { return nil }
        return register(
            IncomingStream(
                ssrc: header.ssrc, encoding: encoding, of: publication, keyframeCache: keyframeCache, at: now))
    }

    private func register(_ stream: IncomingStream) -> IncomingStream {
        retiredWindows[stream.ssrc] = nil
        streams[stream.ssrc] = stream
        if stream.repairs == nil { stream.encoding.add(stream) }
        return stream
    }

    private func producer(of header: PacketHeader, mid: String?) -> Producer? {
        let producers = publication.producers
        if let mid { return producers.first { $0.track.mid == mid } }
        if let announced = producers.first(where: { producer in
            producer.track.streams.contains { $0.ssrc == header.ssrc || $0.retransmissionSSRC == header.ssrc }
        }) {
            return announced
        }
        let fitting = producers.filter { producer in
            let codec = producer.track.codec
            return codec.payloadType == header.payloadType || codec.retransmissionPayloadType == header.payloadType
                || codec.redundancyPayloadType == header.payloadType
        }
        return fitting.count == 1 ? fitting[0] : nil
    }

    private func repairedStream(by ssrc: UInt32, rid: String?, of producer: Producer) -> IncomingStream? {
        if let announced = producer.track.streams.first(where: { $0.retransmissionSSRC == ssrc }) {
            return producer.stream(announced.ssrc)
        }
        if let rid, let encoding = producer.encodings.first(where: { $0.streamID == rid }) {
            return encoding.current ?? encoding.streams.last
        }
        let streams = producer.streams
        return streams.count == 1 ? streams[0] : nil
    }

    private func text(_ kind: HeaderExtension, _ fields: ExtensionFields, _ packet: UnsafeRawBufferPointer) -> String? {
        fields.bytes(kind, in: packet).map { String(decoding: $0, as: UTF8.self) }
    }

    /// New keys: SRTP begins anew on every stream.
    func resetWindows() {
        for stream in streams.values { stream.window = ReplayWindow() }
        retiredWindows = [:]
    }

    /// Lets go of every stream; the publication stays.
    func close() {
        for stream in streams.values where stream.repairs == nil { stream.producer.remove(stream) }
        streams = [:]
    }
}
