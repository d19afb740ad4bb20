/// How much one participant can be sent, all of its transports together: Google congestion control
/// (draft-ietf-rmcat-gcc-02, and what libwebrtc made of it) over transport-wide feedback, receiver reports and REMB without it.
///
/// Each transport has a `FeedbackPath` with its own arrival filter. They share one access link, so there is one rate control: it
/// goes down as soon as paths with a quarter of the traffic show overuse, up otherwise, by what arrives over all of them; loss is
/// pooled. Sans-IO: the caller says what was sent and what was reported, and polls every 10 to 50 ms.
package final class BandwidthEstimator {
    package struct Settings: Sendable {
        package var start = DataRate.megabitsPerSecond(1)
        /// Where the peer gives no transport-wide feedback, so that nothing but loss tells that it was too much.
        package var startWithoutFeedback = DataRate.megabitsPerSecond(4)
        package var minimum = DataRate.kilobitsPerSecond(30)
        package var maximum = DataRate.megabitsPerSecond(50)
        /// Of the estimate: the rate that packets leave at.
        package var pacingFactor = 2.5
        /// As long as nothing is known of the path, packets leave at no less: the first picture is not to wait.
        package var firstPacing = DataRate.megabitsPerSecond(5)

        package init() {}
    }

    private static let probeSpan = Instant.Span.milliseconds(15)
    private static let longestProbeSpan = Instant.Span.milliseconds(60)
    private static let probePackets = 5
    /// Of what arrives.
    private static let provenShare = 0.9
    private static let fewestProbePackets = 3
    private static let probePacketBytes = 400
    /// The pacer gives up a probe that nothing could be sent for.
    private static let probeSendTimeout = Instant.Span.milliseconds(200)
    private static let shortQueue = Instant.Span.milliseconds(50)
    private static let overusedShare = 0.25
    private static let leastProbeShare = 0.25
    private static let probeInterval = Instant.Span.milliseconds(2)
    /// A probe far below what has just arrived is not believed.
    private static let probeFloor = 0.85
    private static let receiverEstimateSpan = Instant.Span.seconds(5)
    private static let feedbackTimeout = Instant.Span.milliseconds(1_500)
    private static let feedbackStep = Instant.Span.milliseconds(500)
    /// Nothing has left over the paths that feedback comes of: nothing is waited for.
    private static let restSpan = Instant.Span.seconds(1)
    /// Negotiated feedback that has not come by then will not.
    private static let firstFeedbackTimeout = Instant.Span.seconds(5)
    /// A probe that shows less than this, of the estimate, may have shown somebody else's share.
    private static let probeGain = 1.1

    private let settings: Settings
    package private(set) var paths: [FeedbackPath] = []
    private var nextPath = 0

    private var rates: RateControl
    package private(set) var loss = LossBound()
    package private(set) var applicationLimit = ApplicationLimit()
    package private(set) var drain = QueueDrain()
    private var probes = ProbeResults()
    private var planner: ProbePlanner
    private var reportedLoss: ReportedLoss
    private var nextCluster: UInt16 = 1
    private var latestProbe: ProbeCluster?
    package private(set) var roundTrip = RoundTrip()
    private var sending = BitrateWindow()

    /// Some transport has given transport-wide feedback.
    private var hasFeedback = false
    /// Since when packets that feedback should come of are out without any.
    private var unansweredSince: Instant?
    private var steppedAt: Instant?
    /// When the first packet left that feedback should come of.
    private var begunAt: Instant?
    /// A probe, a queue or loss has told something of the path.
    private var isPathKnown = false
    /// The path had a queue of ours at some time.
    private var hasBeenFull = false

    /// What all tracks together would use at their best; nil: as much as there is. Above it nothing is probed.
    package var wanted: DataRate?

    /// What may be sent now, retransmissions and padding included.
    package private(set) var estimate: DataRate

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        estimate = settings.start
        rates = RateControl(start: settings.start, minimum: settings.minimum, maximum: settings.maximum)
        planner = ProbePlanner(start: settings.start, maximum: settings.maximum)
        reportedLoss = ReportedLoss(
            start: settings.startWithoutFeedback, minimum: settings.minimum, maximum: settings.maximum)
    }

    /// The rate at which the pacer lets packets go.
    package var pacingRate: DataRate {
        isPathKnown ? estimate * settings.pacingFactor : max(estimate * settings.pacingFactor, settings.firstPacing)
    }
    package var delayBased: DataRate { rates.estimate }
    package var averageLoss: Double { loss.averageLoss }

    // MARK: Transports

    /// A transport of the participant that can be sent to from now on.
    /// - Parameter givesFeedback: transport-wide feedback is negotiated, so packets carry numbers for it.
    package func addPath(givesFeedback: Bool, at now: Instant) -> FeedbackPath {
        let path = FeedbackPath(number: nextPath, givesFeedback: givesFeedback)
        nextPath += 1
        paths.append(path)
        if givesFeedback, !hasFeedback { settle(.normal, at: now) }
        settleWithoutFeedback(at: now)
        return path
    }

    /// The transport is no more. What is known of the participant's network stays.
    package func remove(_ path: FeedbackPath) {
        paths.removeAll { $0 === path }
        // What is out over others counts from the next packet on.
        unansweredSince = nil
        guard hasFeedback, !paths.contains(where: { $0.reportedAt != nil }) else { return }
        hasFeedback = false
        begunAt = nil
        reportedLoss.restart(at: estimate)
    }

    // MARK: Reports

    /// Transport-wide feedback about what was sent over `path`.
    /// - Returns: of how many packets it is the first to tell, and how many more are lost than was told before; less than 0: fewer.
    @discardableResult
    package func received(
        _ report: TransportFeedbackReport, over path: FeedbackPath, at now: Instant
    ) -> (packets: Int, lost: Int) {
        count(at: now)
        let probedAt = paths.lazy.compactMap(\.sent.lastProbeAt).max()
        let tally = path.take(report, probes: &probes, probedAt: probedAt, at: now)
        guard let lastSentAt = tally.lastSentAt else { return (0, 0) }
        hasFeedback = true
        unansweredSince = nil
        steppedAt = nil
        if let sample = tally.roundTrip { roundTrip.add(sample) }
        let acknowledged = sum { $0.acknowledgedRate(at: now) }
        // Over a shorter time, where a queue shows that what arrives is what the link lets through.
        let isQueued = tally.queue.map { $0 > Self.shortQueue } ?? false
        let recently = isQueued ? sum { $0.recentlyAcknowledgedRate(at: now) } : nil
        let usage = drain.isForeign ? foreignUsage(tally) : usage(acknowledged, at: now)
        let isClear = usage != .overuse && drain.limit == nil
        if isClear, let probed = tally.probed, isTelling(probed.total(with: others(than: path, at: now))) {
            let floor = min(rates.estimate, (recently ?? acknowledged ?? .zero) * Self.probeFloor)
            rates.set(max(probed.total(with: others(than: path, at: now)), floor), at: now)
            loss.restart(at: rates.estimate)
            isPathKnown = true
        } else {
            rates.update(
                RateControl.Input(
                    usage: usage, acknowledged: acknowledged, recentlyAcknowledged: recently,
                    roundTrip: roundTrip.smoothed ?? .milliseconds(200),
                    isApplicationLimited: applicationLimit.since != nil && !isQueued,
                    isCompeting: drain.isForeign), at: now)
            if usage == .overuse {
                isPathKnown = true
                hasBeenFull = true
            }
            // What arrives without a queue is what the path bears, at the least.
            if !hasBeenFull, usage == .normal, !isQueued, drain.limit == nil, let acknowledged,
                acknowledged * Self.provenShare > rates.estimate
            {
                rates.set(acknowledged * Self.provenShare, at: now)
            }
        }
        loss.add(
            sent: tally.receivedBytes + tally.lostBytes - tally.recoveredBytes,
            lost: tally.lostBytes - tally.recoveredBytes, lastSentAt: lastSentAt,
            rates: LossBound.Rates(
                delayBased: rates.estimate, acknowledged: acknowledged,
                isApplicationLimited: applicationLimit.since != nil))
        if let queue = tally.queue, carriesItsPart(path, acknowledged, at: now),
            drain.update(queue: queue, jitter: path.jitter, acknowledged: recently ?? acknowledged, at: now)
        {
            rates.stand(acknowledged: recently ?? acknowledged, at: now)
            isPathKnown = true
            hasBeenFull = true
        }
        settle(usage, at: now)
        if tally.hasRecovered { planner.recovered(wanted: wanted, at: now) }
        return (tally.received + tally.lost - tally.recovered, tally.lost - tally.recovered)
    }

    /// REMB: heeded where there is no transport-wide feedback. Each connection's receiver estimates its own share, so the limits of
    /// several transports add up.
    package func received(_ receiverEstimate: ReceiverEstimate, over path: FeedbackPath, at now: Instant) {
        let rate = DataRate(bitsPerSecond: Int64(clamping: receiverEstimate.bitrate))
        path.receiverEstimate = (max(rate, settings.minimum), now)
        settleWithoutFeedback(at: now)
    }

    /// Receiver reports: heeded where there is no transport-wide feedback.
    /// - Parameters:
    ///   - packets: expected since the reports before, of all streams reported about.
    ///   - lost: of them; less than 0 (duplicates) counts as 0.
    package func received(reportedPackets packets: Int, lost: Int, roundTrip sample: Instant.Span?, at now: Instant) {
        count(at: now)
        guard !awaitsFeedback(at: now) else { return }
        if let sample { roundTrip.add(sample) }
        reportedLoss.add(
            packets: packets, lost: lost, sending: sendingRate(at: now),
            roundTrip: roundTrip.smoothed ?? .milliseconds(200), at: now)
        settleWithoutFeedback(at: now)
    }

    // MARK: Time

    /// To be called every 10 to 50 ms while something is sent.
    package func poll(at now: Instant) {
        count(at: now)
        if hasFeedback {
            checkFeedback(at: now)
        } else if !awaitsFeedback(at: now) {
            reportedLoss.poll(wanted: wanted, sending: sendingRate(at: now), at: now)
            settleWithoutFeedback(at: now)
        }
        guard paths.contains(where: \.givesFeedback) else { return }
        if let probe = latestProbe, now - probe.requestedAt > Self.probeSendTimeout {
            let isSent = paths.contains {
                $0.number == probe.path && ($0.sent.lastProbeAt ?? .zero) >= probe.requestedAt
            }
            latestProbe = nil
            if !isSent { planner.unsent(at: now) }
        }
        planner.poll(
            wanted: wanted, isApplicationLimited: applicationLimit.since != nil,
            isCapacityKnown: rates.capacity.estimate != nil, at: now)
    }

    /// A probe for the pacer to send; nil where none is due. Call until nil after each report and each poll.
    package func nextProbe(at now: Instant) -> ProbeCluster? {
        let path = paths.lazy.filter(\.givesFeedback).max { $0.sent.lastAt < $1.sent.lastAt }
        guard let path, let total = planner.next() else { return nil }
        // The others go on meanwhile.
        let rate = max(total - others(than: path, at: now), total * Self.leastProbeShare)
        // Jitter has to be small against it.
        let span = min(max(Self.probeSpan, path.jitter * 5), Self.longestProbeSpan)
        let packets = min(max(rate.bytes(in: span) / Self.probePacketBytes, Self.fewestProbePackets), Self.probePackets)
        let cluster = ProbeCluster(
            number: nextCluster, rate: rate, span: span, packets: packets,
            interval: Self.probeInterval, path: path.number, at: now)
        latestProbe = cluster
        nextCluster = nextCluster == .max ? 1 : nextCluster + 1
        probes.begin(cluster)
        return cluster
    }

    /// Notes what was sent since last time.
    private func count(at now: Instant) {
        var bytes: UInt64 = 0
        var isAnswered = false
        for path in paths where path.sent.bytes != path.countedBytes {
            bytes &+= path.sent.bytes &- path.countedBytes
            path.countedBytes = path.sent.bytes
            if path.givesFeedback { isAnswered = true }
        }
        let sent = Int(truncatingIfNeeded: bytes)
        applicationLimit.update(sent: sent, estimate: estimate, at: now)
        sending.add(bytes: sent, at: now)
        guard isAnswered else { return }
        if hasFeedback, unansweredSince == nil { unansweredSince = now }
        guard begunAt == nil else { return }
        begunAt = now
        planner.begin(wanted: wanted, at: now)
    }

    private func sendingRate(at now: Instant) -> DataRate {
        DataRate(bitsPerSecond: Int64(clamping: sending.bitsPerSecond(at: now)))
    }

    /// Packets leave and nothing comes back: the path, or the way back, is choked.
    private func checkFeedback(at now: Instant) {
        let lastSentAt = paths.lazy.filter(\.givesFeedback).map(\.sent.lastAt).max() ?? .zero
        guard now - lastSentAt < Self.restSpan else {
            // The last packets before a pause, or what told of them, may be lost; that says nothing.
            unansweredSince = nil
            planner.rest()
            return
        }
        guard let since = unansweredSince else { return }
        let patience = max(Self.feedbackTimeout, .microseconds((roundTrip.smoothed?.microseconds ?? 0) * 2))
        guard now - since > patience, steppedAt.map({ now - $0 >= Self.feedbackStep }) ?? true else { return }
        steppedAt = now
        rates.fallSilent(at: now)
        settle(.overuse, at: now)
    }

    // MARK: Combination

    private func sum(_ rate: (FeedbackPath) -> DataRate?) -> DataRate? {
        var total: DataRate?
        for path in paths { if let rate = rate(path) { total = (total ?? .zero) + rate } }
        return total
    }

    /// What arrives over the other paths.
    private func others(than path: FeedbackPath, at now: Instant) -> DataRate {
        sum { $0 === path ? nil : $0.acknowledgedRate(at: now) } ?? .zero
    }

    /// They share a link, so its queue shows on all of them; but on each the others' frames are noise. A quarter of the traffic
    /// has to show overuse.
    private func usage(_ acknowledged: DataRate?, at now: Instant) -> PathUsage {
        var overused = DataRate.zero
        var result = PathUsage.normal
        for path in paths where carriesItsPart(path, acknowledged, at: now) {
            switch path.usage(at: now) {
            case .overuse:
                guard let acknowledged, paths.count > 1 else { return .overuse }
                overused = overused + (path.acknowledgedRate(at: now) ?? acknowledged)
                if overused >= acknowledged * Self.overusedShare { return .overuse }
            case .underuse: result = .underuse
            case .normal: break
            }
        }
        return result
    }

    /// Beside somebody who fills the queue until packets get lost, loss decides, as it does for that one.
    private func foreignUsage(_ tally: FeedbackPath.Tally) -> PathUsage {
        tally.lostBytes > tally.recoveredBytes ? .overuse : .normal
    }

    /// A trickle beside the others has a trend of noise.
    private func carriesItsPart(_ path: FeedbackPath, _ total: DataRate?, at now: Instant) -> Bool {
        guard paths.count > 1, let total, let rate = path.acknowledgedRate(at: now) else { return true }
        return rate >= total * (0.25 / Double(paths.count))
    }

    private func settle(_ usage: PathUsage, at now: Instant) {
        let sustained = min(max(min(rates.estimate, loss.bound ?? .unlimited), settings.minimum), settings.maximum)
        estimate = max(min(sustained, drain.limit ?? .unlimited), settings.minimum)
        let limit: ProbePlanner.Limit
        switch loss.state {
        case _ where usage == .overuse || drain.limit != nil || drain.isForeign: limit = .queue
        case .decreasing: limit = .loss
        case .increasing: limit = .easingLoss
        case .unlimited: limit = .delay
        }
        planner.update(sustained, limit: limit, wanted: wanted, at: now)
    }

    /// Whether transport-wide feedback is what there is to go by: it has come, or should soon.
    private func awaitsFeedback(at now: Instant) -> Bool {
        if hasFeedback { return true }
        guard paths.contains(where: \.givesFeedback) else { return paths.isEmpty }
        return begunAt.map { now - $0 < Self.firstFeedbackTimeout } ?? true
    }

    /// A probe counts where it shows clearly more than what is believed, or less, or where little is known.
    private func isTelling(_ probed: DataRate) -> Bool {
        !isPathKnown || applicationLimit.since != nil || probed > rates.estimate * Self.probeGain
            || probed < rates.estimate
    }

    private func settleWithoutFeedback(at now: Instant) {
        guard !awaitsFeedback(at: now) else { return }
        isPathKnown = true
        let limit = sum { path in
            path.receiverEstimate.flatMap { now - $0.at < Self.receiverEstimateSpan ? $0.rate : nil }
        }
        if let limit { reportedLoss.trust(limit, at: now) }
        estimate = min(max(min(limit ?? settings.maximum, reportedLoss.estimate), settings.minimum), settings.maximum)
    }
}
