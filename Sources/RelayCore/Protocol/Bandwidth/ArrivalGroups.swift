/// Joins packets into groups that were sent within 5 ms, or that a queue on the way has pushed together, and compares
/// neighbouring groups: how much farther apart did they arrive than they were sent (draft-ietf-rmcat-gcc-02 §5.2, §5.3).
struct ArrivalGroups {
    private static let groupSpan = Instant.Span.milliseconds(5)
    private static let longestBurst = Instant.Span.milliseconds(100)
    /// A receiver's clock that jumps by so much against ours has been set anew.
    private static let clockJump = Instant.Span.seconds(3)

    /// Between the last packets of two neighbouring groups.
    struct Variation {
        var sent: Instant.Span
        var arrived: Instant.Span
        /// When the later group was complete, on the receiver's clock.
        var arrival: Instant.Span
    }

    private struct Group {
        var firstSent: Instant
        var lastSent: Instant
        var firstArrival: Instant.Span
        var lastArrival: Instant.Span
        /// When we heard of it, on our clock.
        var reportedAt: Instant
    }

    private var current: Group?
    private var previous: Group?

    /// Takes packets in the order of sending.
    /// - Parameters:
    ///   - arrival: on the receiver's clock.
    ///   - now: when the report of it came.
    /// - Returns: a variation where this packet begins a group and two complete ones came before it.
    mutating func add(sentAt: Instant, arrival: Instant.Span, reportedAt now: Instant) -> Variation? {
        guard var group = current else {
            current = Group(
                firstSent: sentAt, lastSent: sentAt, firstArrival: arrival, lastArrival: arrival, reportedAt: now)
            return nil
        }
        guard sentAt >= group.firstSent else { return nil }
        if sentAt - group.firstSent <= Self.groupSpan || isSameBurst(group, sentAt, arrival) {
            group.lastSent = max(group.lastSent, sentAt)
            group.lastArrival = max(group.lastArrival, arrival)
            group.reportedAt = now
            current = group
            return nil
        }
        defer {
            current = Group(
                firstSent: sentAt, lastSent: sentAt, firstArrival: arrival, lastArrival: arrival, reportedAt: now)
        }
        guard let earlier = previous else {
            previous = group
            return nil
        }
        previous = group
        let arrived = group.lastArrival - earlier.lastArrival
        let reported = group.reportedAt - earlier.reportedAt
        if arrived - reported >= Self.clockJump || arrived.microseconds < -Self.clockJump.microseconds {
            previous = nil
            return nil
        }
        // Whole groups overtook each other: nothing can be learnt from that.
        guard arrived.microseconds >= 0 else { return nil }
        return Variation(sent: group.lastSent - earlier.lastSent, arrived: arrived, arrival: group.lastArrival)
    }

    /// Packets that arrive closer together than they were sent have stood in one queue.
    private func isSameBurst(_ group: Group, _ sentAt: Instant, _ arrival: Instant.Span) -> Bool {
        let arrivalGap = arrival - group.lastArrival
        return arrivalGap < sentAt - group.lastSent && arrivalGap <= Self.groupSpan
            && arrival - group.firstArrival < Self.longestBurst
    }
}
