/// When the latest sender reports to one receiver left, so that the round trip follows from what it reports back
/// (RFC 3550 §6.4.1: now − LSR − DLSR), without comparing clocks.
package struct SenderReportClock: Sendable {
    private struct Sent {
        var compactTime: UInt32 = 0
        var at = Instant.zero
        var isUsed = false
    }

    private var ring = InlineArray<8, Sent>(repeating: Sent())
    private var next = 0

    package init() {}

    /// Notes a report that leaves now; `compactNTPTime` as in `SenderInfo`.
    package mutating func sent(compactNTPTime: UInt32, at now: Instant) {
        ring[next] = Sent(compactTime: compactNTPTime, at: now, isUsed: true)
        next = (next + 1) % 8
    }

    /// The round trip that a block about our stream proves; nil where it answers none of the last eight reports.
    package func roundTrip(of block: ReportBlock, at now: Instant) -> Instant.Span? {
        guard block.lastSenderReport != 0 else { return nil }
        for index in 0..<8 where ring[index].isUsed && ring[index].compactTime == block.lastSenderReport {
            let held = Int64(block.delaySinceLastSenderReport) * 1_000_000 / 65_536
            let span = (now - ring[index].at).microseconds &- held
            // Rounding may make it a little negative; more than that is a receiver that miscounts.
            return span < -50_000 ? nil : .microseconds(max(span, 0))
        }
        return nil
    }
}

/// A smoothed round trip with its variation (RFC 6298 §2).
package struct RoundTrip: Sendable {
    package private(set) var latest: Instant.Span?
    package private(set) var smoothed: Instant.Span?
    package private(set) var variation = Instant.Span(microseconds: 0)

    package init() {}

    /// Takes a sample; negative ones and those beyond a minute are left out.
    package mutating func add(_ sample: Instant.Span) {
        guard sample.microseconds >= 0, sample.microseconds <= 60_000_000 else { return }
        latest = sample
        guard let previous = smoothed?.microseconds else {
            smoothed = sample
            variation = .microseconds(sample.microseconds / 2)
            return
        }
        let error = sample.microseconds - previous
        variation = .microseconds(variation.microseconds + (abs(error) - variation.microseconds) / 4)
        smoothed = .microseconds(previous + error / 8)
    }
}
