/// The least one-way delay of the last 10 to 20 s, on a scale of its own.
struct BaseDelay {
    private static let span = Instant.Span.seconds(10)

    private var present: Instant.Span?
    private var previous: Instant.Span?
    private var turnedAt = Instant.zero

    /// Takes the shortest delay of a report.
    /// - Returns: how much of it is queueing.
    mutating func queue(in delay: Instant.Span, at now: Instant) -> Instant.Span {
        if present == nil || now - turnedAt > Self.span {
            previous = present
            present = delay
            turnedAt = now
        }
        let least = min(present ?? delay, delay)
        present = least
        return delay - min(least, previous ?? least)
    }
}
