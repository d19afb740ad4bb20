/// Measures the round trip to somebody to whom nothing is sent but reports: our time goes there in an extended report, and comes
/// back with how long it was held (RFC 3611 §4.4, §4.5). Browsers answer this without negotiation.
package struct ReferenceTimeClock: Sendable {
    private var clock = SenderReportClock()
    package private(set) var roundTrip = RoundTrip()

    package init() {}

    /// What to send now: any clock serves, since nobody but us reads it.
    package mutating func reference(at now: Instant) -> UInt64 {
        let time = now.networkTime
        let compact = UInt32(truncatingIfNeeded: time >> 16)
        clock.sent(compactNTPTime: compact, at: now)
        return time
    }

    /// Takes an answer.
    /// - Returns: the round trip that it proves; nil where it answers nothing of late.
    package mutating func answered(lastReference: UInt32, delay: UInt32, at now: Instant) -> Instant.Span? {
        let block = ReportBlock(
            ssrc: 0, fractionLost: 0, cumulativeLost: 0, highestSequence: 0, jitter: 0,
            lastSenderReport: lastReference, delaySinceLastSenderReport: delay)
        guard let sample = clock.roundTrip(of: block, at: now) else { return nil }
        roundTrip.add(sample)
        return sample
    }
}

extension Instant {
    /// In the form of NTP, though not since 1900: seconds in 32.32 fixed point, never 0.
    package var networkTime: UInt64 {
        let (seconds, rest) = max(microseconds, 0).quotientAndRemainder(dividingBy: 1_000_000)
        return UInt64(truncatingIfNeeded: seconds &+ 1) << 32
            | UInt64(truncatingIfNeeded: rest) * 4_294_967_296 / 1_000_000
    }
}
