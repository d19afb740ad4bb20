internal import Glibc

/// The delay-based estimate: additive increase near the known capacity and multiplicative elsewhere, a decrease to 0.85 of what
/// arrives on overuse, and waiting while queues empty (draft-ietf-rmcat-gcc-02 §5.5). One per participant, however many transports.
struct RateControl {
    private static let backOff = 0.85
    /// Per second.
    private static let growth = 1.08
    private static let slack = DataRate.kilobitsPerSecond(10)

    private enum Phase {
        case hold
        case increase
    }

    struct Input {
        var usage: PathUsage
        /// Over half a second, all transports together.
        var acknowledged: DataRate?
        /// Over the last 200 ms.
        var recentlyAcknowledged: DataRate?
        var roundTrip: Instant.Span
    }

    private(set) var estimate: DataRate
    private(set) var capacity = LinkCapacity()
    private let minimum: DataRate
    private let maximum: DataRate
    private var phase = Phase.hold
    private var changedAt: Instant?

    init(start: DataRate, minimum: DataRate, maximum: DataRate) {
        self.minimum = minimum
        self.maximum = max(minimum, maximum)
        estimate = min(max(start, minimum), max(minimum, maximum))
    }

    mutating func update(_ input: Input, at now: Instant) {
        switch input.usage {
        case .underuse: phase = .hold
        case .overuse: decrease(input, at: now)
        case .normal:
            if phase == .hold {
                phase = .increase
                changedAt = now
            }
            increase(input, at: now)
        }
    }

    /// What a probe, or the lack of any feedback, has shown.
    mutating func set(_ rate: DataRate, at now: Instant) {
        estimate = min(max(rate, minimum), maximum)
        changedAt = now
    }

    private mutating func increase(_ input: Input, at now: Instant) {
        let elapsed = min(max((now - (changedAt ?? now)).seconds, 0), 1)
        changedAt = now
        guard let acknowledged = input.acknowledged else { return }
        if let highest = capacity.highest, acknowledged > highest { capacity.forget() }
        // What has not been tried is not believed.
        let limit = acknowledged * 1.5 + Self.slack
        guard estimate < limit else { return }
        let step: DataRate
        if capacity.estimate != nil {
            step = DataRate(bitsPerSecond: carefulStep(roundTrip: input.roundTrip) * elapsed)
        } else {
            step = max(estimate * (pow(Self.growth, elapsed) - 1), DataRate(bitsPerSecond: 1_000 * elapsed))
        }
        estimate = min(min(estimate + step, limit), maximum)
    }

    /// Bits per second and second: about one packet more for each two response times.
    private func carefulStep(roundTrip: Instant.Span) -> Double {
        let frameBits = Double(estimate.bitsPerSecond) / 30
        let packets = max((frameBits / 9_600).rounded(.up), 1)
        let response = 2 * (max(roundTrip.seconds, 0) + 0.1)
        return max(frameBits / packets / response, 4_000)
    }

    private mutating func decrease(_ input: Input, at now: Instant) {
        guard let acknowledged = input.acknowledged else {
            // Overused before there was time to measure anything.
            if mayDecrease(now, input.roundTrip) { set(estimate * 0.5, at: now) }
            phase = .hold
            return
        }
        let arriving = min(acknowledged, input.recentlyAcknowledged ?? acknowledged)
        guard mayDecrease(now, input.roundTrip) || arriving < estimate * 0.5 else { return }
        var decreased = arriving * Self.backOff
        if decreased > .kilobitsPerSecond(5) { decreased = decreased - .kilobitsPerSecond(5) }
        if decreased > estimate, let known = capacity.estimate { decreased = known * Self.backOff }
        if let lowest = capacity.lowest, arriving < lowest { capacity.forget() }
        capacity.overused(at: arriving)
        if decreased < estimate { estimate = max(decreased, minimum) }
        phase = .hold
        changedAt = now
    }

    private func mayDecrease(_ now: Instant, _ roundTrip: Instant.Span) -> Bool {
        guard let changedAt else { return true }
        return now - changedAt >= min(max(roundTrip, .milliseconds(10)), .milliseconds(200))
    }
}
