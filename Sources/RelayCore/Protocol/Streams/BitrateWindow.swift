/// Bits per second over the last second, in twenty buckets of 50 ms.
package struct BitrateWindow: Sendable {
    private static let bucketCount = 20
    private static let bucketSpan: Int64 = 50_000

    private var buckets = InlineArray<20, UInt64>(repeating: 0)
    private var sum: UInt64 = 0
    /// Number of the bucket being filled, counted from the clock's origin.
    private var current: Int64 = 0

    package init() {}

    /// Counts `bytes` that passed at `now`. Instants that go backwards count as the latest one seen.
    package mutating func add(bytes: Int, at now: Instant) {
        advance(to: now)
        let bytes = UInt64(clamping: bytes)
        buckets[Self.index(current)] &+= bytes
        sum &+= bytes
    }

    /// The average over what the window covers: 0.95 to 1 s.
    package mutating func bitsPerSecond(at now: Instant) -> UInt64 {
        advance(to: now)
        let filling = min(max(now.microseconds &- current &* Self.bucketSpan, 0), Self.bucketSpan)
        let covered = UInt64(Int64(Self.bucketCount - 1) * Self.bucketSpan + filling)
        return sum > UInt64.max / 8_000_000 ? .max : sum * 8_000_000 / covered
    }

    private mutating func advance(to now: Instant) {
        let target = now.microseconds / Self.bucketSpan
        let distance = target &- current
        guard distance > 0 else { return }
        for step in 1...min(distance, Int64(Self.bucketCount)) {
            let index = Self.index(target &- (step &- 1))
            sum &-= buckets[index]
            buckets[index] = 0
        }
        current = target
    }

    private static func index(_ bucket: Int64) -> Int { Int(bucket.magnitude % UInt64(bucketCount)) }
}
