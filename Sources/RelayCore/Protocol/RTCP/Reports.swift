/// What one receiver has seen of one source (RFC 3550 §6.4.1).
///
///     |                             SSRC                              |
///     | fraction lost |       cumulative number of packets lost       |
///     |           extended highest sequence number received           |
///     |                      interarrival jitter                      |
///     |               last SR (LSR): middle 32 bits of NTP            |
///     |         delay since last SR (DLSR) in 1/65536 s               |
package struct ReportBlock: Equatable, Sendable {
    static let size = 24

    package var ssrc: UInt32
    /// Lost since the previous report, in 1/256.
    package var fractionLost: UInt8
    /// Signed 24 bits on the wire: duplicates can make it negative.
    package var cumulativeLost: Int32
    package var highestSequence: UInt32
    /// In units of the RTP timestamp.
    package var jitter: UInt32
    /// 0: no sender report has come yet.
    package var lastSenderReport: UInt32
    /// In 1/65536 s.
    package var delaySinceLastSenderReport: UInt32

    package init(
        ssrc: UInt32, fractionLost: UInt8, cumulativeLost: Int32, highestSequence: UInt32, jitter: UInt32,
        lastSenderReport: UInt32, delaySinceLastSenderReport: UInt32
    ) {
        self.ssrc = ssrc
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.highestSequence = highestSequence
        self.jitter = jitter
        self.lastSenderReport = lastSenderReport
        self.delaySinceLastSenderReport = delaySinceLastSenderReport
    }

    init?(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard let ssrc = bytes.uint32(at: offset), let loss = bytes.uint32(at: offset + 4),
            let highest = bytes.uint32(at: offset + 8), let jitter = bytes.uint32(at: offset + 12),
            let last = bytes.uint32(at: offset + 16), let delay = bytes.uint32(at: offset + 20)
        else { return nil }
        self.init(
            ssrc: ssrc, fractionLost: UInt8(truncatingIfNeeded: loss >> 24),
            cumulativeLost: Int32(bitPattern: loss << 8) >> 8, highestSequence: highest, jitter: jitter,
            lastSenderReport: last, delaySinceLastSenderReport: delay)
    }
}

/// The report blocks of one report, borrowed from its bytes.
package struct ReportBlocks: Sequence, IteratorProtocol {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package mutating func next() -> ReportBlock? {
        guard let block = ReportBlock(bytes, at: offset) else { return nil }
        offset += ReportBlock.size
        return block
    }
}

/// The sender's part of a sender report (RFC 3550 §6.4.1).
package struct SenderInfo: Equatable, Sendable {
    package var ssrc: UInt32
    /// Seconds since 1900 in 32.32 fixed point.
    package var ntpTime: UInt64
    package var rtpTime: UInt32
    package var packetCount: UInt32
    package var octetCount: UInt32

    package init(ssrc: UInt32, ntpTime: UInt64, rtpTime: UInt32, packetCount: UInt32, octetCount: UInt32) {
        self.ssrc = ssrc
        self.ntpTime = ntpTime
        self.rtpTime = rtpTime
        self.packetCount = packetCount
        self.octetCount = octetCount
    }

    /// The middle 32 bits of the NTP time, as a receiver returns them in LSR.
    package var compactNTPTime: UInt32 { UInt32(truncatingIfNeeded: ntpTime >> 16) }

    /// What takes a timestamp of this source to the timeline of `other`: the one that `other` had at the same NTP time is the sum of
    /// both, modulo 2^32. Both sources have to belong to one sender.
    /// - Returns: nil where the two reports are more than a minute apart, so that clock drift or a wrong clock would show.
    package func timestampDistance(to other: SenderInfo, clockRate: UInt32) -> UInt32? {
        let apart = Int64(bitPattern: ntpTime &- other.ntpTime)
        guard abs(apart >> 32) < 60 else { return nil }
        // At most 60 s in 32.32 times the clock rate, in halves so that it fits.
        let ticks = ((apart >> 16) &* Int64(clockRate) &+ 0x8000) >> 16
        return other.rtpTime &+ UInt32(truncatingIfNeeded: ticks) &- rtpTime
    }
}

/// SR: what a source has sent, and what it has received.
package struct SenderReport {
    package let info: SenderInfo
    package let blocks: ReportBlocks

    init?(_ body: UnsafeRawBufferPointer, blocks count: Int) {
        guard let ssrc = body.uint32(at: 0), let ntp = body.uint64(at: 4), let rtp = body.uint32(at: 12),
            let packets = body.uint32(at: 16), let octets = body.uint32(at: 20),
            let blocks = body.part(at: 24, length: count * ReportBlock.size)
        else { return nil }
        info = SenderInfo(ssrc: ssrc, ntpTime: ntp, rtpTime: rtp, packetCount: packets, octetCount: octets)
        self.blocks = ReportBlocks(blocks)
    }
}

/// RR: what a participant that sends nothing has received (RFC 3550 §6.4.2).
package struct ReceiverReport {
    package let ssrc: UInt32
    package let blocks: ReportBlocks

    init?(_ body: UnsafeRawBufferPointer, blocks count: Int) {
        guard let ssrc = body.uint32(at: 0), let blocks = body.part(at: 4, length: count * ReportBlock.size) else {
            return nil
        }
        self.ssrc = ssrc
        self.blocks = ReportBlocks(blocks)
    }
}
