/// What has been received of one source, as RFC 3550 counts it (appendices A.1, A.3 and A.8).
///
/// A jump of the sequence number is believed when a second packet confirms it; counting then goes on from there.
package struct ReceiveStatistics: Sendable {
    /// A gap up to this is loss, a longer one perhaps a restart.
    private static let maximumDropout: UInt16 = 3000
    /// How late a packet may be.
    private static let maximumMisorder: UInt16 = 1000

    package let ssrc: UInt32
    /// Hz of the RTP timestamp.
    package let clockRate: UInt32
    /// All packets that were counted, duplicates included.
    package private(set) var packets: UInt64 = 0
    package private(set) var bytes: UInt64 = 0
    /// The newest sender report and when it came.
    package private(set) var senderReport: (info: SenderInfo, at: Instant)?
    /// Lost in the interval of the newest report block, in 1/256.
    package private(set) var fractionLost: UInt8 = 0

    private var hasBegun = false
    private var baseSequence: UInt16 = 0
    private var highest: UInt16 = 0
    private var cycles: UInt32 = 0
    /// `cycles` where the present run of sequence numbers began.
    private var baseCycles: UInt32 = 0
    private var received: Int64 = 0
    /// Of runs before the present one.
    private var lostBefore: Int64 = 0
    private var expectedPrior: Int64 = 0
    private var receivedPrior: Int64 = 0
    private var badSequence: UInt16?
    private var transit: UInt32?
    /// In 1/16 of a timestamp unit.
    private var scaledJitter: UInt32 = 0
    private var window = BitrateWindow()

    package init(ssrc: UInt32, clockRate: UInt32) {
        self.ssrc = ssrc
        self.clockRate = clockRate
    }

    /// Counts a packet of `bytes` bytes. Retransmissions under an SSRC of their own belong to that SSRC's statistics.
    /// - Returns: false for a packet far from all others, which is not counted.
    @discardableResult
    package mutating func received(sequence: UInt16, timestamp: UInt32, bytes: Int, at now: Instant) -> Bool {
        let inOrder: Bool
        if !hasBegun {
            begin(at: sequence)
            inOrder = true
        } else {
            let ahead = sequence &- highest
            if ahead < Self.maximumDropout {
                if sequence < highest { cycles &+= 0x1_0000 }
                inOrder = ahead > 0
                highest = sequence
                badSequence = nil
            } else if ahead <= 0 &- Self.maximumMisorder {
                guard badSequence == sequence else {
                    badSequence = sequence &+ 1
                    return false
                }
                restart(at: sequence)
                inOrder = true
            } else {
                inOrder = false
            }
        }
        received &+= 1
        packets &+= 1
        self.bytes &+= UInt64(clamping: bytes)
        window.add(bytes: bytes, at: now)
        if inOrder { updateJitter(timestamp, at: now) }
        return true
    }

    /// Notes a sender report of this source.
    package mutating func received(_ report: SenderInfo, at now: Instant) { senderReport = (report, now) }

    /// Highest sequence number with the count of its wraps above; nil before the first packet.
    package var extendedHighestSequence: UInt32? { hasBegun ? cycles &+ UInt32(highest) : nil }

    package var expected: Int64 {
        hasBegun ? Int64(cycles &- baseCycles) + Int64(highest) - Int64(baseSequence) + 1 : 0
    }

    /// Negative where duplicates outnumber losses.
    package var cumulativeLost: Int64 { lostBefore + expected - received }

    /// In units of the timestamp.
    package var jitter: UInt32 { scaledJitter >> 4 }

    package mutating func bitsPerSecond(at now: Instant) -> UInt64 { window.bitsPerSecond(at: now) }

    /// The block for the next report, which begins a new interval of `fractionLost`. Nil before the first packet.
    package mutating func reportBlock(at now: Instant) -> ReportBlock? {
        guard let highest = extendedHighestSequence else { return nil }
        let expectedNow = expected - expectedPrior
        let lostNow = expectedNow - (received - receivedPrior)
        expectedPrior = expected
        receivedPrior = received
        fractionLost = expectedNow > 0 && lostNow > 0 ? UInt8(clamping: lostNow * 256 / expectedNow) : 0
        return ReportBlock(
            ssrc: ssrc, fractionLost: fractionLost,
            cumulativeLost: Int32(min(max(cumulativeLost, -0x80_0000), 0x7f_ffff)), highestSequence: highest,
            jitter: jitter,
            lastSenderReport: senderReport?.info.compactNTPTime ?? 0,
            delaySinceLastSenderReport: senderReport.map { Self.inCompactNTP(now - $0.at) } ?? 0)
    }

    /// A span in 1/65536 s.
    private static func inCompactNTP(_ span: Instant.Span) -> UInt32 {
        let microseconds = UInt64(clamping: min(span.microseconds, 65_535_000_000))
        return UInt32(truncatingIfNeeded: microseconds * 65_536 / 1_000_000)
    }

    private mutating func begin(at sequence: UInt16) {
        hasBegun = true
        baseSequence = sequence
        highest = sequence
    }

    private mutating func restart(at sequence: UInt16) {
        lostBefore = cumulativeLost
        // Upwards always, so that the extended number keeps growing for whoever subtracts two of them.
        if sequence < highest { cycles &+= 0x1_0000 }
        baseCycles = cycles
        baseSequence = sequence
        highest = sequence
        received = 0
        expectedPrior = 0
        receivedPrior = 0
        badSequence = nil
        transit = nil
    }

    private mutating func updateJitter(_ timestamp: UInt32, at now: Instant) {
        let rate = Int64(clockRate)
        let (seconds, rest) = now.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let arrival = UInt32(truncatingIfNeeded: seconds &* rate &+ rest &* rate / 1_000_000)
        let transit = arrival &- timestamp
        defer { self.transit = transit }
        guard let previous = self.transit else { return }
        let difference = Int32(bitPattern: transit &- previous).magnitude
        // A jump of the source's timestamps says nothing about the network.
        guard UInt64(difference) < UInt64(clockRate) * 5, difference < 1 << 27 else { return }
        scaledJitter = scaledJitter &+ difference &- ((scaledJitter &+ 8) >> 4)
    }
}
