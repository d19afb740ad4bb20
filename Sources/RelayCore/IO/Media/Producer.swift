internal import RelayControl
internal import RelayProtocol

/// One track coming in: its streams (several with simulcast), the packets of the frame that is being gathered, and the
/// consumers that get them.
///
/// A mirrored producer stands for one on another worker, for this worker's consumers: it has no streams, its packets are
/// handed over frame by frame, and their slots belong to the other worker's pool.
final class Producer {
    private(set) var track: IncomingTrack
    /// Nil for a mirrored producer.
    private let pool: PacketPool?
    /// The way back from a mirrored producer.
    private(set) var following: Following?
    /// Workers that mirror this producer.
    private(set) var followers: [Follower] = []
    // Counted from anywhere, so that a mirror notices when another producer takes this one's place.
    private var pauses = UInt32.random(in: 0...UInt32.max)
    private var headerChanges = UInt32.random(in: 0...UInt32.max)
    /// The pending packets have been handed over to the followers.
    private var isHandedOver = false
    /// Extension identifiers on the publisher's connection.
    var table = ExtensionTable(ExtensionMap())
    var consumers: [Consumer] = [] {
        didSet { lanes = consumers.map(Unmanaged.passUnretained) }
    }
    /// `consumers` again, to be walked through without counting references.
    private var lanes: [Unmanaged<Consumer>] = []
    private(set) var streams: [IncomingStream] = []
    /// The stream that is forwarded: the best that arrives, changed only at a keyframe.
    private(set) var current: IncomingStream?
    /// Better than `current`, as soon as its keyframe comes.
    private(set) var candidate: IncomingStream?
    /// Unselected tracks are muted: nothing of them is forwarded.
    var isSelected = true {
        didSet { if !isSelected && oldValue { pause() } }
    }
    private(set) var isClosed = false
    /// Listed with the worker as having pending packets.
    var isDirty = false

    private let pending: UnsafeMutablePointer<PendingPacket>
    private(set) var pendingCount = 0

    init(track: IncomingTrack, pool: PacketPool) {
        self.track = track
        self.pool = pool
        pending = .allocate(capacity: SendQueue.maximumRun)
    }

    /// A mirror of a producer on another worker.
    init(track: IncomingTrack, following: Following) {
        self.track = track
        self.following = following
        pool = nil
        pending = .allocate(capacity: SendQueue.maximumRun)
    }

    deinit { pending.deallocate() }

    /// The same track, renegotiated.
    func update(_ track: IncomingTrack) { self.track = track }

    var isVideo: Bool { track.kind == .video }
    var isFull: Bool { pendingCount == SendQueue.maximumRun }

    // MARK: Streams

    func add(_ stream: IncomingStream) { streams.append(stream) }

    func remove(_ stream: IncomingStream) {
        streams.removeAll { $0 === stream }
        if current === stream {
            current = nil
            // What comes next begins anew, even under the same SSRC.
            pauseConsumers()
        }
        if candidate === stream { candidate = nil }
        if let pool { stream.close(pool) }
    }

    /// The publisher's connection was replaced: its streams are no more.
    func forgetStreams() {
        for stream in streams { remove(stream) }
    }

    /// Whether packets of the stream arrive.
    func isAlive(_ stream: IncomingStream, at now: Instant) -> Bool { now - stream.lastPacketAt < .milliseconds(700) }

    /// A connected subscriber waits for a keyframe.
    var isAwaited: Bool {
        isVideo && isSelected && consumers.contains { $0.awaitsStart && $0.transport.isSendable }
    }

    /// Somebody gets what this producer sends, here or on another worker.
    var hasTakers: Bool { !consumers.isEmpty || !followers.isEmpty }

    /// Looks for a better stream than the current one: the one with the most bits among those that are alive.
    /// - Returns: a stream to ask for a keyframe, so that it can take over.
    func chooseStream(at now: Instant) -> IncomingStream? {
        guard isSelected, hasTakers, current == nil || streams.count > 1 else { return nil }
        var best: IncomingStream?
        var bestRate: UInt64 = 0
        for stream in streams where isAlive(stream, at: now) {
            let rate = stream.statistics.bitsPerSecond(at: now)
            if rate > bestRate {
                best = stream
                bestRate = rate
            }
        }
        guard let best, best !== current else {
            candidate = nil
            return nil
        }
        // A step up has to be worth a keyframe; a stream that fell silent is left at once.
        if let current, isAlive(current, at: now),
            bestRate < current.statistics.bitsPerSecond(at: now) * 3 / 2
        {
            candidate = nil
            return nil
        }
        candidate = best
        return best
    }

