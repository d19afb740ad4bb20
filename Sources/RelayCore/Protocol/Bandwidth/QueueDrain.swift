/// Looks for a queue that stands: what the trend of the delay cannot see, since a queue that stays has none. After a drop of the
/// capacity, or where several senders fill a queue slowly, sending a little less than arrives would take many seconds to empty it;
/// for a short while less is sent, the less the longer the queue. All senders of a link see the same queue, so all of
/// them give way together, which is what makes their shares equal in time.
///
/// The queue is the one-way delay above its least value of the last 10 to 20 s, so neither clock needs to be known. A queue
/// that does not become shorter is somebody else's, who looks at nothing but loss; then waiting for it to empty would mean to
/// give that one everything (`isForeign`).
package struct QueueDrain {
    private static let highest = Instant.Span.milliseconds(40)
    private static let emptied = Instant.Span.milliseconds(15)
    /// For which a queue has to become shorter by a third.
    private static let patience = Instant.Span.seconds(2)
    private static let longest = Instant.Span.seconds(8)
    private static let pause = Instant.Span.seconds(1)
    private static let foreignSpan = Instant.Span.seconds(10)
    private static let longestForeignSpan = Instant.Span.seconds(40)
    /// A queue that is emptied in less is emptied by this.
    private static let emptying = 0.5
    /// Of what arrives.
    private static let leastShare = 0.65
    private static let mostShare = 0.9
    private static let neededReports = 3

    private var isDraining = false
    private var startedAt = Instant.zero
    private var startQueue = Instant.Span.microseconds(0)
    private var notBefore: Instant?
    private var failures = 0
    private var longReports = 0
    private var rate = DataRate.zero
    private var foreignUntil: Instant?

    /// What may be sent while a queue is emptied; nil at other times.
    package var limit: DataRate? { isDraining ? rate : nil }
    /// Somebody keeps the queue full who does not give way.
    package var isForeign: Bool { foreignUntil != nil }

    /// - Parameters:
    ///   - queue: the shortest one-way delay of a report's packets, less what `BaseDelay` knows.
    ///   - jitter: what the delay varies by anyway.
    /// - Returns: whether draining begins now.
    mutating func update(queue: Instant.Span, jitter: Instant.Span, acknowledged: DataRate?, at now: Instant) -> Bool {
        if isDraining {
            drain(queue, at: now)
            return false
        }
        if let until = foreignUntil {
            guard queue < Self.emptied || now >= until else { return false }
            if queue < Self.emptied { failures = 0 }
            foreignUntil = nil
        }
        longReports = queue > Self.highest + jitter ? longReports + 1 : 0
        guard longReports >= Self.neededReports, let acknowledged, notBefore.map({ now >= $0 }) ?? true else {
            return false
        }
        isDraining = true
        startedAt = now
        startQueue = queue
        longReports = 0
        rate = acknowledged * min(max(1 - queue.seconds / Self.emptying, Self.leastShare), Self.mostShare)
        return true
    }

    private mutating func drain(_ queue: Instant.Span, at now: Instant) {
        if queue < Self.emptied {
            failures = 0
            isDraining = false
            notBefore = now + Self.pause
        } else if now - startedAt > Self.longest
            || (now - startedAt > Self.patience && queue.seconds > startQueue.seconds * 0.67)
        {
            isDraining = false
            failures = min(failures + 1, 4)
            let span = Instant.Span.microseconds(Self.foreignSpan.microseconds << Int64(failures - 1))
            foreignUntil = now + min(span, Self.longestForeignSpan)
        }
    }
}
