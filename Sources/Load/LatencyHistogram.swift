/// Counts of times, to 3 % of their value, in constant memory.
package struct LatencyHistogram: Sendable {
    private static let perOctave = 32
    private var counts = [UInt32](repeating: 0, count: 40 * 32)
    package private(set) var count: UInt64 = 0
    package private(set) var maximum: Int64 = 0

    package init() {}

    /// - Parameter microseconds: negative ones count as 0.
    package mutating func add(_ microseconds: Int64) {
        let value = max(0, microseconds)
        counts[min(Self.bucket(of: value), counts.count - 1)] &+= 1
        count += 1
        maximum = max(maximum, value)
    }

    package mutating func merge(_ other: LatencyHistogram) {
        for at in counts.indices { counts[at] &+= other.counts[at] }
        count += other.count
        maximum = max(maximum, other.maximum)
    }

    /// Microseconds that a share of all values does not exceed; nil without values.
    /// - Parameter share: from 0 to 1.
    package func percentile(_ share: Double) -> Int64? {
        guard count > 0 else { return nil }
        let rank = UInt64(max(1, (Double(count) * min(max(share, 0), 1)).rounded(.up)))
        var passed: UInt64 = 0
        for (bucket, number) in counts.enumerated() {
            passed += UInt64(number)
            if passed >= rank { return min(Self.upperEnd(of: bucket), maximum) }
        }
        return maximum
    }

    private static func bucket(of value: Int64) -> Int {
        guard value >= 2 * Int64(perOctave) else { return Int(value) }
        // The leading bit tells the octave, the five after it the place in it.
        let shift = 63 - value.leadingZeroBitCount - 5
        return (shift + 1) * perOctave + Int(value >> Int64(shift)) - perOctave
    }

    private static func upperEnd(of bucket: Int) -> Int64 {
        guard bucket >= 2 * perOctave else { return Int64(bucket) }
        let shift = bucket / perOctave - 1
        return (Int64(bucket % perOctave + perOctave + 1) << Int64(shift)) - 1
    }
}

/// One-way latencies of a whole run, and of its present second.
package final class LatencyLedger {
    package private(set) var whole = LatencyHistogram()
    private var present = LatencyHistogram()

    package init() {}

    func add(_ microseconds: Int64) {
        whole.add(microseconds)
        present.add(microseconds)
    }

    /// What was added since the last call.
    func takePresent() -> LatencyHistogram {
        defer { present = LatencyHistogram() }
        return present
    }
}
