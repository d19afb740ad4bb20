/// One transport's share in a participant's estimate: what was sent over it and what its peer reports. Transport-wide sequence
/// numbers and the receiver's clock belong to a transport, so the history and the arrival filter do, too.
package final class FeedbackPath {
    /// After so long without reports what was known is out of date.
    private static let silence = Instant.Span.seconds(2)
    private static let leastQueue = Instant.Span.milliseconds(25)
    private static let usageSpan = Instant.Span.milliseconds(500)
    /// What is sent so shortly before and after a probe's last packet stands in the queue that it makes.
    private static let beforeProbeEnd = Instant.Span.milliseconds(150)
    private static let afterProbeEnd = Instant.Span.milliseconds(10)
    private static let clockJump: Int64 = 3_000_000
    /// The reference time has 24 bits of 64 ms.
    private static let referenceCycle: Int64 = 64_000 << 24

    /// What one report said.
    struct Tally {
        /// Newly reported: received and not.
        var received = 0
        var receivedBytes = 0
        var lost = 0
        var lostBytes = 0
        /// Reported lost earlier, and there after all.
        var recovered = 0
        var recoveredBytes = 0
        var lastSentAt: Instant?
        /// Less the time that packets waited at the receiver for the report.
        var roundTrip: Instant.Span?
        /// The detector went from underuse to normal.
        var hasRecovered = false
        var probed: ProbeResults.Result?
        /// What the packets waited in queues on the way, at the least.
        var queue: Instant.Span?
    }

    /// Identifies the path among those of its participant.
    package let number: Int
    /// Its peer has negotiated transport-wide feedback.
    package let givesFeedback: Bool
    package let sent = SentPackets()
    /// When the latest feedback came; nil: the peer gives none, as far as is known.
    package private(set) var reportedAt: Instant?
    /// Bytes that the participant's estimator has taken note of.
    var countedBytes: UInt64 = 0
    var receiverEstimate: (rate: DataRate, at: Instant)?

    private var groups = ArrivalGroups()
    private var trend = DelayTrend()
    private var detector = OveruseDetector()
    private var acknowledged = AcknowledgedRate()
    private var base = BaseDelay()
    private var groupAt: Instant?
    /// What the packets of the latest report waited at the least.
    private var queue = Instant.Span.microseconds(0)
    /// How much farther apart, or closer together, groups arrive than they were sent; smoothed.
    private(set) var jitter = Instant.Span.microseconds(0)
    private var reference: Instant.Span?
    /// Our clock less the receiver's, at the latest report.
    private var offset: Int64?

    init(number: Int, givesFeedback: Bool) {
        self.number = number
        self.givesFeedback = givesFeedback
    }

    /// What this transport's delay says; nothing where it has not been heard of lately.
    func usage(at now: Instant) -> PathUsage {
        guard let groupAt, now - groupAt < Self.usageSpan else { return .normal }
        // A trend of the delay without a queue is jitter.
        return detector.usage == .overuse && queue < Self.leastQueue ? .normal : detector.usage
    }

    /// What arrived lately, or 0 where that is long ago.
    func acknowledgedRate(at now: Instant) -> DataRate? { isHeard(at: now) ? acknowledged.rate : nil }
    func recentlyAcknowledgedRate(at now: Instant) -> DataRate? { isHeard(at: now) ? acknowledged.recentRate : nil }

    private func isHeard(at now: Instant) -> Bool { reportedAt.map { now - $0 < .seconds(1) } ?? false }

    /// Takes a report in. Whatever it says about packets that were not sent has no effect.
    /// - Parameter probedAt: when the latest packet of a probe left, over any path of the participant.
    func take(
        _ report: TransportFeedbackReport, probes: inout ProbeResults, probedAt: Instant?, at now: Instant
    ) -> Tally {
        if let reportedAt, now - reportedAt > Self.silence {
            restartTrend()
            acknowledged = AcknowledgedRate()
        }
        reportedAt = now
        let shift = unwrapped(report.referenceTime) - report.referenceTime
        var tally = Tally()
        var newestArrival: Instant.Span?
        var isProbed = false
        var shortest = Instant.Span.microseconds(.max)
        for status in report {
            let arrival = status.arrival.map { $0 + shift }
            guard let (packet, wasLost) = sent.report(status.sequence, isReceived: arrival != nil) else { continue }
            tally.lastSentAt = max(tally.lastSentAt ?? packet.at, packet.at)
            guard let arrival else {
                tally.lost += 1
                tally.lostBytes += Int(packet.bytes)
                continue
            }
            if newestArrival == nil { follow(arrival, at: now) }
            tally.received += 1
            tally.receivedBytes += Int(packet.bytes)
            if wasLost {
                tally.recovered += 1
                tally.recoveredBytes += Int(packet.bytes)
            }
            newestArrival = max(newestArrival ?? arrival, arrival)
            shortest = min(shortest, .microseconds(arrival.microseconds &- packet.at.microseconds))
            note(packet, arrival, &tally, now)
            if packet.cluster != 0 { tally.probed = probes.received(packet, arrival: arrival) ?? tally.probed }
            if let probedAt, packet.at <= probedAt + Self.afterProbeEnd, probedAt - packet.at <= Self.beforeProbeEnd {
                isProbed = true
            }
        }
        // A probe makes a queue, or it would not show anything: that is not to be taken for overuse.
        if isProbed { restartTrend() }
        if let newestArrival {
            let roundTrip = (now - .zero) - newestArrival + shortest
            tally.roundTrip = roundTrip.microseconds >= 0 ? roundTrip : nil
            queue = base.queue(in: shortest, at: now)
            tally.queue = queue
        }
        return tally
    }

    private func note(_ packet: SentPackets.Entry, _ arrival: Instant.Span, _ tally: inout Tally, _ now: Instant) {
        acknowledged.add(bytes: Int(packet.bytes), arrival: arrival)
        guard let variation = groups.add(sentAt: packet.at, arrival: arrival, reportedAt: now) else { return }
        let before = detector.usage
        trend.add(variation)
        let variance = Int64((variation.arrived - variation.sent).microseconds.magnitude)
        jitter = .microseconds((jitter.microseconds * 15 + min(variance, 100_000)) / 16)
        detector.update(trend, sent: variation.sent, arrival: variation.arrival)
        groupAt = now
        if before == .underuse, detector.usage == .normal { tally.hasRecovered = true }
    }

    /// Begins anew where the receiver's clock was set anew.
    private func follow(_ arrival: Instant.Span, at now: Instant) {
        let current = now.microseconds &- arrival.microseconds
        if let offset, (current &- offset).magnitude > UInt64(Self.clockJump) { restart() }
        offset = current
    }

    private func restart() {
        restartTrend()
        acknowledged = AcknowledgedRate()
        base = BaseDelay()
    }

    private func restartTrend() {
        groups = ArrivalGroups()
        trend.restart()
        detector.restart()
        groupAt = nil
    }

    /// The reference time without the wrap of its 24 bits.
    private func unwrapped(_ wire: Instant.Span) -> Instant.Span {
        guard let last = reference else {
            reference = wire
            return wire
        }
        let cycle = Self.referenceCycle
        var distance = (wire.microseconds &- last.microseconds) % cycle
        if distance >= cycle / 2 { distance -= cycle }
        if distance < -cycle / 2 { distance += cycle }
        let whole = Instant.Span.microseconds(last.microseconds &+ distance)
        reference = whole
        return whole
    }
}
