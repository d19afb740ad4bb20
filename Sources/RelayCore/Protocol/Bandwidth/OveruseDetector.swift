/// What the delay says about the load that we put on the path.
package enum PathUsage: Sendable {
    case normal
    /// Queues fill.
    case overuse
    /// Queues empty.
    case underuse
}

/// Compares the trend of the delay with a threshold that follows the noise of the path, so that flows that only look at loss do not
/// push us aside and jitter is not taken for congestion (draft-ietf-rmcat-gcc-02 §5.4).
struct OveruseDetector {
    /// Milliseconds of trend times samples.
    private static let lowest = 6.0
    private static let highest = 600.0
    private static let gain = 4.0
    /// What is farther above the threshold does not raise it: a sudden drop of the capacity is no noise.
    private static let farthestAdaption = 15.0
    private static let raise = 0.0087
    private static let lower = 0.039
    /// Milliseconds that overuse has to last.
    private static let patience = 10.0

    private(set) var usage = PathUsage.normal
    var threshold = 12.5
    private var previousSlope = 0.0
    private var overusedFor: Double?
    private var overusedGroups = 0
    private var adaptedAt: Instant.Span?

    /// Begins anew with what has been learnt about the noise.
    mutating func restart() {
        let learnt = threshold
        self = OveruseDetector()
        threshold = learnt
    }

    /// - Parameters:
    ///   - arrival: when the group that gave the trend its latest point arrived.
    ///   - sent: the time between the sending of that group and of the one before it.
    mutating func update(_ trend: DelayTrend, sent: Instant.Span, arrival: Instant.Span) {
        guard trend.count >= 2 else { return }
        let value = Double(min(trend.count, 60)) * trend.slope * Self.gain
        if value > threshold {
            let interval = sent.seconds * 1_000
            let lasted = overusedFor.map { $0 + interval } ?? interval / 2
            overusedFor = lasted
            overusedGroups += 1
            if lasted > Self.patience, overusedGroups > 1, trend.slope >= previousSlope {
                overusedFor = 0
                overusedGroups = 0
                usage = .overuse
            }
        } else {
            overusedFor = nil
            overusedGroups = 0
            usage = value < -threshold ? .underuse : .normal
        }
        previousSlope = trend.slope
        adapt(to: abs(value), at: arrival)
    }

    private mutating func adapt(to value: Double, at arrival: Instant.Span) {
        let elapsed = min(max((arrival - (adaptedAt ?? arrival)).seconds * 1_000, 0), 100)
        adaptedAt = arrival
        guard value <= threshold + Self.farthestAdaption else { return }
        let speed = value < threshold ? Self.lower : Self.raise
        threshold = min(max(threshold + speed * (value - threshold) * elapsed, Self.lowest), Self.highest)
    }
}
