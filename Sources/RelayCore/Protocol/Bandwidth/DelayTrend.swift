/// The slope of the one-way delay over the latest twenty groups: (sending rate − capacity) / capacity while a queue fills, negative
/// while it empties. A least-squares line through exponentially smoothed delays.
struct DelayTrend {
    private static let window = 20
    private static let smoothing = 0.9

    private struct Point {
        /// Milliseconds on the receiver's clock since the first group.
        var arrival = 0.0
        /// Milliseconds of smoothed delay since the first group.
        var delay = 0.0
    }

    private var points = InlineArray<20, Point>(repeating: Point())
    private var next = 0
    private var filled = 0
    private var first: Instant.Span?
    private var accumulated = 0.0
    private var smoothed = 0.0
    /// Variations seen, up to 1,000.
    private(set) var count = 0
    private(set) var slope = 0.0

    /// Forgets the delays, and keeps how much confidence there is.
    mutating func restart() {
        let seen = count
        self = DelayTrend()
        count = seen
    }

    mutating func add(_ variation: ArrivalGroups.Variation) {
        let origin = first ?? variation.arrival
        first = origin
        count = min(count + 1, 1_000)
        accumulated += Double(variation.arrived.microseconds &- variation.sent.microseconds) / 1_000
        smoothed = Self.smoothing * smoothed + (1 - Self.smoothing) * accumulated
        points[next] = Point(arrival: (variation.arrival - origin).seconds * 1_000, delay: smoothed)
        next = (next + 1) % Self.window
        filled = min(filled + 1, Self.window)
        if filled == Self.window { slope = fit() ?? slope }
    }

    private func fit() -> Double? {
        let points = points.span
        var arrivals = 0.0
        var delays = 0.0
        for index in 0..<Self.window {
            arrivals += points[index].arrival
            delays += points[index].delay
        }
        let meanArrival = arrivals / Double(Self.window)
        let meanDelay = delays / Double(Self.window)
        var product = 0.0
        var square = 0.0
        for index in 0..<Self.window {
            let x = points[index].arrival - meanArrival
            product += x * (points[index].delay - meanDelay)
            square += x * x
        }
        return square > 0 ? product / square : nil
    }
}
