internal import RelayControl
internal import RelayProtocol

/// One participant as a receiver: all of its subscribing connections on a worker. They share an access link, so they share a
/// bandwidth estimate, a pacer, and what there is to divide among their videos.
final class Subscriber: Listed {
    struct Name: Hashable {
        var room: RoomID
        var participant: ParticipantID
    }

    let name: Name
    let estimator: BandwidthEstimator
    let pacer: Pacer
    var allocator = LayerAllocator()
    /// What may be sent again.
    var repairs = RetransmissionBudget()
    /// What its videos are to be held back for.
    private(set) var playoutDelay = PlayoutDelay()
    private(set) var transports: [Transport] = []
    /// Where it stands in the worker's roster.
    var place: Int?
    /// Listed with the worker, because its pacer has something to do at some time.
    var isPacing = false
    /// Bytes of audio, and what else is sent without asking.
    private var unasked = BitrateWindow()
    /// When its first video was forwarded.
    private var begunAt: Instant?
    /// When its videos' parts are to be decided anew, unless something happens before; nil: now.
    var allocatesAt: Instant?
    /// The estimate that they were decided by.
    var allocatedFrom = DataRate.zero
    /// More is being sent than the path bears, because a keyframe of something smaller has not come yet.
    var isExceeded = false
    /// Of all its videos, as last decided.
    var allocated = DataRate.zero
    private var waiting: [Waiting?] = []
    private var free: [Int] = []
    private var paceNumber: UInt32 = 0

    /// Something that the pacer holds back.
    struct Waiting {
        var packet: PendingPacket
        /// It goes to a consumer of `transports`, which takes its packets out of the pacer before it goes.
        unowned(unsafe) var consumer: Consumer
        /// Nil: sent for the first time.
        var repeats: SequenceMap.Origin?
        /// Where it is a retransmission: the consumer's number of it.
        var sequence: UInt16 = 0
        /// Only to be noted as left out; there are no bytes.
        var isLeftOut = false
    }

    init(_ name: Name, settings: BandwidthEstimator.Settings = BandwidthEstimator.Settings()) {
        self.name = name
        estimator = BandwidthEstimator(settings)
        pacer = Pacer(rate: estimator.pacingRate, Self.pacing)
    }

    private static let startSpan = Instant.Span.seconds(2)

    private static var pacing: Pacer.Settings {
        var settings = Pacer.Settings()
        // As browsers' own pacers: frames leave whole, as long as the path is wide enough for them.
        settings.burst = .milliseconds(40)
        return settings
    }

    func nextPaceNumber() -> UInt32 {
        paceNumber &+= 1
        return paceNumber
    }

    func add(_ transport: Transport) { transports.append(transport) }

    func remove(_ transport: Transport) {
        transports.removeAll { $0 === transport }
        leavePath(transport)
    }

    /// Some video has been sent, so that there is reason to ask how much more the path bears.
    var hasBegun: Bool { begunAt != nil }

    /// Some connection tells of every packet.
    private var reportsPackets: Bool { transports.contains { $0.reportsPackets } }

    /// How much the path bears is not known yet: it is measured in the first moments of video.
    private func isStarting(at now: Instant) -> Bool { begunAt.map { now - $0 < Self.startSpan } ?? true }

    /// The estimate is little more than a guess.
    func isGuessing(at now: Instant) -> Bool { isStarting(at: now) || !reportsPackets }

    @inline(__always)
    func sendsVideo(at now: Instant) {
        if begunAt == nil { begunAt = now }
    }

    // MARK: Paths

    /// The transport is connected, or was negotiated anew: what is sent over it counts.
    func joinPath(_ transport: Transport, at now: Instant) {
        let givesFeedback = transport.consumers.contains {
            $0.track.feedback.contains(.transportWide) && $0.header.carriesTransportSequence
        }
        if let path = transport.feedback {
            guard path.givesFeedback != givesFeedback else { return }
            leavePath(transport)
        }
        let path = estimator.addPath(givesFeedback: givesFeedback, at: now)
        transport.feedback = path
        transport.reportsPackets = givesFeedback
        transport.sent = path.sent
    }

    private func leavePath(_ transport: Transport) {
        guard let path = transport.feedback else { return }
        estimator.remove(path)
        transport.feedback = nil
        transport.sent = nil
    }

    /// Takes note of what a report said.
    func take(_ loss: (packets: Int, lost: Int), at now: Instant) {
        let before = playoutDelay.limits
        playoutDelay.reported(
            packets: loss.packets, lost: loss.lost, roundTrip: estimator.roundTrip.smoothed, at: now)
        guard playoutDelay.limits != before else { return }
        for transport in transports {
            for consumer in transport.consumers where consumer.isVideo { consumer.holdBack(playoutDelay.limits) }
        }
    }

    func transport(ofPath number: Int) -> Transport? { transports.first { $0.feedback?.number == number } }

    // MARK: What leaves without asking

    @inline(__always)
    func sentUnasked(_ bytes: Int, at now: Instant) {
        pacer.sent(bytes: bytes, at: now)
        unasked.add(bytes: bytes, at: now)
    }

    /// Of the estimate: what audio needs.
    func unaskedRate(at now: Instant) -> DataRate {
        DataRate(bitsPerSecond: Int64(clamping: unasked.bitsPerSecond(at: now)))
    }

    // MARK: What waits

    /// Keeps what the pacer is told by the token that this returns.
    func keep(_ item: Waiting) -> UInt64 {
        if item.repeats == nil { item.consumer.queued += 1 }
        if let place = free.popLast() {
            waiting[place] = item
            return UInt64(place)
        }
        waiting.append(item)
        return UInt64(waiting.count - 1)
    }

    /// What a token stands for, which is then used up.
    func take(_ token: UInt64) -> Waiting? {
        let place = Int(truncatingIfNeeded: token)
        guard place < waiting.count, let item = waiting[place] else { return nil }
        waiting[place] = nil
        free.append(place)
        if item.repeats == nil { item.consumer.queued -= 1 }
        return item
    }

    /// Lets go of what the pacer has given up; whoever lost something waits for a keyframe.
    func tidy(_ pool: PacketPool) {
        while let dropped = pacer.nextDropped() {
            guard let item = take(dropped.token) else { continue }
            if item.packet.slot >= 0 { pool.release(item.packet.slot) }
            if item.repeats == nil { item.consumer.counts.heldBack &+= 1 }
        }
        while let resumption = pacer.nextResumption() { closeGap(before: resumption.token) }
        while let starved = pacer.nextStarved() {
            for transport in transports {
                for consumer in transport.consumers where consumer.paceNumber == starved { consumer.starve() }
            }
        }
    }

    /// What was given up before this packet gets no numbers: it would only be asked for, and sent again ahead of everything.
    private func closeGap(before token: UInt64) {
        let place = Int(truncatingIfNeeded: token)
        guard place < waiting.count, waiting[place]?.packet.continuity == .plain else { return }
        waiting[place]?.packet.continuity = .followsGap
    }

    /// A consumer takes its packets, and its place, out of the pacer.
    func forget(_ consumer: Consumer, _ pool: PacketPool) {
        pacer.remove(stream: consumer.paceNumber)
        tidy(pool)
    }
}
