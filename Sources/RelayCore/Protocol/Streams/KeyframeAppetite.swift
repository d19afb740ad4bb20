/// How often one subscriber's requests for keyframes are passed on, since a keyframe costs everybody who gets the stream: the first
/// at once, then after 1 s, 2 s, 4 s and so on, until it has asked for nothing for a while.
///
/// What is asked for meanwhile is kept: it is due at the end of the pause, unless a keyframe has come by then.
package struct KeyframeAppetite: Sendable {
    package struct Settings: Sendable {
        /// After the first request.
        package var pause = Instant.Span.seconds(1)
        package var longestPause = Instant.Span.seconds(8)
        /// Who asks for nothing for so long, and at least for twice the present pause, begins anew.
        package var calm = Instant.Span.seconds(4)

        package init() {}
    }

    private let settings: Settings
    private var pause: Instant.Span
    private var passedAt: Instant?
    private var askedAt: Instant?
    /// A request waits for the end of the pause.
    package private(set) var isHungry = false
    /// Requests that were not passed on at once.
    package private(set) var delayed: UInt64 = 0

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        pause = settings.pause
    }

    /// The subscriber asks for a keyframe.
    /// - Returns: whether to pass the request on now; if not, call `poll` at `deadline`.
    package mutating func request(at now: Instant) -> Bool {
        if let askedAt, now - askedAt >= max(settings.calm, pause + pause) {
            pause = settings.pause
            passedAt = nil
        }
        askedAt = now
        guard let deadline = passedAt.map({ $0 + pause }), now < deadline else {
            pass(at: now)
            return true
        }
        isHungry = true
        delayed &+= 1
        return false
    }

    /// When to call `poll`; nil while no request waits.
    package var deadline: Instant? { isHungry ? passedAt.map { $0 + pause } : nil }

    /// - Parameter lastKeyframe: when the newest keyframe of what the subscriber gets began to arrive, if any did.
    /// - Returns: whether to pass on now what was asked for.
    package mutating func poll(at now: Instant, lastKeyframe: Instant?) -> Bool {
        guard isHungry else { return false }
        if let lastKeyframe, let askedAt, lastKeyframe > askedAt {
            isHungry = false
            return false
        }
        guard let deadline, deadline <= now else { return false }
        pass(at: now)
        return true
    }

    private mutating func pass(at now: Instant) {
        if passedAt != nil { pause = min(pause + pause, settings.longestPause) }
        passedAt = now
        isHungry = false
    }
}
