/// What reaches the receiver over one transport, by its own clock: bytes in twenty buckets of 25 ms.
struct AcknowledgedRate {
    private static let bucketCount = 20
    private static let bucketSpan: Int64 = 25_000
    /// Spans at the beginning that are too short to divide by.
    private static let shortest = Instant.Span.milliseconds(150)
    private static let recentBuckets = 8

    private var buckets = InlineArray<20, UInt32>(repeating: 0)
    private var sum: Int64 = 0
    private var newest: Int64 = 0
    /// Arrival of the first packet, and of the latest one.
    private var first: Instant.Span?
    private var last = Instant.Span.microseconds(0)

    /// Counts a packet. Those that arrived before the window do not count.
    mutating func add(bytes: Int, arrival: Instant.Span) {
        guard first != nil else {
            // The packet that starts the clock is not part of what came since.
            first = arrival
            last = arrival
            newest = Self.bucket(of: arrival)
            return
        }
        let bucket = Self.bucket(of: arrival)
        let distance = bucket &- newest
        if distance > 0 {
            advance(by: distance)
            newest = bucket
        } else if distance <= -Int64(Self.bucketCount) {
            return
        }
        last = max(last, arrival)
        buckets[Self.index(bucket)] &+= UInt32(truncatingIfNeeded: bytes)
        sum += Int64(bytes)
    }

    /// Over the last half second up to the latest arrival; nil before there is enough to tell.
    var rate: DataRate? { average(over: Self.bucketCount) }

    /// Over the last 200 ms: what a link that has just become slower lets through.
    var recentRate: DataRate? { average(over: Self.recentBuckets) }

    private func average(over count: Int) -> DataRate? {
        guard let first else { return nil }
        let known = last - first
        guard known >= Self.shortest else { return nil }
        var bytes: Int64 = 0
        if count == Self.bucketCount {
            bytes = sum
        } else {
            let buckets = buckets.span
            for step in 0..<Int64(count) { bytes += Int64(buckets[Self.index(newest - step)]) }
        }
        let filled = last.microseconds - newest * Self.bucketSpan
        let covered = Instant.Span.microseconds(Int64(count - 1) * Self.bucketSpan + filled)
        return DataRate(bytes: Int(bytes), over: min(covered, known))
    }

    private mutating func advance(by distance: Int64) {
        for step in 1...min(distance, Int64(Self.bucketCount)) {
            let index = Self.index(newest &+ step)
            sum -= Int64(buckets.span[index])
            buckets[index] = 0
        }
    }

    /// Rounded down, where the receiver's clock is below zero, too.
    private static func bucket(of arrival: Instant.Span) -> Int64 {
        let quotient = arrival.microseconds / bucketSpan
        return arrival.microseconds < 0 ? quotient - 1 : quotient
    }

    private static func index(_ bucket: Int64) -> Int {
        let remainder = Int(bucket % Int64(bucketCount))
        return remainder < 0 ? remainder + bucketCount : remainder
    }
}
