internal import Glibc

/// A path that loses a fixed share of everything, and all that exceeds its bandwidth. How well would such a path explain what was
/// lost lately? The likelihood of that is what the loss-based bound looks for the maximum of, in the manner of libwebrtc's second
/// loss-based estimator: random loss raises the share, and does not lower the bandwidth.
struct LossModel {
    /// Kilobytes sent and lost within about a quarter of a second, and the rate of it.
    struct Observation {
        var sent: Double
        var lost: Double
        /// kbit/s.
        var rate: Double
    }

    struct Path {
        /// kbit/s.
        var bandwidth: Double
        /// Of 1.
        var inherentLoss: Double
    }

    private static let window = 15
    private static let ageing = 0.9
    private static let lowestInherentLoss = 0.001
    private static let highestInherentLoss = 0.12
    /// kbit/s: where little is sent, one packet lost is much.
    private static let lowRateBalance = 100.0
    private static let lossOfNoBias = 0.2

    /// Latest last.
    private var observations: [Observation] = []
    private(set) var count = 0
    /// The share of bytes lost lately, without the best and the worst observation.
    private(set) var averageLoss = 0.0

    init() { observations.reserveCapacity(Self.window + 1) }

    mutating func add(_ observation: Observation) {
        observations.append(observation)
        if observations.count > Self.window { observations.removeFirst() }
        count += 1
        averageLoss = trimmedLoss()
    }

    /// Where loss is so high that no model matters: 100 kbit/s over what exceeds 5 %. kbit/s.
    var instantBound: Double? {
        averageLoss > Self.highestInherentLoss
            ? Self.lowRateBalance / (averageLoss - Self.highestInherentLoss) : nil
    }

    /// The path with its inherent loss brought nearer to what explains the observations best (one damped Newton step).
    func refined(_ path: Path) -> Path {
        var refined = path
        refined.inherentLoss = feasible(path.inherentLoss, path.bandwidth)
        var first = 0.0
        var second = 0.0
        var weight = 1.0
        for observation in observations.reversed() {
            let loss = probability(refined, observation.rate)
            let received = observation.sent - observation.lost
            first += weight * (observation.lost / loss - received / (1 - loss))
            second -= weight * (observation.lost / (loss * loss) + received / ((1 - loss) * (1 - loss)))
            weight *= Self.ageing
        }
        guard second < 0 else { return refined }
        refined.inherentLoss = feasible(refined.inherentLoss - 0.75 * first / second, path.bandwidth)
        return refined
    }

    /// The logarithm of the likelihood, with a preference for more bandwidth while there is little loss.
    func score(_ path: Path) -> Double {
        let distance = Self.lossOfNoBias - averageLoss
        let preference = max(distance, 0) / (0.002 + abs(distance))
        let bias = preference * (0.000_2 * path.bandwidth + 0.02 * log(1 + path.bandwidth))
        var score = 0.0
        var weight = 1.0
        for observation in observations.reversed() {
            let loss = probability(path, observation.rate)
            score +=
                weight
                * (observation.lost * log(loss) + (observation.sent - observation.lost) * log(1 - loss)
                    + bias * observation.sent)
            weight *= Self.ageing
        }
        return score
    }

    private func probability(_ path: Path, _ rate: Double) -> Double {
        let excess = rate > path.bandwidth ? (rate - path.bandwidth) / rate : 0
        return min(max(path.inherentLoss + (1 - path.inherentLoss) * excess, 1e-6), 1 - 1e-6)
    }

    private func feasible(_ loss: Double, _ bandwidth: Double) -> Double {
        let highest = min(Self.highestInherentLoss + Self.lowRateBalance / max(bandwidth, 1), 1)
        return min(max(loss, Self.lowestInherentLoss), highest)
    }

    private func trimmedLoss() -> Double {
        var sent = 0.0
        var lost = 0.0
        var best = (ratio: 2.0, sent: 0.0, lost: 0.0)
        var worst = (ratio: -1.0, sent: 0.0, lost: 0.0)
        var weight = 1.0
        for observation in observations.reversed() {
            let weighted = (sent: observation.sent * weight, lost: observation.lost * weight)
            sent += weighted.sent
            lost += weighted.lost
            weight *= Self.ageing
            guard observation.sent > 0 else { continue }
            let ratio = observation.lost / observation.sent
            if ratio < best.ratio { best = (ratio, weighted.sent, weighted.lost) }
            if ratio > worst.ratio { worst = (ratio, weighted.sent, weighted.lost) }
        }
        guard sent > 0 else { return 0 }
        let left = sent - best.sent - worst.sent
        guard observations.count > 3, left > sent * 0.05 else { return lost / sent }
        return max(lost - best.lost - worst.lost, 0) / left
    }
}
