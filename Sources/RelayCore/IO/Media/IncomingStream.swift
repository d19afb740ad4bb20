internal import RelayControl
internal import RelayProtocol

/// One SSRC from a publisher: a track's media, one of its simulcast layers, or the retransmissions of one of those.
final class IncomingStream {
    let ssrc: UInt32
    /// Of media streams it holds this one, too, until that is removed.
    let encoding: Encoding
    let producer: Producer
    unowned let publication: Publication
    /// For a retransmission stream (RFC 4588): whose packets it repeats.
    let repairs: IncomingStream?
    /// What its packets' descriptors say.
    var layers: LayerReader

    /// SRTP's view of the SSRC.
    var window = ReplayWindow()
    /// Packets taken, whether they came by themselves or as a retransmission: each is forwarded once.
    var arrived = ReplayWindow()
    var statistics: ReceiveStatistics
    /// Nil where NACK was not negotiated.
    let missing: MissingPackets?
    let history: PacketHistory?
    var keyframes = KeyframeRequests()
    var keyframeCache: KeyframeCache
    /// Recovered packets that the worker's totals contain.
    var reportedRecoveries: UInt64 = 0
    var lastPacketAt: Instant

    private static let silence = Instant.Span.milliseconds(700)

    init(
        ssrc: UInt32, encoding: Encoding, of publication: Publication, repairs: IncomingStream? = nil,
        keyframeCache: Instant.Span = .milliseconds(0), at now: Instant
    ) {
        self.ssrc = ssrc
        self.encoding = encoding
        producer = encoding.producer
        self.publication = publication
        self.repairs = repairs
        layers = LayerReader(codec: encoding.producer.track.codec.name)
        lastPacketAt = now
        let track = producer.track
        statistics = ReceiveStatistics(ssrc: ssrc, clockRate: track.codec.clockRate)
        let isMedia = repairs == nil
        missing = isMedia && track.feedback.contains(.nack) ? MissingPackets() : nil
        self.keyframeCache = KeyframeCache(span: track.kind == .video ? keyframeCache : .milliseconds(0))
        let settings: PacketHistory.Settings =
            track.kind == .audio ? .audio : PacketHistory.Settings(keyframeCache: keyframeCache)
        history = isMedia ? PacketHistory(settings) : nil
    }

    /// Whether packets arrive.
    func isAlive(at now: Instant) -> Bool { now - lastPacketAt < Self.silence }

    /// Gives every slot of the history back.
    func close(_ pool: PacketPool) {
        while let slot = history?.removeFirst() { pool.release(slot) }
    }
}
