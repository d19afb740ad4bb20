/// How often keyframes are asked for on one subscriber's account, since a keyframe costs everybody who gets the stream: the first
/// at once, then after 1 s, then each 2 s, until it has needed none for a while. The pause grows only where a keyframe came of the
/// request before: who got none does not ask too much.
///
/// What is asked for meanwhile is kept: it is due at the end of the pause, unless a keyframe has come by then.
package struct KeyframeAppetite: Sendable {
    package struct Settings: Sendable {
        /// After the first request.
        package var pause = Instant.Span.seconds(1)
        /// A decoder without a picture repeats its request, and so is never calm: it is not to stand still for longer.
        package var longestPause = Instant.Span.seconds(2)
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
    /// - Parameter lastKeyframe: when the newest keyframe of what the subscriber gets began to arrive, if any did.
    /// - Returns: whether to pass the request on now; if not, call `poll` at `deadline`.
    package mutating func request(at now: Instant, lastKeyframe: Instant?) -> Bool {
        note(at: now)
        guard let pausedUntil, now < pausedUntil else {
            pass(at: now, lastKeyframe: lastKeyframe)
            return true
        }
        isHungry = true
        delayed &+= 1
        return false
    }

    /// The subscriber cannot go on without a keyframe, as whoever asks this knows; to be asked again while that is so. Everything that
    /// it waits for at one instant is one request.
    /// - Returns: whether its waiting counts now.
    package mutating func waits(at now: Instant, lastKeyframe: Instant?) -> Bool {
        note(at: now)
        if passedAt == now { return true }
        if let pausedUntil, now < pausedUntil { return false }
        pass(at: now, lastKeyframe: lastKeyframe)
        return true
    }

    /// When to call `poll`; nil while no request waits.
    package var deadline: Instant? { isHungry ? pausedUntil : nil }

    private var pausedUntil: Instant? { passedAt.map { $0 + pause } }

    /// - Parameter lastKeyframe: when the newest keyframe of what the subscriber gets began to arrive, if any did.
    /// - Returns: whether to pass on now what was asked for.
    package mutating func poll(at now: Instant, lastKeyframe: Instant?) -> Bool {
        guard isHungry else { return false }
        if let lastKeyframe, let askedAt, lastKeyframe > askedAt {
            isHungry = false
            return false
        }
        guard let deadline, deadline <= now else { return false }
        pass(at: now, lastKeyframe: lastKeyframe)
        return true
    }

    /// Something is needed again; after a calm all begins anew.
    private mutating func note(at now: Instant) {
        if let askedAt, now - askedAt >= max(settings.calm, pause + pause) {
            pause = settings.pause
            passedAt = nil
        }
        askedAt = now
    }

    private mutating func pass(at now: Instant, lastKeyframe: Instant?) {
        if let passedAt, let lastKeyframe, lastKeyframe > passedAt {
            pause = min(pause + pause, settings.longestPause)
        }
        passedAt = now
        isHungry = false
    }
}
