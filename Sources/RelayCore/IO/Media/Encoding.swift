internal import RelayControl
internal import RelayProtocol

/// One version of a producer's media: of simulcast one of several, else the only one. It has the streams that bring it, the
/// packets of the frame that is being gathered, and the consumers that take it.
///
/// A mirrored producer's encodings have no streams: packets are handed over frame by frame, and their slots belong to the other
/// worker's pool.
final class Encoding {
    unowned(unsafe) let producer: Producer
    /// Its place among the producer's encodings: that of its rid in `a=simulcast`, or of its SSRC in the SIM group.
    let number: UInt8
    /// Empty where versions are told apart by SSRC, or where there is only one.
    let streamID: String
    /// Nil in a mirror.
    private let pool: PacketPool?

    private(set) var streams: [IncomingStream] = []
    /// The stream that is forwarded. Another takes its place where this one fell silent, at a keyframe.
    private(set) var current: IncomingStream?
    /// Consumers that are sent it, or wait for its keyframe.
    private(set) var takers: [Consumer] = []
    /// `takers` again, to be walked through without counting references.
    private var lanes: [Unmanaged<Consumer>] = []
    /// What arrives, by layers.
    var rates = LayerRates()
    /// The publisher's latest report on the stream that is forwarded.
    private(set) var report: SenderInfo?
    /// SSRC of the packets that were gathered last.
    private var source: UInt32?
    /// When the newest keyframe began to come.
    private(set) var keyframeAt: Instant?
    /// Listed with the worker as having pending packets.
    var isDirty = false

    private let pending: UnsafeMutablePointer<PendingPacket>
    private(set) var pendingCount = 0
    /// The pending packets have been handed over to the followers.
    private var isHandedOver = false

    init(of producer: Producer, number: UInt8, streamID: String, pool: PacketPool?) {
        self.producer = producer
        self.number = number
        self.streamID = streamID
        self.pool = pool
        pending = .allocate(capacity: SendQueue.maximumRun)
    }

    deinit { pending.deallocate() }

    var isFull: Bool { pendingCount == SendQueue.maximumRun }

    func setTakers(_ new: [Consumer]) {
        takers = new
        lanes = new.map(Unmanaged.passUnretained)
    }

    // MARK: Streams

    func add(_ stream: IncomingStream) { streams.append(stream) }

    /// - Returns: whether it was the one that is forwarded.
    func remove(_ stream: IncomingStream) -> Bool {
        streams.removeAll { $0 === stream }
        if let pool { stream.close(pool) }
        guard current === stream else { return false }
        current = nil
        report = nil
        return true
    }

    /// Whether packets arrive.
    func isAlive(at now: Instant) -> Bool { current?.isAlive(at: now) ?? false }

    /// The stream to ask for a keyframe: the current one while it is alive, else the one that came last.
    func askable(at now: Instant) -> IncomingStream? {
        if let current, current.isAlive(at: now) { return current }
        return streams.max { $0.lastPacketAt < $1.lastPacketAt } ?? current
    }

    /// A connected subscriber waits for its keyframe, and not too often.
    func isAwaited(at now: Instant) -> Bool {
        takers.contains {
            $0.transport.isSendable && $0.mayAwaitKeyframe(of: number, lastKeyframe: keyframeAt, at: now)
        }
    }

    /// The same, however often.
    var isAwaited: Bool {
        takers.contains { $0.awaitsKeyframe(of: number) && $0.transport.isSendable }
    }

    /// Takes note of a sender report if it is of this encoding.
    func note(_ info: SenderInfo) {
        if info.ssrc == source { report = info }
    }

    // MARK: Forwarding

    /// Takes a packet into the pending frame if it is to be forwarded, with a reference to its slot.
    /// - Returns: whether it was taken. The caller flushes first when `isFull`.
    func gather(_ packet: PendingPacket, of stream: IncomingStream, at now: Instant) -> Bool {
        guard producer.isSelected, !producer.isClosed else { return false }
        if current !== stream {
            guard current.map({ !$0.isAlive(at: now) }) ?? true, !producer.isVideo || packet.startsKeyframe else {
                return false
            }
            current = stream
            report = nil
        }
        if packet.startsKeyframe { keyframeAt = now }
        guard !takers.isEmpty || producer.isFollowed(in: number) else { return false }
        pool?.retain(packet.slot)
        append(packet)
        return true
    }

    /// In a mirror: takes a packet into the pending frame, which is flushed before its slot is given back.
    func take(_ packet: PendingPacket, at now: Instant) {
        guard !isFull else { return }
        if packet.startsKeyframe { keyframeAt = now }
        append(packet)
    }

    private func append(_ packet: PendingPacket) {
        (pending + pendingCount).initialize(to: packet)
        (pending + pendingCount).pointee.encoding = number
        source = packet.header.ssrc
        pendingCount += 1
    }

    /// Sends the gathered packets to every taker and lets go of their slots.
    func flush(_ forwarder: Forwarder) {
        isDirty = false
        guard pendingCount > 0 else { return }
        if pool != nil {
            handOver()
            // The other workers begin while this one forwards.
            producer.ringFollowers()
        }
        let run = Forwarder.Run(UnsafeMutableBufferPointer(start: pending, count: pendingCount), isLent: pool == nil)
        for index in lanes.indices {
            // A consumer's memory has left the caches since the last frame, so that of the next ones is asked for in time.
            if index + 2 < lanes.count { Consumer.prefetch(lanes[index + 2].toOpaque()) }
            if index + 1 < lanes.count { lanes[index + 1]._withUnsafeGuaranteedRef { $0.transport.prefetch() } }
            lanes[index]._withUnsafeGuaranteedRef { forwarder.forward(run, to: $0) }
        }
        drop()
    }

    /// Lets go of the pending packets without sending them.
    func drop() {
        if let pool {
            for index in 0..<pendingCount { pool.release(pending[index].slot) }
        }
        pendingCount = 0
        isHandedOver = false
    }

    /// Makes the pending packets ready to leave, and hands them to the workers that follow, which see them at the next ring.
    func handOver() {
        guard !isHandedOver, pendingCount > 0 else { return }
        isHandedOver = true
        let packets = UnsafeMutableBufferPointer(start: pending, count: pendingCount)
        RunPlan.pad(packets)
        producer.handOver(packets, of: number)
    }
}
