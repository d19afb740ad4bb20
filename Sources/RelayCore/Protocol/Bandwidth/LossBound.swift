/// The rate above which packets get lost, pooled over all transports of a participant. Random loss leaves it alone up to some per
/// cent; loss that comes with more sending lowers it, never below what demonstrably arrives.
package struct LossBound {
    package enum State: Sendable {
        /// Loss says nothing; the delay decides.
        case unlimited
        case decreasing
        case increasing
    }

    private static let observationSpan = Instant.Span.milliseconds(250)
    private static let neededObservations = 3
    /// Where so little is sent, less of it would not be lost less.
    private static let least = DataRate.kilobitsPerSecond(150)
    /// Loss above what the path is believed to lose anyway, which forbids an increase.
    private static let excess = 0.005
    private static let noLoss = 0.002
    private static let increaseSpan = Instant.Span.milliseconds(300)
    private static let firstHold = Instant.Span.milliseconds(300)
    private static let longestHold = Instant.Span.seconds(10)

    private(set) var state = State.unlimited
    /// nil while loss does not bound.
    private(set) var bound: DataRate?
    private(set) var model = LossModel()
    private var path: LossModel.Path?

    private var sentBytes = 0
    private var lostBytes = 0
    private var observedUntil: Instant?

    /// After a step down: not above `heldRate` (kbit/s) until then.
    private var holdUntil: Instant?
    private var hold = firstHold
    private var heldRate = Double.infinity
    /// No faster than 1.3 times in 300 ms.
    private var increaseUntil: Instant?
    private var increaseLimit = Double.infinity

    /// Share of the bytes lost lately.
    package var averageLoss: Double { model.averageLoss }

    struct Rates {
        var delayBased: DataRate
        var acknowledged: DataRate?
        var isApplicationLimited: Bool
    }

    /// Takes what one report tells.
    /// - Parameters:
    ///   - sent: bytes reported about, received or not.
    ///   - lost: bytes of them that are missing, less those reported missing before that have come after all.
    ///   - lastSentAt: when the latest of them left.
    mutating func add(sent: Int, lost: Int, lastSentAt: Instant, rates: Rates) {
        sentBytes &+= sent
        lostBytes &+= lost
        guard let since = observedUntil else {
            observedUntil = lastSentAt
            return
        }
        let span = lastSentAt - since
        guard span >= Self.observationSpan, sentBytes > 0 else { return }
        model.add(
            LossModel.Observation(
                sent: Double(sentBytes) / 1_000, lost: Double(min(max(lostBytes, 0), sentBytes)) / 1_000,
                rate: DataRate(bytes: sentBytes, over: span).kilobitsPerSecond))
        sentBytes = 0
        lostBytes = 0
        observedUntil = lastSentAt
        estimate(rates, at: lastSentAt)
    }

    /// The delay-based estimate was set by a probe: so much did get through.
    mutating func restart(at rate: DataRate) {
        path = LossModel.Path(bandwidth: rate.kilobitsPerSecond, inherentLoss: path?.inherentLoss ?? 0.01)
        if state != .unlimited, let bound, bound < rate { self.bound = rate }
    }

    private mutating func estimate(_ rates: Rates, at now: Instant) {
        let delayBased = rates.delayBased.kilobitsPerSecond
        let current = path ?? LossModel.Path(bandwidth: delayBased, inherentLoss: 0.01)
        var best = bestCandidate(around: current, rates)
        if model.averageLoss > best.inherentLoss + Self.excess {
            best.bandwidth = min(best.bandwidth, current.bandwidth)
        }
        let acknowledged = rates.acknowledged?.kilobitsPerSecond
        if state != .unlimited, best.bandwidth > current.bandwidth {
            if let increaseUntil, increaseUntil > now { best.bandwidth = min(best.bandwidth, increaseLimit) }
            if let acknowledged {
                let factor = acknowledged < 1.3 * heldRate ? 1.2 : 1.5
                best.bandwidth = min(best.bandwidth, factor * acknowledged)
            }
            best.bandwidth = max(best.bandwidth, current.bandwidth)
        }
        let floor = max(acknowledged ?? 0, min(Self.least.kilobitsPerSecond, delayBased))
        // Who sends little cannot prove more; after seconds without loss there is no reason left to bound.
        if model.averageLoss < Self.noLoss, holdUntil.map({ $0 <= now }) ?? true {
            best.bandwidth = max(best.bandwidth, delayBased)
        }
        let bounded = max(floor, min(best.bandwidth, model.instantBound ?? .infinity, delayBased))
        if bounded < best.bandwidth {
            best = LossModel.Path(bandwidth: bounded, inherentLoss: best.inherentLoss)
        } else {
            best.bandwidth = max(best.bandwidth, floor)
        }
        path = best
        guard model.count >= Self.neededObservations else { return }
        settle(bounded, delayBased, floor, at: now)
        if state != .unlimited, increaseUntil.map({ $0 <= now }) ?? true {
            increaseUntil = now + Self.increaseSpan
            increaseLimit = best.bandwidth * 1.3
        }
    }

    private func bestCandidate(around current: LossModel.Path, _ rates: Rates) -> LossModel.Path {
        var best = current
        var bestScore = -Double.infinity
        func consider(_ bandwidth: Double) {
            let path = model.refined(LossModel.Path(bandwidth: bandwidth, inherentLoss: current.inherentLoss))
            let score = model.score(path)
            guard score > bestScore || (score == bestScore && bandwidth > best.bandwidth) else { return }
            best = path
            bestScore = score
        }
        for factor in [1.02, 1, 0.95] { consider(current.bandwidth * factor) }
        if let acknowledged = rates.acknowledged, !rates.isApplicationLimited {
            consider(acknowledged.kilobitsPerSecond)
        }
        let delayBased = rates.delayBased.kilobitsPerSecond
        if delayBased > current.bandwidth { consider(delayBased) }
        return best
    }

    /// Decides which state `bounded` (kbit/s) means, and holds on after a step down, longer each time.
    private mutating func settle(_ bounded: Double, _ delayBased: Double, _ floor: Double, at now: Instant) {
        guard bounded < delayBased else {
            state = .unlimited
            bound = nil
            hold = Self.firstHold
            holdUntil = nil
            heldRate = .infinity
            return
        }
        if state == .decreasing, let holdUntil, holdUntil > now {
            heldRate = max(heldRate, floor)
            bound = DataRate(bitsPerSecond: min(heldRate, bounded) * 1_000)
            return
        }
        let previous = bound.map(\.kilobitsPerSecond) ?? .infinity
        if state != .unlimited, bounded > previous || (bounded == previous && state == .increasing) {
            state = .increasing
        } else if state != .decreasing {
            state = .decreasing
            holdUntil = now + hold
            hold = min(hold + hold, Self.longestHold)
            heldRate = bounded
        }
        bound = DataRate(bitsPerSecond: bounded * 1_000)
    }
}
