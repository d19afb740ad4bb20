/// Decides when to probe, and at what rate: 3 times the start rate at the beginning, then 6 times, and twice more for as long as that
/// succeeds, after a large drop, and every five seconds while more is wanted than the estimate allows.
struct ProbePlanner {
    private static let firstFactor = 3.0
    private static let furtherFactor = 2.0
    private static let carefulFactor = 1.5
    /// A probe that reaches this share of its rate is worth a faster one.
    private static let successShare = 0.7
    /// And so much above the estimate.
    private static let successFactor = 1.15
    private static let resultSpan = Instant.Span.seconds(1)
    private static let periodicSpan = Instant.Span.seconds(5)
    private static let shortPeriodicSpan = Instant.Span.milliseconds(2_500)
    private static let impatientSpan = Instant.Span.seconds(60)
    private static let largeDrop = 0.66
    private static let dropSpan = Instant.Span.seconds(5)
    /// Of the rate before the drop.
    private static let dropShare = 0.85
    private static let lossLimitedFactor = 1.5

    /// What keeps the estimate where it is.
    enum Limit {
        case delay
        /// Queues fill, or have to empty first.
        case queue
        case loss
        /// Loss bounds, but less and less.
        case easingLoss
    }

    private var requested: DataRate?
    private let maximum: DataRate
    private var estimate: DataRate
    private var limit = Limit.delay
    private var hasBegun = false
    /// A result above this leads to a faster probe.
    private var furtherAbove: DataRate?
    private var requestedAt: Instant?
    private var beforeDrop = DataRate.zero
    private var droppedAt: Instant?
    private var dropProbedAt: Instant?

    init(start: DataRate, maximum: DataRate) {
        estimate = start
        self.maximum = maximum
    }

    /// The rate to probe now, or nil.
    mutating func next() -> DataRate? {
        defer { requested = nil }
        return requested
    }

    /// There is a transport to send probes over.
    mutating func begin(wanted: DataRate?, at now: Instant) {
        guard !hasBegun else { return }
        hasBegun = true
        request(estimate * Self.firstFactor, further: true, wanted, at: now)
    }

    /// A new estimate, perhaps the result of a probe.
    mutating func update(_ rate: DataRate, limit: Limit, wanted: DataRate?, at now: Instant) {
        self.limit = limit
        if rate < estimate * Self.largeDrop {
            let isSameDrop = droppedAt.map { now - $0 < Self.dropSpan } ?? false
            beforeDrop = isSameDrop ? max(beforeDrop, estimate) : estimate
            droppedAt = now
        }
        estimate = rate
        if let furtherAbove, isWaiting(at: now), rate > furtherAbove {
            request(rate * Self.furtherFactor, further: true, wanted, at: now)
        }
    }

    /// Queues have emptied after overuse. If the estimate had dropped by much, see whether that was right.
    mutating func recovered(wanted: DataRate?, at now: Instant) {
        let rate = beforeDrop * Self.dropShare
        guard hasBegun, let droppedAt, now - droppedAt < Self.dropSpan, rate * 0.95 > estimate, !isWaiting(at: now),
            dropProbedAt.map({ now - $0 > Self.periodicSpan }) ?? true
        else { return }
        dropProbedAt = now
        request(rate, further: false, wanted, at: now)
    }

    /// - Parameter isApplicationLimited: what is sent tells little. Otherwise a little more is enough to begin with, which
    ///   takes less from those who share the path.
    mutating func poll(wanted: DataRate?, isApplicationLimited: Bool, at now: Instant) {
        guard hasBegun, !isWaiting(at: now), now - (requestedAt ?? now) >= span(at: now),
            estimate < min(wanted ?? maximum, maximum)
        else { return }
        let factor = isApplicationLimited ? Self.furtherFactor : Self.carefulFactor
        request(estimate * factor, further: true, wanted, at: now)
    }

    /// Who had more a short while ago is impatient.
    private func span(at now: Instant) -> Instant.Span {
        guard let droppedAt, now - droppedAt < Self.impatientSpan, estimate < beforeDrop * Self.largeDrop else {
            return Self.periodicSpan
        }
        return Self.shortPeriodicSpan
    }

    private func isWaiting(at now: Instant) -> Bool {
        furtherAbove != nil && now - (requestedAt ?? now) <= Self.resultSpan
    }

    private mutating func request(_ rate: DataRate, further: Bool, _ wanted: DataRate?, at now: Instant) {
        var highest = wanted.map { min($0 * 2, maximum) } ?? maximum
        switch limit {
        case .queue, .loss: return
        case .easingLoss: highest = min(highest, estimate * Self.lossLimitedFactor)
        case .delay: break
        }
        guard highest > estimate else { return }
        requestedAt = now
        requested = min(rate, highest)
        furtherAbove = further && rate < highest ? max(rate * Self.successShare, estimate * Self.successFactor) : nil
    }
}
