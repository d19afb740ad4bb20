import RelayProtocol
import TestSupport

/// One participant who is sent to: an estimator, a pacer, and one or more transports, each with a source and a receiver at the far end
/// that writes real feedback packets.
final class SimulatedSubscriber {
    enum Source {
        /// As much as the estimate allows.
        case elastic
        /// The best layer that fits into the transport's part of the estimate.
        case layers([DataRate])
        case constant(DataRate)
        /// What is said at each frame; each change begins with a keyframe.
        case chosen(() -> DataRate)
    }

    /// What the relay has for one transport.
    final class Line {
        let path: FeedbackPath
        let source: Source
        let feedback = TransportFeedback()
        var sequence: UInt16
        var layer = 0
        var chosen = DataRate.zero
        var isStarved = false
        var debt = 0

        init(path: FeedbackPath, source: Source, sequence: UInt16) {
            self.path = path
            self.source = source
            self.sequence = sequence
        }
    }

    private struct Arrival {
        var line: Int
        var sequence: UInt16
        var bytes: Int
        var at: Instant
    }

    private struct Report {
        var line: Int
        var bytes: [UInt8]
    }

    private static let audioBytes = 100

    let estimator: BandwidthEstimator
    let pacer: Pacer
    let link: SimulatedLink
    var flow = SimulatedLink.Flow()
    private var returnFlow = SimulatedLink.Flow()
    private(set) var lines: [Line] = []
    /// Of the way back; and the share of reports lost there.
    var reportLoss = 0.0
    var returnDelay = Instant.Span.milliseconds(25)
    /// Added to the receiver's clock.
    var clockOffset = Instant.Span.zero
    var canPad = true
    /// Frames are left out and audio, too; padding is not.
    var isPaused = false
    var sendsVideo = true
    /// Bytes of video that have reached the far end.
    private(set) var arrivedVideoBytes = 0
    /// Reports go by this link, if there is one, and wait there behind what else does.
    var returnLink: SimulatedLink?

    private var random: SeededRandom
    private var arrivals: [Int64: [Arrival]] = [:]
    private var reports: [Int64: [Report]] = [:]
    /// The estimate at each millisecond, in kbit/s, and what was sent until then, in bytes.
    private(set) var estimates: [Double] = []
    private(set) var sentBytes: [Int] = []
    private var sent = 0
    private(set) var starvations = 0
    private(set) var probes: [(at: Instant, cluster: ProbeCluster)] = []

    init(over link: SimulatedLink, settings: BandwidthEstimator.Settings = .init(), seed: UInt64 = 1) {
        self.link = link
        estimator = BandwidthEstimator(settings)
        pacer = Pacer(rate: estimator.pacingRate)
        random = SeededRandom(seed: seed)
    }

    func add(_ source: Source, sequence: UInt16 = 0, givesFeedback: Bool = true, at now: Instant = .zero) {
        let path = estimator.addPath(givesFeedback: givesFeedback, at: now)
        lines.append(Line(path: path, source: source, sequence: sequence))
    }

    /// A picture beside what the sources give, over the first line.
    func sendKeyframe(bytes: Int, at now: Instant) { send(bytes, on: 0, isKeyframe: true, at: now) }

    /// One millisecond.
    func step(_ millisecond: Int64) {
        let now = Instant.zero + .milliseconds(millisecond)
        receive(millisecond)
        for report in reports.removeValue(forKey: millisecond) ?? [] { take(report, at: now) }
        if millisecond % 20 == 0 { estimator.poll(at: now) }
        pacer.set(estimator.pacingRate, at: now)
        while let cluster = estimator.nextProbe(at: now) {
            probes.append((now, cluster))
            pacer.send(cluster)
        }
        for index in lines.indices where !isPaused {
            if millisecond % 20 == Int64(index % 20) { sendAudio(index, at: now) }
            // Frames of several sources do not come at the same time.
            if sendsVideo, (millisecond + Int64(index * 7)) % 33 == 0 { sendFrame(index, at: now) }
        }
        release(at: now)
        estimates.append(estimator.estimate.kilobitsPerSecond)
        sentBytes.append(sent)
    }

    // MARK: Sending

    private func sendAudio(_ index: Int, at now: Instant) {
        pacer.sent(bytes: Self.audioBytes, at: now)
        put(on: index, bytes: Self.audioBytes, cluster: 0, at: now)
    }

    private func sendFrame(_ index: Int, at now: Instant) {
        let line = lines[index]
        var isKeyframe = line.isStarved
        // Each line has 40 kbit/s of audio, too.
        let share = max(
            estimator.estimate * (0.95 / Double(lines.count)) - .kilobitsPerSecond(40), .kilobitsPerSecond(15))
        let rate: DataRate
        switch line.source {
        case .elastic: rate = share
        case .constant(let constant): rate = constant
        case .chosen(let choose):
            rate = choose()
            guard rate > .zero else { return }
            if rate != line.chosen { isKeyframe = true }
            line.chosen = rate
        case .layers(let layers):
            let best = layers.lastIndex { $0 <= share } ?? 0
            if best != line.layer { isKeyframe = true }
            line.layer = best
            rate = layers[best]
        }
        line.isStarved = false
        let even = Double(rate.bytes(in: .milliseconds(33)))
        // A keyframe's surplus is saved in the frames that follow.
        var size = Int(even * Double.random(in: 0.8...1.2, using: &random))
        if isKeyframe {
            line.debt = size * 3
            size *= 4
        } else if line.debt > 0 {
            let saved = min(line.debt, size / 4)
            line.debt -= saved
            size -= saved
        }
        send(size, on: index, isKeyframe: isKeyframe, at: now)
    }

