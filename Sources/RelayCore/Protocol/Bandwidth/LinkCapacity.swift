internal import Glibc

/// Where the path has been found to be full, with how much that varies: near it the estimate grows carefully, far from it fast
/// (draft-ietf-rmcat-gcc-02 §5.5).
struct LinkCapacity {
    /// kbit/s.
    private var average: Double?
    /// Of the average, normalised: kbit/s.
    private var variance = 0.4

    var estimate: DataRate? { average.map { DataRate(bitsPerSecond: $0 * 1_000) } }

    /// Three deviations above; nil while nothing is known.
    var highest: DataRate? { average.map { DataRate(bitsPerSecond: ($0 + 3 * deviation($0)) * 1_000) } }
    var lowest: DataRate? { average.map { DataRate(bitsPerSecond: ($0 - 3 * deviation($0)) * 1_000) } }

    /// The path was overused while so much arrived.
    mutating func overused(at rate: DataRate) {
        let sample = rate.kilobitsPerSecond
        let updated = average.map { 0.95 * $0 + 0.05 * sample } ?? sample
        average = updated
        let error = updated - sample
        variance = min(max(0.95 * variance + 0.05 * error * error / max(updated, 1), 0.4), 2.5)
    }

    mutating func forget() { average = nil }

    private func deviation(_ average: Double) -> Double { sqrt(variance * average) }
}
