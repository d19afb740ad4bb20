internal import RelayControl
internal import RelayProtocol

/// What a receiver knows of one stream: which packets it should have, has, and how they were.
///
/// A server may change from one layer of the sender's simulcast to another: what is missing is counted for each from the first
/// packet after the change to the newest before the next one.
package final class ReceivedStream {
    /// Of one stream, or of many together.
    package struct Counts: Sendable {
        package var packets: UInt64 = 0
        package var bytes: UInt64 = 0
        package var frames: UInt64 = 0
        package var duplicated: UInt64 = 0
        /// Second copies of what was asked for again: it was asked for twice, or was on its way when it was asked for.
        package var superfluous: UInt64 = 0
        package var reordered: UInt64 = 0
        package var recovered: UInt64 = 0
        package var corrupted: UInt64 = 0
        /// Changes from one layer to another.
        package var layerChanges: UInt64 = 0

        package static func + (a: Counts, b: Counts) -> Counts {
            Counts(
                packets: a.packets + b.packets, bytes: a.bytes + b.bytes, frames: a.frames + b.frames,
                duplicated: a.duplicated + b.duplicated,
                superfluous: a.superfluous + b.superfluous, reordered: a.reordered + b.reordered,
                recovered: a.recovered + b.recovered, corrupted: a.corrupted + b.corrupted,
                layerChanges: a.layerChanges + b.layerChanges)
        }
    }

    /// What came of one of the sender's streams since it was chosen.
    private struct Segment {
        let source: UInt32
        var first: UInt64?
        var stamps = ReplayWindow()
        /// Those of them that came as retransmissions.
        var recovered = ReplayWindow()
        var packets: UInt64 = 0

        var lost: UInt64 {
            guard let first, let newest = stamps.newest, newest >= first, newest - first >= packets else { return 0 }
            return newest - first + 1 - packets
        }
    }

    package let isVideo: Bool
    private let codec: VideoCodec?
    package private(set) var counts = Counts()
    private let ledger: LatencyLedger
    var statistics: ReceiveStatistics
    let missing = MissingPackets()
    var window = ReplayWindow()
    var retransmissionWindow = ReplayWindow()
    /// By layer, the smallest first.
    private var segments: [Segment]
    private var current: Int?
    private var lostBefore: UInt64 = 0

    /// - Parameters:
    ///   - codec: nil for audio.
    ///   - sources: the sender's SSRCs, as its stamps have them: one, or with simulcast one a layer.
    package init(codec: VideoCodec?, ssrc: UInt32, sources: [UInt32], ledger: LatencyLedger) {
        self.ledger = ledger
        self.codec = codec
        isVideo = codec != nil
        segments = sources.map { Segment(source: $0) }
        statistics = ReceiveStatistics(ssrc: ssrc, clockRate: codec != nil ? 90_000 : 48_000)
    }

    /// Packets of the sender that should have come and have not: from the first that came to the newest.
    package var lost: UInt64 { segments.reduce(lostBefore) { $0 + $1.lost } }

    /// The sender's SSRC that came last, and its newest packet's place in the sender's count.
    package var newest: (source: UInt32, sequence: UInt64)? {
        guard let current, let sequence = segments[current].stamps.newest else { return nil }
        return (segments[current].source, sequence)
    }

    /// Takes a decrypted payload, without padding.
    /// - Parameter isRetransmission: it was asked for, so that its latency says nothing about the way.
    package func take(_ payload: UnsafeRawBufferPointer, marker: Bool, isRetransmission: Bool, at time: Int64) {
        let head = codec?.headLength(of: payload) ?? 0
        guard let stamp = PayloadStamp(payload: payload, head: head), stamp.isPlausible(at: time),
            let number = segments.firstIndex(where: { $0.source == stamp.source })
        else {
            counts.corrupted += 1
            return
        }
        if number != current, !isRetransmission || current == nil { change(to: number, at: stamp.sequence) }
        // Before the first is from before this receiver joined.
        guard let first = segments[number].first, stamp.sequence >= first else { return }
        guard segments[number].stamps.accepts(stamp.sequence) else {
            if isRetransmission || !segments[number].recovered.accepts(stamp.sequence) {
                counts.superfluous += 1
            } else {
                counts.duplicated += 1
            }
            return
        }
        if isRetransmission {
            counts.recovered += 1
            segments[number].recovered.record(stamp.sequence)
        } else {
            if let newest = segments[number].stamps.newest, stamp.sequence < newest { counts.reordered += 1 }
            ledger.add(time - stamp.sentAt)
        }
        segments[number].stamps.record(stamp.sequence)
        segments[number].packets += 1
        counts.packets += 1
        counts.bytes += UInt64(payload.count)
        if marker || !isVideo { counts.frames += 1 }
    }

    private func change(to number: Int, at sequence: UInt64) {
        // What is late of the layer before does not bring it back.
        if let newest = segments[number].stamps.newest, sequence <= newest { return }
        if current != nil { counts.layerChanges += 1 }
        current = number
        lostBefore += segments[number].lost
        segments[number].first = sequence
        segments[number].packets = 0
    }
}
