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
    private static let longestPeriodicSpan = Instant.Span.seconds(6)
    private static let unsentSpan = Instant.Span.milliseconds(500)
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
    /// The estimate when the latest probe was asked for, and how many since one raised it.
    private var probedFrom = DataRate.zero
    private var failures = 0
    /// The latest one could not be sent.
    private var isUnsent = false

    init(start: DataRate, maximum: DataRate) {
        estimate = start
        self.maximum = maximum
    }

    /// The rate to probe now, or nil.
    mutating func next() -> DataRate? {
        defer { requested = nil }
        return requested
    }

    /// Nothing could be sent for the latest probe, at the beginning perhaps since no video was sent yet.
    mutating func unsent(at now: Instant) {
        isUnsent = true
        furtherAbove = nil
        requestedAt = now
    }

    /// Something is sent that feedback will come for.
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

    /// Nothing has been sent for a while: queues are empty, and what was lost is long ago.
    mutating func rest() {
        switch limit {
        case .queue: limit = .delay
        case .loss: limit = .easingLoss
        case .delay, .easingLoss: break
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

    /// - Parameters:
    ///   - isApplicationLimited: what is sent tells little. Otherwise a little more is enough to begin with, which takes less
    ///     from those who share the path.
    ///   - isCapacityKnown: the path was full lately with about so much, so that growing a little at a time will do. A probe
    ///     would take from others what is theirs.
    mutating func poll(wanted: DataRate?, isApplicationLimited: Bool, isCapacityKnown: Bool, at now: Instant) {
        guard isApplicationLimited || isUnsent || !isCapacityKnown || isImpatient(at: now) else { return }
        guard hasBegun, !isWaiting(at: now), requestedAt.map({ now - $0 >= span(at: now) }) ?? true,
            estimate < min(wanted ?? maximum, maximum)
        else { return }
        let factor = isUnsent ? Self.firstFactor : isApplicationLimited ? Self.furtherFactor : Self.carefulFactor
        request(estimate * factor, further: true, wanted, at: now)
    }

    /// Who had more a short while ago is impatient. What was in vain is repeated later.
    private func span(at now: Instant) -> Instant.Span {
        if isUnsent { return Self.unsentSpan }
        let span = isImpatient(at: now) ? Self.shortPeriodicSpan : Self.periodicSpan
        return min(.microseconds(span.microseconds << Int64(min(failures, 2))), Self.longestPeriodicSpan)
    }

    private func isImpatient(at now: Instant) -> Bool {
        guard let droppedAt else { return false }
        return now - droppedAt < Self.impatientSpan && estimate < beforeDrop * Self.largeDrop
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
        if estimate > probedFrom * Self.successFactor {
            failures = 0
        } else if !isUnsent {
            failures += 1
        }
        requestedAt = now
        probedFrom = estimate
        isUnsent = false
        requested = min(rate, highest)
        furtherAbove = further && rate < highest ? max(rate * Self.successShare, estimate * Self.successFactor) : nil
    }
}
