/// The value in the middle; NaN of nothing.
func median(_ values: [Double]) -> Double { percentile(values, 0.5) }

/// The value that `share` (0…1) of the others do not exceed, between neighbours in proportion; NaN of nothing.
func percentile(_ values: [Double], _ share: Double) -> Double {
    let sorted = values.sorted()
    guard let last = sorted.indices.last, share.isFinite else { return .nan }
    let position = Double(last) * min(1, max(0, share))
    let below = Int(position)
    let part = position - Double(below)
    // A neighbour that has no part in it may be infinite, and nothing times infinity is no number.
    guard part > 0 else { return sorted[below] }
    return sorted[below] + (sorted[min(last, below + 1)] - sorted[below]) * part
}

/// Two things that were measured in turn: how many times the second the first is.
struct Ratio: Codable, Equatable {
    /// Of the medians.
    var value: Double
    /// Between these lies the middle half of the ratios of neighbours in time.
    var lower: Double
    var upper: Double

    /// - Parameters: both as long and in the order of their measurement; what has no neighbour counts only for the median.
    init(_ first: [Double], to second: [Double]) {
        let pairs = zip(first, second).map { $0 / $1 }
        value = median(first) / median(second)
        lower = percentile(pairs, 0.25)
        upper = percentile(pairs, 0.75)
    }
}
