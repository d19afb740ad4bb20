/// Looks for a queue that stands: what the trend of the delay cannot see, since a queue that stays has none. After a sharp drop of the
/// capacity, sending a little less than arrives would take many seconds to empty it; for a short while much less is sent.
///
/// The queue is the one-way delay above its least value of the last 10 to 20 s, so neither clock needs to be known. A queue
/// that does not go away is somebody else's: draining ends after a while and is not tried again soon.
package struct QueueDrain {
    private static let highest = Instant.Span.milliseconds(120)
    private static let emptied = Instant.Span.milliseconds(25)
    private static let longest = Instant.Span.seconds(3)
    private static let pause = Instant.Span.seconds(8)
    /// Of what arrives.
    private static let share = 0.65
    private static let neededReports = 3

    private var isDraining = false
    private var startedAt: Instant?
    private var longReports = 0
    private var rate = DataRate.zero
    /// What may be sent while a queue is emptied; nil at other times.
    package var limit: DataRate? { isDraining ? rate : nil }

    /// - Parameter queue: the shortest one-way delay of a report's packets, less what `BaseDelay` knows.
    mutating func update(queue: Instant.Span, acknowledged: DataRate?, at now: Instant) {
        if isDraining {
            if queue < Self.emptied || now - (startedAt ?? now) > Self.longest { isDraining = false }
            return
        }
        longReports = queue > Self.highest ? longReports + 1 : 0
        guard longReports >= Self.neededReports, let acknowledged,
            startedAt.map({ now - $0 > Self.pause }) ?? true
        else { return }
        isDraining = true
        startedAt = now
        longReports = 0
        rate = acknowledged * Self.share
    }
}
