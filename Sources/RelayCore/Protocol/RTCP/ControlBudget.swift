/// How much work one connection's RTCP may make: a few bytes of it can tell of tens of thousands of packets.
///
/// So many at once, and then as many as time allows; both are far above what any path's traffic needs.
package struct ControlBudget: Sendable {
    /// Of transport-wide reports.
    private static let mostStatuses = 16_384
    private static let statusesPerMillisecond: Int64 = 200
    /// Whatever a report tells of, its effects have to be worked out.
    private static let statusesForReport = 32
    private static let mostRequests = 1_000
    private static let requestsPerMillisecond: Int64 = 20

    private var statuses = ControlBudget.mostStatuses
    private var requests = ControlBudget.mostRequests
    private var refilledAt: Instant?

    package init() {}

    /// Whether a transport-wide report of so many packets is to be read. Of one that tells of more than are ever waited for nothing
    /// is believed.
    package mutating func admitsReport(ofPackets count: Int, at now: Instant) -> Bool {
        guard count <= SentPackets.maximumCapacity else { return false }
        refill(at: now)
        return Self.take(count + Self.statusesForReport, from: &statuses)
    }

    /// Whether one more packet that was asked for again (RFC 4585 §6.2.1) is to be looked for.
    package mutating func admitsRequest(at now: Instant) -> Bool {
        refill(at: now)
        return Self.take(1, from: &requests)
    }

    private static func take(_ count: Int, from rest: inout Int) -> Bool {
        guard rest >= count else { return false }
        rest -= count
        return true
    }

    private mutating func refill(at now: Instant) {
        guard let last = refilledAt else {
            refilledAt = now
            return
        }
        // Parts of a millisecond go on accumulating.
        let milliseconds = min((now - last).milliseconds, 1_000)
        guard milliseconds > 0 else { return }
        refilledAt = milliseconds < 1_000 ? last + .milliseconds(milliseconds) : now
        statuses = min(statuses + Int(milliseconds * Self.statusesPerMillisecond), Self.mostStatuses)
        requests = min(requests + Int(milliseconds * Self.requestsPerMillisecond), Self.mostRequests)
    }
}
