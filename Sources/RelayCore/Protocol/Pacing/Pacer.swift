/// Lets go of one subscriber's packets no faster than the path takes them: in bursts of at most 5 ms of the pacing rate.
///
/// Audio never waits. A frame for which there is room, with nothing waiting before it, passes by `passes` at the cost of a comparison;
/// only what does not fit is queued, packet by packet: retransmissions first, then video, the streams in turn, then padding.
/// A stream that has waited too long is cut to its next keyframe.
///
/// Sans-IO. The caller calls `next` until nil when `deadline` has come, and after it has queued something; then takes what was
/// dropped from `nextDropped`, closes the gap before what `nextResumption` names, and pauses the streams that `nextStarved` names until
/// their next keyframe.
package final class Pacer {
    package struct Settings: Sendable {
        package var burst = Instant.Span.milliseconds(5)
        /// Of video that does not begin with a keyframe.
        package var longestQueue = Instant.Span.milliseconds(350)
        /// Where a keyframe is on its way, which is large, and without which there is nothing to see.
        package var longestKeyframeQueue = Instant.Span.milliseconds(1_500)
        /// Asked for again if it was not in vain.
        package var longestRetransmissionQueue = Instant.Span.milliseconds(200)
        package var paddingPacket = 1_000

        package init() {}
    }

    package enum Release: Equatable, Sendable {
        /// Number it, protect it, send it; record it with `cluster` (0: no probe).
        case packet(PacedPacket, cluster: UInt16)
        /// Send about so many bytes that nobody misses (recent packets once more as RTX, or RTP padding) over the path, record
        /// them with `cluster`, and say by `padded` how many they were.
        case padding(bytes: Int, path: Int, cluster: UInt16)
    }

    private static let longestDebt = Instant.Span.milliseconds(500)
    private static let leastPadding = 200
    private static let longestPaddingDebt = Instant.Span.milliseconds(100)

    private let settings: Settings
    private var budget: SendBudget
    private var padding: SendBudget
    private var isPadding = false
    private var paddingPath = 0
    private var retransmissions = PacketQueue()
    private var streams: [StreamQueue] = []
    /// Whose turn it is.
    private var turn = 0
    private var videoPackets = 0
    private var videoBytes = 0
    private var probe = ProbeSender()
    private var dropped: [PacedPacket] = []
    private var starved: [UInt32] = []
    private var resumptions: [PacedPacket] = []
    /// Nothing waits and no probe is under way.
    private var isIdle = true

    package private(set) var droppedPackets: UInt64 = 0

    package init(rate: DataRate, _ settings: Settings = Settings()) {
        self.settings = settings
        budget = SendBudget(rate: rate)
        padding = SendBudget(rate: .zero)
    }

    /// Those that have had something waiting and were not removed since.
    package var streamCount: Int { streams.count }
    /// What waits, in bytes.
    package var queuedBytes: Int { videoBytes + retransmissions.bytes }
    /// How long what waits will take.
    package var queueSpan: Instant.Span { budget.rate.span(of: queuedBytes) }

    /// - Parameters:
    ///   - rate: at which packets leave.
    ///   - padding: below which the sum of everything is not to fall; padding goes over `path`.
    package func set(_ rate: DataRate, padding: DataRate = .zero, over path: Int = 0, at now: Instant) {
        budget.set(rate, at: now)
        self.padding.set(padding, at: now)
        isPadding = padding > .zero
        paddingPath = path
    }

    /// Sends a cluster as soon as those before it are out.
    package func send(_ cluster: ProbeCluster) {
        probe.add(cluster)
        isIdle = false
    }

    // MARK: What passes

    /// Whether packets of `bytes` together may be sent at once. A yes counts as done; after a no they are to be queued.
    package func passes(bytes: Int, at now: Instant) -> Bool {
        guard isIdle, budget.allows(bytes, within: settings.burst, at: now) else { return false }
        spend(bytes, at: now)
        return true
    }

    /// Audio and whatever else is sent without asking: others wait the longer.
    package func sent(bytes: Int, at now: Instant) {
        spend(bytes, at: now)
        budget.forgive(beyond: Self.longestDebt, at: now)
    }

    // MARK: What waits

    package func queue(_ packet: PacedPacket, at now: Instant) {
        isIdle = false
        streams[index(of: packet.stream)].append(packet, at: now)
        videoPackets += 1
        videoBytes += Int(packet.bytes)
        if queueSpan > settings.longestQueue { trim() }
    }

    package func queue(retransmission packet: PacedPacket, at now: Instant) {
        isIdle = false
        retransmissions.append(packet, at: now)
    }

    /// The next thing to send now; nil: nothing until `deadline`.
    package func next(at now: Instant) -> Release? {
        expireRetransmissions(at: now)
        defer { isIdle = videoPackets == 0 && retransmissions.isEmpty && probe.isEmpty }
        if let cluster = probe.current(at: now) {
            guard probe.isDue(at: now) else { return nil }
            if let packet = takeFirst() {
                let isProbe = Int(packet.path) == cluster.path
                if isProbe { probe.sent(Int(packet.bytes), at: now) }
                spend(Int(packet.bytes), at: now)
                return .packet(packet, cluster: isProbe ? cluster.number : 0)
            }
            // On a slow path a few full packets would be a queue.
            let bytes = min(max(cluster.bytes / max(cluster.packets, 1), Self.leastPadding), settings.paddingPacket)
            return .padding(bytes: bytes, path: cluster.path, cluster: cluster.number)
        }
        guard budget.isOpen(within: settings.burst, at: now) else { return nil }
        if let packet = takeFirst() {
            spend(Int(packet.bytes), at: now)
            return .packet(packet, cluster: 0)
        }
        guard isPadding, padding.isOpen(within: settings.burst, at: now) else { return nil }
        return .padding(bytes: settings.paddingPacket, path: paddingPath, cluster: 0)
    }

    /// What became of a padding release. 0: none can be sent, which also ends the probe that it was for.
    package func padded(bytes: Int, cluster: UInt16, at now: Instant) {
        if cluster != 0 {
            if bytes > 0 { probe.sent(bytes, at: now) } else { probe.giveUp() }
            isIdle = videoPackets == 0 && retransmissions.isEmpty && probe.isEmpty
        }
        // Where nothing can be sent, asking again has to wait its time, too.
        spend(bytes > 0 ? bytes : cluster == 0 ? settings.paddingPacket : 0, at: now)
    }

    /// When to call `next`; nil while there is nothing to do.
    package var deadline: Instant? {
        if let due = probe.deadline { return due }
        if videoPackets > 0 || !retransmissions.isEmpty { return budget.clear }
        guard isPadding else { return nil }
        return max(padding.clear, budget.clear)
    }

    // MARK: What is given up

    /// A packet that will not be sent. Call until nil.
    package func nextDropped() -> PacedPacket? { dropped.popLast() }

    /// A stream of which something was dropped: nothing of it is to be queued before a keyframe. Call until nil.
    package func nextStarved() -> UInt32? { starved.popLast() }

    /// A packet that waits, and with which its stream goes on after what was dropped: the receiver is not to miss anything before it.
    /// It may have been dropped itself since. Call until nil, after `nextDropped`.
    package func nextResumption() -> PacedPacket? { resumptions.popLast() }

    /// Takes out everything of one stream, which is no more, or of another layer now.
    package func remove(stream: UInt32) {
        retransmissions.remove(where: { $0.stream == stream }, take: { dropped.append($0) })
        guard let index = streams.firstIndex(where: { $0.stream == stream }) else { return }
        videoPackets -= streams[index].packets.count
        videoBytes -= streams[index].packets.bytes
        streams[index].removeAll { dropped.append($0) }
        streams.remove(at: index)
        // The turn stays with whose it is.
        if index < turn { turn -= 1 }
    }

    private func spend(_ bytes: Int, at now: Instant) {
        budget.spend(bytes, at: now)
        guard isPadding else { return }
        padding.spend(bytes, at: now)
        padding.forgive(beyond: Self.longestPaddingDebt, at: now)
    }

    private func takeFirst() -> PacedPacket? {
        if let packet = retransmissions.removeFirst()?.packet { return packet }
        guard videoPackets > 0 else { return nil }
        // Each turn lets a stream send a packet more at the least, and one of them has some.
        while true {
            if turn >= streams.count { turn = 0 }
            if let packet = streams[turn].take() {
                videoPackets -= 1
                videoBytes -= Int(packet.bytes)
                return packet
            }
            turn += 1
            if turn >= streams.count { turn = 0 }
            streams[turn].beginTurn()
        }
    }

    private func expireRetransmissions(at now: Instant) {
        while let oldest = retransmissions.oldest, now - oldest.queuedAt > settings.longestRetransmissionQueue,
            let expired = retransmissions.removeFirst()
        {
            dropped.append(expired.packet)
            droppedPackets &+= 1
        }
    }

    private func index(of stream: UInt32) -> Int {
        if let index = streams.firstIndex(where: { $0.stream == stream }) { return index }
        streams.append(StreamQueue(stream: stream))
        return streams.count - 1
    }

    /// Cuts the longest streams to their next keyframes until what waits is short enough.
    private func trim() {
        let isFar = queueSpan > settings.longestKeyframeQueue
        let order = streams.indices.filter { !streams[$0].isEmpty && (isFar || !streams[$0].beginsWithKeyframe) }
            .sorted { streams[$0].packets.bytes > streams[$1].packets.bytes }
        for index in order where queueSpan > settings.longestQueue {
            let keyframe = streams[index].cut { packet in
                dropped.append(packet)
                droppedPackets &+= 1
                videoPackets -= 1
                videoBytes -= Int(packet.bytes)
            }
            if let keyframe { resumptions.append(keyframe) } else { starved.append(streams[index].stream) }
        }
    }
}
