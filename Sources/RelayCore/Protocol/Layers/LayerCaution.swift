/// How much has to speak for sending more: little at first, more after congestion, and most where sending more has lately led to it.
struct LayerCaution {
    private static let usualPatience = Instant.Span.seconds(1)
    private static let eagerPatience = Instant.Span.milliseconds(200)
    private static let burntPatience = Instant.Span.seconds(2)
    private static let burntSpan = Instant.Span.seconds(10)
    /// Congestion so soon after a step up came from it.
    private static let blameSpan = Instant.Span.seconds(15)
    /// The keyframe that begins a better layer is a burst, and what has arrived until then says nothing of the new rate: estimates
    /// fall for a moment, and are not believed so soon after it.
    private static let settlingSpan = Instant.Span.milliseconds(1_500)
    private static let longestWait = Instant.Span.seconds(3)
    private static let highestLevel = 4
    /// A level less for each such time without congestion.
    private static let calmSpan = Instant.Span.seconds(30)
    private static let usualMargin = 0.12
    private static let furtherMargin = 0.06

    /// How often in a row a step up was too much.
    private(set) var level = 0
    /// Nothing more until then.
    private(set) var holdUntil = Instant(microseconds: .min / 4)
    private var raisedAt: Instant?
    private var settlesAt: Instant?
    private var loweredAt: Instant?
    private var calmSince: Instant?

    /// To be called first at each time.
    mutating func update(at now: Instant) {
        guard level > 0, let since = calmSince, now - since >= Self.calmSpan else { return }
        level -= 1
        calmSince = now
    }

    /// A step up has to leave this share of its rate free.
    var margin: Double { Self.usualMargin + Self.furtherMargin * Double(level) }

    /// How long a step up has to fit before it is taken.
    func patience(isEager: Bool, at now: Instant) -> Instant.Span {
        if let loweredAt, now - loweredAt < Self.burntSpan { return Self.burntPatience }
        return isEager ? Self.eagerPatience : Self.usualPatience
    }

    /// More is sent from now on.
    mutating func raised(at now: Instant) {
        raisedAt = now
        settlesAt = now + Self.settlingSpan
    }

    /// Some video still waits for the keyframe of its new layer.
    mutating func isWaiting(at now: Instant) {
        guard let raisedAt, now - raisedAt < Self.longestWait else { return }
        settlesAt = now + Self.settlingSpan
    }

    /// Until when a low estimate may come from the last step up itself; nil: it does not.
    func settling(at now: Instant) -> Instant? { settlesAt.flatMap { $0 > now ? $0 : nil } }

    /// Less had to be sent.
    mutating func lowered(at now: Instant) {
        if let raisedAt, now - raisedAt < Self.blameSpan {
            level = min(level + 1, Self.highestLevel)
            holdUntil = now + .seconds(min(Int64(1) << Int64(level), 10))
        }
        // Further steps down of the same congestion are nobody's fault.
        raisedAt = nil
        settlesAt = nil
        loweredAt = now
        calmSince = now
    }
}
