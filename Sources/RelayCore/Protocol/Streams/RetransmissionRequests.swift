/// Guards what one subscriber may have resent: the same packet once a round trip, and all of it within a budget, so that a
/// subscriber who asks for everything over and over costs no more than a bounded share of the path. Allocates at creation only.
package final class RetransmissionRequests {
    package struct Settings: Sendable {
        /// Packets remembered, rounded up to a power of two. Beyond that the oldest are forgotten, that is allowed again.
        package var capacity = 512
        package var minimumSpan = Instant.Span.milliseconds(10)
        /// Bits per second of retransmissions in the long run, where no other budget is given.
        package var maximumBitrate: Int64 = 10_000_000

        package init() {}
    }

    private struct Entry {
        var at: Instant
        var sequence: UInt16
        var isUsed: Bool
    }

    private let settings: Settings
    private let entries: UnsafeMutablePointer<Entry>
    private let mask: Int
    private var budget: RetransmissionBudget
    package private(set) var allowed: UInt64 = 0
    package private(set) var refused: UInt64 = 0

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        let capacity = powerOfTwo(atLeast: settings.capacity)
        mask = capacity - 1
        entries = .allocate(capacity: capacity)
        entries.initialize(repeating: Entry(at: .zero, sequence: 0, isUsed: false), count: capacity)
        budget = RetransmissionBudget(most: DataRate(bitsPerSecond: settings.maximumBitrate))
    }

    deinit { entries.deallocate() }

    /// Whether to resend `sequence` (in the subscriber's numbering), `bytes` long, now. A yes counts as done.
    package func allows(_ sequence: UInt16, bytes: Int, roundTrip: Instant.Span, at now: Instant) -> Bool {
        allows(sequence, bytes: bytes, roundTrip: roundTrip, within: &budget, at: now)
    }

    /// The same within a budget that the subscriber's other streams share.
    package func allows(
        _ sequence: UInt16, bytes: Int, roundTrip: Instant.Span, within budget: inout RetransmissionBudget,
        at now: Instant
    ) -> Bool {
        let entry = entries + (Int(sequence) & mask)
        let isRepeated =
            entry.pointee.isUsed && entry.pointee.sequence == sequence
            && now - entry.pointee.at < max(roundTrip, settings.minimumSpan)
        guard !isRepeated, budget.take(bytes, at: now) else {
            refused &+= 1
            return false
        }
        entry.pointee = Entry(at: now, sequence: sequence, isUsed: true)
        allowed &+= 1
        return true
    }

    /// Whether a packet that left at `sentAt` may be asked for again at all yet: a request that comes within a round trip was made
    /// before the packet could be there, as for one that was missing here, too, and has only just been forwarded.
    package static func canBeMissed(sentAt: Instant, roundTrip: RoundTrip, at now: Instant) -> Bool {
        guard let smoothed = roundTrip.smoothed else { return true }
        // On the safe side: an answer that is refused in error costs another round trip.
        let shortest = max(smoothed.microseconds &- roundTrip.variation.microseconds &* 2, smoothed.microseconds / 2)
        return (now - sentAt).microseconds >= shortest
    }
}

/// The smallest power of two that is not below `count`, between 1 and 65536.
func powerOfTwo(atLeast count: Int) -> Int {
    let count = min(max(count, 1), 65_536)
    return 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
}
