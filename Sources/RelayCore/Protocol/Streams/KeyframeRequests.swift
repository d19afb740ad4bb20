/// When to ask a source for a keyframe: at once for the first who needs one, then at most once per `quiet`, however many ask.
///
/// Who asks within the quiet period is served at its end, unless a keyframe has come by then. A request that brings no keyframe
/// is repeated a few times, as the request itself may have been lost.
package struct KeyframeRequests: Sendable {
    private static let maximumRepetitions = 5

    private let quiet: Instant.Span
    private let patience: Instant.Span
    private var sentAt: Instant?
    private var isWanted = false
    private var isUnanswered = false
    private var repetitions = 0
    /// Requests sent, repetitions included.
    package private(set) var sent: UInt64 = 0

    /// - Parameter patience: how long a request may go unanswered before it is repeated.
    package init(quiet: Instant.Span = .milliseconds(500), patience: Instant.Span = .milliseconds(1000)) {
        self.quiet = quiet
        self.patience = max(quiet, patience)
    }

    /// Somebody needs a keyframe.
    /// - Returns: whether to send a request right now.
    package mutating func request(at now: Instant) -> Bool {
        repetitions = 0
        if let sentAt, now - sentAt < quiet {
            isWanted = true
            return false
        }
        send(at: now)
        return true
    }

    /// A keyframe has begun to arrive: all who asked are served.
    package mutating func keyframeArrived() {
        isWanted = false
        isUnanswered = false
    }

    /// - Returns: whether to send a request right now.
    package mutating func poll(at now: Instant) -> Bool {
        guard let deadline, deadline <= now else { return false }
        if !isWanted { repetitions += 1 }
        send(at: now)
        return true
    }

    /// When to call `poll` next; nil while there is nothing to send.
    package var deadline: Instant? {
        guard let sentAt else { return nil }
        if isWanted { return sentAt + quiet }
        return isUnanswered && repetitions < Self.maximumRepetitions ? sentAt + patience : nil
    }

    private mutating func send(at now: Instant) {
        sentAt = now
        isWanted = false
        isUnanswered = true
        sent &+= 1
    }
}
