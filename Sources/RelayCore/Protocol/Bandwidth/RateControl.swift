internal import Glibc

/// The delay-based estimate: additive increase near the known capacity and multiplicative elsewhere, a decrease to 0.85 of what
/// arrives on overuse, and waiting while queues empty (draft-ietf-rmcat-gcc-02 §5.5). One per participant, however many transports.
struct RateControl {
    private static let backOff = 0.85
    /// Per second.
    private static let growth = 1.08
    /// What grows by a packet in a round trip.
    private static let packetBits = 9_600.0
    /// Where loss is taken for a sign that everybody gives way.
    private static let competingBackOff = 0.8
    /// Seconds; TCP as it is today does not grow the slower for a longer queue, either.
    private static let shortestResponse = 0.25
    private static let longestResponse = 0.4
    private static let leastCompeting = DataRate.kilobitsPerSecond(150)
    /// Per second, where the capacity is known.
    private static let mostGrowth = 0.25
    private static let silentBackOff = 0.8
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
        /// Much less is sent than might be, and no long queue stands: it takes more than one overuse to prove that all of the
        /// estimate is wrong.
        var isApplicationLimited = false
        /// With somebody who fills the queue: up and down as a TCP connection goes (RFC 5681 §3.1), in rates.
        var isCompeting = false
    }

    private(set) var estimate: DataRate
    private(set) var capacity = LinkCapacity()
    private let minimum: DataRate
    private let maximum: DataRate
    private var phase = Phase.hold
    private var changedAt: Instant?
    /// When loss lowered it beside somebody who fills the queue.
    private var competedAt: Instant?

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

    /// Nothing is heard of the path any more; what was known of it may be out of date.
    mutating func fallSilent(at now: Instant) {
        capacity.forget()
        set(estimate * Self.silentBackOff, at: now)
    }

    /// A queue stands while so much arrives.
    mutating func stand(acknowledged: DataRate?, at now: Instant) {
        guard let acknowledged else { return }
        capacity.overused(at: acknowledged)
        set(min(estimate, acknowledged * Self.backOff), at: now)
        phase = .hold
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
        if input.isCompeting {
            let response = min(max(input.roundTrip.seconds, Self.shortestResponse), Self.longestResponse)
            step = DataRate(bitsPerSecond: Self.packetBits / (response * response) * elapsed)
        } else if capacity.estimate != nil {
            step = DataRate(bitsPerSecond: carefulStep * elapsed)
        } else {
            step = max(estimate * (pow(Self.growth, elapsed) - 1), DataRate(bitsPerSecond: 1_000 * elapsed))
        }
        estimate = min(min(estimate + step, limit), maximum)
    }

    /// Bits per second and second: about a packet more every 300 ms, whatever the distance, so that the shares of a link do not
    /// depend on it.
    private var carefulStep: Double {
        max(min(Self.packetBits / 0.3, Double(estimate.bitsPerSecond) * Self.mostGrowth), 4_000)
    }

    private mutating func decrease(_ input: Input, at now: Instant) {
        guard let acknowledged = input.acknowledged else {
            // Overused before there was time to measure anything.
            if mayDecrease(now, input.roundTrip) { set(estimate * 0.5, at: now) }
            phase = .hold
            return
        }
        if input.isCompeting {
            let patience = max(input.roundTrip, .milliseconds(200))
            guard competedAt.map({ now - $0 > patience }) ?? true else { return }
            competedAt = now
            return set(max(estimate * Self.competingBackOff, min(estimate, Self.leastCompeting)), at: now)
        }
        let arriving = min(acknowledged, input.recentlyAcknowledged ?? acknowledged)
        guard mayDecrease(now, input.roundTrip) || arriving < estimate * 0.5 else { return }
        var decreased = arriving * Self.backOff
        if decreased > .kilobitsPerSecond(5) { decreased = decreased - .kilobitsPerSecond(5) }
        if input.isApplicationLimited { decreased = max(decreased, estimate * Self.backOff) }
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
