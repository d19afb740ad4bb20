internal import RelayControl
internal import RelayProtocol

/// What a receiver knows of one stream: which packets it should have, has, and how they were.
package final class ReceivedStream {
    /// Of one stream, or of many together.
    package struct Counts: Sendable {
        package var packets: UInt64 = 0
        package var bytes: UInt64 = 0
        package var frames: UInt64 = 0
        package var duplicated: UInt64 = 0
        package var reordered: UInt64 = 0
        package var recovered: UInt64 = 0
        package var corrupted: UInt64 = 0

        package static func + (a: Counts, b: Counts) -> Counts {
            Counts(
                packets: a.packets + b.packets, bytes: a.bytes + b.bytes, frames: a.frames + b.frames,
                duplicated: a.duplicated + b.duplicated, reordered: a.reordered + b.reordered,
                recovered: a.recovered + b.recovered,
                corrupted: a.corrupted + b.corrupted)
        }
    }

    package let isVideo: Bool
    /// The sender's SSRC, as its stamps have it.
    package let source: UInt32
    package private(set) var counts = Counts()
    private let ledger: LatencyLedger
    var statistics: ReceiveStatistics
    let missing = MissingPackets()
    var window = ReplayWindow()
    var retransmissionWindow = ReplayWindow()
    private var stamps = ReplayWindow()
    private var first: UInt64?

    package init(isVideo: Bool, ssrc: UInt32, source: UInt32, ledger: LatencyLedger) {
        self.ledger = ledger
        self.isVideo = isVideo
        self.source = source
        statistics = ReceiveStatistics(ssrc: ssrc, clockRate: isVideo ? 90_000 : 48_000)
    }

    /// Packets of the sender that should have come and have not: from the first that came to the newest.
    package var lost: UInt64 {
        guard let first, let newest = stamps.newest else { return 0 }
        let expected = newest - first + 1
        return expected > counts.packets ? expected - counts.packets : 0
    }

    /// The newest packet's place in the sender's count.
    package var newest: UInt64? { stamps.newest }

    /// Takes a decrypted payload, without padding.
    /// - Parameter isRetransmission: it was asked for, so that its latency says nothing about the way.
    package func take(_ payload: UnsafeRawBufferPointer, marker: Bool, isRetransmission: Bool, at time: Int64) {
        let head = isVideo ? PayloadStamp.headLength(ofVP8: payload) : 0
        guard let stamp = PayloadStamp(payload: payload, head: head), stamp.source == source else {
            counts.corrupted += 1
            return
        }
        guard stamps.accepts(stamp.sequence), stamp.sequence >= first ?? 0 else {
            // Before the first is from before this receiver joined.
            if stamp.sequence >= first ?? 0 { counts.duplicated += 1 }
            return
        }
        if first == nil { first = stamp.sequence }
        if isRetransmission {
            counts.recovered += 1
        } else {
            if let newest = stamps.newest, stamp.sequence < newest { counts.reordered += 1 }
            ledger.add(time - stamp.sentAt)
        }
        stamps.record(stamp.sequence)
        counts.packets += 1
        counts.bytes += UInt64(payload.count)
        if marker || !isVideo { counts.frames += 1 }
    }
}
