/// How much a publisher may send us, where it understands only that (REMB, draft-alvestrand-rmcat-remb-03): by the delay of its packets
/// where they say when they were sent (abs-send-time), and by their loss where they do not.
///
/// Sans-IO: told of each packet and of what got lost, asked by `poll` whether there is something to say.
package struct ReceiverSideEstimate {
    package struct Settings: Sendable {
        package var start = DataRate.megabitsPerSecond(1)
        package var minimum = DataRate.kilobitsPerSecond(100)
        package var maximum = DataRate.megabitsPerSecond(10)

        package init() {}
    }

    private static let interval = Instant.Span.seconds(1)
    private static let shortestInterval = Instant.Span.milliseconds(200)
    /// An estimate below this, of the one told last, is told at once.
    private static let urgentDrop = 0.97
    private static let updateSpan = Instant.Span.milliseconds(25)
    private static let silence = Instant.Span.seconds(2)
    private static let leastQueue = Instant.Span.milliseconds(12)
    /// Response time of a sender that we know nothing of.
    private static let roundTrip = Instant.Span.milliseconds(150)
    private static let cycle: Int64 = 64_000_000

    private var groups = ArrivalGroups()
    private var trend = DelayTrend()
    private var detector = OveruseDetector()
    private var arriving = AcknowledgedRate()
    private var base = BaseDelay()
    private var rates: RateControl
    private var loss: ReportedLoss

    /// The latest send time, without its wrap, in microseconds; far from zero.
    private var sentAt: Int64?
    private var shortestDelay: Instant.Span?
    private var queue = Instant.Span.microseconds(0)
    private var heardAt: Instant?
    private var updatedAt: Instant?
    private var told: (rate: DataRate, at: Instant)?

    package init(_ settings: Settings = Settings()) {
        rates = RateControl(start: settings.start, minimum: settings.minimum, maximum: settings.maximum)
        loss = ReportedLoss(start: settings.start, minimum: settings.minimum, maximum: settings.maximum)
    }

    package var estimate: DataRate { sentAt == nil ? loss.estimate : rates.estimate }

    /// A packet came in.
    /// - Parameters:
    ///   - bytes: the whole datagram.
    ///   - sendTime: of abs-send-time, 24 bits of 6.18 fixed point seconds; nil where the packet has none.
    package mutating func received(bytes: Int, sendTime: UInt32?, at now: Instant) {
        if let heardAt, now - heardAt > Self.silence {
            groups = ArrivalGroups()
            trend.restart()
            detector.restart()
            arriving = AcknowledgedRate()
        }
        heardAt = now
        let arrival = now - .zero
        arriving.add(bytes: bytes, arrival: arrival)
        guard let sendTime else { return }
        let sent = Instant(microseconds: unwrapped(sendTime))
        let delay = Instant.Span.microseconds(arrival.microseconds &- sent.microseconds)
        shortestDelay = min(shortestDelay ?? delay, delay)
        if let variation = groups.add(sentAt: sent, arrival: arrival, reportedAt: now) {
            trend.add(variation)
            detector.update(trend, sent: variation.sent, arrival: variation.arrival)
        }
        guard updatedAt.map({ now - $0 >= Self.updateSpan }) ?? true else { return }
        updatedAt = now
        if let shortestDelay { queue = base.queue(in: shortestDelay, at: now) }
        shortestDelay = nil
        rates.update(
            RateControl.Input(
                usage: detector.usage == .overuse && queue < Self.leastQueue ? .normal : detector.usage,
                acknowledged: arriving.rate,
                recentlyAcknowledged: detector.usage == .overuse ? arriving.recentRate : nil,
                roundTrip: Self.roundTrip), at: now)
    }

    /// What is missing of the publisher's streams, each time that receiver reports are written.
    /// - Parameters:
    ///   - packets: expected since the reports before, of all streams.
    ///   - lost: of them.
    package mutating func reported(packets: Int, lost: Int, at now: Instant) {
        loss.add(packets: packets, lost: lost, sending: arriving.rate ?? .zero, roundTrip: Self.roundTrip, at: now)
    }

    /// The rate to tell the publisher now; nil: nothing new. Tells at once what is less, and every second what is not.
    package mutating func poll(at now: Instant) -> DataRate? {
        guard heardAt != nil else { return nil }
        let rate = estimate
        if let told {
            let isUrgent = rate < told.rate * Self.urgentDrop
            guard now - told.at >= (isUrgent ? Self.shortestInterval : Self.interval) else { return nil }
        }
        told = (rate, now)
        return rate
    }

    private mutating func unwrapped(_ sendTime: UInt32) -> Int64 {
        let wire = (Int64(sendTime & 0xff_ffff) &* 1_000_000) >> 18
        guard let last = sentAt else {
            // Room for packets that were sent earlier and come later.
            sentAt = wire &+ Self.cycle
            return wire &+ Self.cycle
        }
        var distance = (wire &- last) % Self.cycle
        if distance >= Self.cycle / 2 { distance -= Self.cycle }
        if distance < -Self.cycle / 2 { distance += Self.cycle }
        let whole = last &+ distance
        sentAt = max(last, whole)
        return whole
    }
}