    // MARK: Forwarding

    /// Takes a packet into the pending frame if it is to be forwarded, with a reference to its slot.
    /// - Returns: whether it was taken. The caller flushes first when `isFull`.
    func gather(_ packet: PendingPacket, of stream: IncomingStream) -> Bool {
        guard isSelected, hasTakers, !isClosed else { return false }
        if current !== stream {
            guard current == nil || candidate === stream, !isVideo || packet.startsKeyframe else { return false }
            current = stream
            candidate = nil
        }
        pool?.retain(packet.slot)
        (pending + pendingCount).initialize(to: packet)
        pendingCount += 1
        return true
    }

    /// Where the primary block of a RED packet begins, from the payload's start; nil where the packet is not RED.
    func primaryOffset(_ header: PacketHeader, _ packet: UnsafeRawBufferPointer) -> Int? {
        guard header.payloadType == track.codec.redundancyPayloadType,
            let payload = packet.part(at: header.length, length: packet.count - header.length)
        else { return nil }
        return RedundantAudio.primary(in: payload)?.offset
    }

    /// A packet without payload (padding to probe the path): consumers are not to miss it.
    func leaveOut(source: UInt32, sequence: UInt16) {
        for follower in followers {
            follower.neighbour.tell(.leftOut(mark(for: follower), source: source, sequence: sequence), urgently: false)
        }
        for consumer in consumers { consumer.map.leaveOut(source: source, sequence: sequence) }
    }

    /// Sends the gathered packets to every consumer and lets go of their slots.
    func flush(_ forwarder: Forwarder) {
        isDirty = false
        guard pendingCount > 0 else { return }
        let packets = UnsafeMutableBufferPointer(start: pending, count: pendingCount)
        if pool != nil {
            handOver()
            // The other workers begin while this one forwards.
            for follower in followers { follower.neighbour.ring() }
        }
        for index in lanes.indices {
            // A consumer's memory has left the caches since the last frame, so that of the next ones is asked for in time.
            if index + 2 < lanes.count { Consumer.prefetch(lanes[index + 2].toOpaque()) }
            if index + 1 < lanes.count { lanes[index + 1]._withUnsafeGuaranteedRef { $0.transport.prefetch() } }
            lanes[index]._withUnsafeGuaranteedRef { forwarder.forward(packets, to: $0) }
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

    private func pause() {
        drop()
        pauseConsumers()
    }

    private func pauseConsumers() {
        pauses &+= 1
        for consumer in consumers { consumer.pause() }
    }

    /// Extension identifiers on the publisher's connection are others: headers are written otherwise from the next packet on.
    func headersChanged() {
        headerChanges &+= 1
        for consumer in consumers { consumer.headerChanged() }
    }

    // MARK: Other workers

    /// Makes the pending packets ready to leave, and hands them to the workers that follow, which see them at the next ring.
    func handOver() {
        guard !isHandedOver, pendingCount > 0 else { return }
        isHandedOver = true
        let packets = UnsafeMutableBufferPointer(start: pending, count: pendingCount)
        RunPlan.pad(packets)
        for follower in followers { follower.neighbour.handOver(packets, mark(for: follower)) }
    }

    func addFollower(_ neighbour: Neighbour, name: MirrorName) {
        followers.append(Follower(neighbour: neighbour, name: name))
        neighbour.followed[name] = self
    }

    func removeFollower(_ neighbour: Neighbour, name: MirrorName) {
        followers.removeAll { $0.neighbour === neighbour && $0.name == name }
        neighbour.followed[name] = nil
    }

    func mark(for follower: Follower) -> Crossing.Mark {
        Crossing.Mark(mirror: follower.name, pauses: pauses, headerChanges: headerChanges)
    }

    /// At a mirror: what the real producer went through.
    func heed(_ mark: Crossing.Mark) {
        guard let change = following?.heed(mark) else { return }
        if change.paused { pause() }
        if change.headersChanged { headersChanged() }
    }

    /// At a mirror: takes a packet into the pending frame, which is flushed before its slot is given back.
    func take(_ packet: PendingPacket) {
        guard !isFull else { return }
        (pending + pendingCount).initialize(to: packet)
        pendingCount += 1
    }

    func close() {
        isClosed = true
        drop()
        forgetStreams()
        consumers = []
        for follower in followers { follower.neighbour.followed[follower.name] = nil }
        followers = []
        following?.update(self)
    }
}
