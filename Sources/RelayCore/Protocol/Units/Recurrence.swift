/// Something that is due again and again: by the time that has passed, not by how often somebody asks.
package struct Recurrence {
    private let period: Instant.Span
    private var next = Instant.zero

    package init(every period: Instant.Span) { self.period = period }

    /// Whether it is due; once a period. What was missed while nobody asked is not made up for.
    package mutating func isDue(at now: Instant) -> Bool {
        guard now >= next else { return false }
        next = next + period > now ? next + period : now + period
        return true
    }
}