    private func send(_ size: Int, on index: Int, isKeyframe: Bool, at now: Instant) {
        let line = lines[index]
        let count = max((size + 1_199) / 1_200, 1)
        let bytes = max(size / count, 50)
        var left = count
        while left > 0 {
            let run = min(left, 16)
            if pacer.passes(bytes: run * bytes, at: now) {
                for _ in 0..<run { put(on: index, bytes: bytes, cluster: 0, at: now) }
            } else {
                for position in 0..<run where !line.isStarved || isKeyframe {
                    let number = count - left + position
                    pacer.queue(
                        PacedPacket(
                            token: 0, stream: UInt32(index), path: line.path.number, bytes: bytes,
                            startsKeyframe: isKeyframe && number == 0, endsFrame: number == count - 1), at: now)
                }
                takeStarved()
            }
            left -= run
        }
    }

    private func takeStarved() {
        while pacer.nextDropped() != nil {}
        while let stream = pacer.nextStarved() {
            lines[Int(stream)].isStarved = true
            starvations += 1
        }
    }

    private func release(at now: Instant) {
        guard let deadline = pacer.deadline, deadline <= now else { return takeStarved() }
        while let release = pacer.next(at: now) {
            switch release {
            case .packet(let packet, let cluster):
                put(on: Int(packet.stream), bytes: Int(packet.bytes), cluster: cluster, at: now)
            case .padding(let bytes, let path, let cluster):
                guard canPad, let index = lines.firstIndex(where: { $0.path.number == path }) else {
                    pacer.padded(bytes: 0, cluster: cluster, at: now)
                    continue
                }
                put(on: index, bytes: bytes, cluster: cluster, at: now)
                pacer.padded(bytes: bytes, cluster: cluster, at: now)
            }
        }
        takeStarved()
    }

    private func put(on index: Int, bytes: Int, cluster: UInt16, at now: Instant) {
        let line = lines[index]
        line.path.sent.record(line.sequence, bytes: bytes, at: now, cluster: cluster)
        sent += bytes
        if let arrival = link.send(bytes: bytes, of: &flow, at: now) {
            let due = max((arrival.microseconds + 999) / 1_000, now.microseconds / 1_000 + 1)
            arrivals[due, default: []].append(Arrival(line: index, sequence: line.sequence, bytes: bytes, at: arrival))
        }
        line.sequence &+= 1
    }

    // MARK: The far end

    private func receive(_ millisecond: Int64) {
        for arrival in (arrivals.removeValue(forKey: millisecond) ?? []).sorted(by: { $0.at < $1.at }) {
            if arrival.bytes != Self.audioBytes { arrivedVideoBytes += arrival.bytes }
            guard lines[arrival.line].path.givesFeedback else { continue }
            lines[arrival.line].feedback.received(
                sequence: arrival.sequence, bytes: arrival.bytes, at: arrival.at + clockOffset)
        }
        let now = Instant.zero + .milliseconds(millisecond) + clockOffset
        for index in lines.indices {
            guard let deadline = lines[index].feedback.deadline, deadline <= now else { continue }
            let bytes = writtenRTCP(capacity: 1_200) {
                _ = lines[index].feedback.poll(at: now, sender: 1, media: 2, into: &$0)
            }
            guard !bytes.isEmpty, Double.random(in: 0..<1, using: &random) >= reportLoss else { continue }
            var due = millisecond + (returnDelay + flow.delay).milliseconds
            if let returnLink {
                // Headers of IP, UDP and SRTCP.
                guard
                    let arrival = returnLink.send(
                        bytes: bytes.count + 46, of: &returnFlow, at: .zero + .milliseconds(millisecond))
                else { continue }
                due = max((arrival.microseconds + 999) / 1_000, millisecond + 1)
            }
            reports[due, default: []].append(Report(line: index, bytes: bytes))
        }
    }

    private func take(_ report: Report, at now: Instant) {
        readRTCP(report.bytes) { packet in
            guard case .transportFeedback(let feedback) = packet else { return }
            estimator.received(feedback, over: lines[report.line].path, at: now)
        }
    }

    // MARK: What came of it

    /// kbit/s, between seconds `from` and `to`.
    func averageEstimate(from: Int, to: Int) -> Double {
        let part = estimates[from * 1_000..<to * 1_000]
        return part.reduce(0, +) / Double(part.count)
    }

    func lowestEstimate(from: Int, to: Int) -> Double { estimates[from * 1_000..<to * 1_000].min() ?? 0 }
    func highestEstimate(from: Int, to: Int) -> Double { estimates[from * 1_000..<to * 1_000].max() ?? 0 }

    /// Milliseconds from `start` until the estimate is in `range` (kbit/s) for the first time; nil: never.
    func time(from start: Int, until range: ClosedRange<Double>) -> Int? {
        estimates[start...].firstIndex { range.contains($0) }.map { $0 - start }
    }

    /// What was sent, kbit/s.
    func averageSent(from: Int, to: Int) -> Double {
        Double(sentBytes[to * 1_000 - 1] - sentBytes[from * 1_000]) * 8 / Double((to - from) * 1_000)
    }
}

/// Runs subscribers side by side for `seconds`.
func simulate(_ subscribers: [SimulatedSubscriber], seconds: Int64, each: (Int64) -> Void = { _ in }) {
    for millisecond in 0..<seconds * 1_000 {
        each(millisecond)
        for subscriber in subscribers { subscriber.step(millisecond) }
    }
}
