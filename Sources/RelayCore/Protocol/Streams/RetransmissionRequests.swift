/// Guards what one subscriber may have resent: the same packet once a round trip, and all of it within a budget, so that a
/// subscriber who asks for everything over and over costs no more than a bounded share of the uplink. Allocates at creation only.
package final class RetransmissionRequests {
    package struct Settings: Sendable {
        /// Packets remembered, rounded up to a power of two. Beyond that the oldest are forgotten, that is allowed again.
        package var capacity = 512
        package var minimumSpan = Instant.Span.milliseconds(10)
        /// Bits per second of retransmissions in the long run.
        package var maximumBitrate: Int64 = 10_000_000
        /// How much of that may come at once.
        package var burst = Instant.Span.milliseconds(250)

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
    private let burstBytes: Int64
    private var budget: Int64
    private var refilledAt: Instant?
    package private(set) var allowed: UInt64 = 0
    package private(set) var refused: UInt64 = 0

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        let capacity = powerOfTwo(atLeast: settings.capacity)
        mask = capacity - 1
        entries = .allocate(capacity: capacity)
        entries.initialize(repeating: Entry(at: .zero, sequence: 0, isUsed: false), count: capacity)
        burstBytes = max(Self.bytes(in: settings.burst, rate: settings.maximumBitrate), 3000)
        budget = burstBytes
    }

    deinit { entries.deallocate() }

    /// Whether to resend `sequence` (in the subscriber's numbering), `bytes` long, now. A yes counts as done.
    package func allows(_ sequence: UInt16, bytes: Int, roundTrip: Instant.Span, at now: Instant) -> Bool {
        refill(at: now)
        let entry = entries + (Int(sequence) & mask)
        let isRepeated =
            entry.pointee.isUsed && entry.pointee.sequence == sequence
            && now - entry.pointee.at < max(roundTrip, settings.minimumSpan)
        guard !isRepeated, budget >= Int64(clamping: bytes) else {
            refused &+= 1
            return false
        }
        budget -= max(Int64(clamping: bytes), 0)
        entry.pointee = Entry(at: now, sequence: sequence, isUsed: true)
        allowed &+= 1
        return true
    }

    private func refill(at now: Instant) {
        guard let last = refilledAt else {
            refilledAt = now
            return
        }
        let gained = Self.bytes(in: now - last, rate: settings.maximumBitrate)
        // Spans too short for a whole byte go on accumulating.
        guard gained > 0 else { return }
        budget = min(budget + gained, burstBytes)
        refilledAt = now
    }

    private static func bytes(in span: Instant.Span, rate: Int64) -> Int64 {
        let microseconds = min(max(span.microseconds, 0), 10_000_000)
        return min(max(rate, 0), 100_000_000_000) * microseconds / 8_000_000
    }
}

/// The smallest power of two that is not below `count`, between 1 and 65536.
func powerOfTwo(atLeast count: Int) -> Int {
    let count = min(max(count, 1), 65_536)
    return 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
}
