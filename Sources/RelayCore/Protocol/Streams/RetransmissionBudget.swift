/// What one subscriber may be sent again altogether: a part of what its path carries, so that repair never displaces what it repairs.
package struct RetransmissionBudget: Sendable {
    /// Of the estimate.
    private static let share = 0.5
    /// However narrow the path seems, some single packets can be repaired.
    private static let least = DataRate.kilobitsPerSecond(100)

    private let most: DataRate
    private let burst: Instant.Span
    private var rate: DataRate
    private var bytes: Int
    private var refilledAt: Instant?

    /// - Parameters:
    ///   - most: in the long run, whatever the estimate.
    ///   - burst: so much of it may come at once.
    package init(most: DataRate = .megabitsPerSecond(10), burst: Instant.Span = .milliseconds(250)) {
        self.most = most
        self.burst = burst
        rate = most
        bytes = 0
        bytes = capacity
    }

    /// The subscriber's path carries `estimate`, by all that is known.
    package mutating func follow(_ estimate: DataRate) {
        rate = min(max(estimate * Self.share, Self.least), most)
        bytes = min(bytes, capacity)
    }

    /// Takes `count` bytes out; false where there are not so many.
    package mutating func take(_ count: Int, at now: Instant) -> Bool {
        refill(at: now)
        guard bytes >= count else { return false }
        bytes -= max(count, 0)
        return true
    }

    /// Two packets at least.
    private var capacity: Int { max(rate.bytes(in: burst), 3_000) }

    private mutating func refill(at now: Instant) {
        guard let last = refilledAt else {
            refilledAt = now
            return
        }
        let gained = rate.bytes(in: min(now - last, .seconds(10)))
        // Spans too short for a whole byte go on accumulating.
        guard gained > 0 else { return }
        bytes = min(bytes + gained, capacity)
        refilledAt = now
    }
}
