internal import RelayControl
internal import RelayProtocol

/// One track coming in: its streams (several with simulcast), the packets of the frame that is being gathered, and the
/// consumers that get them.
final class Producer {
    private(set) var track: IncomingTrack
    private let pool: PacketPool
    /// Extension identifiers on the publisher's connection.
    var table = ExtensionTable(ExtensionMap())
    var consumers: [Consumer] = []
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
            for consumer in consumers { consumer.pause() }
        }
        if candidate === stream { candidate = nil }
        stream.close(pool)
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

    /// Looks for a better stream than the current one: the one with the most bits among those that are alive.
    /// - Returns: a stream to ask for a keyframe, so that it can take over.
    func chooseStream(at now: Instant) -> IncomingStream? {
        guard isSelected, !consumers.isEmpty, current == nil || streams.count > 1 else { return nil }
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
        guard isSelected, !consumers.isEmpty, !isClosed else { return false }
        if current !== stream {
            guard current == nil || candidate === stream, !isVideo || packet.startsKeyframe else { return false }
            current = stream
            candidate = nil
        }
        pool.retain(packet.slot)
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
        for consumer in consumers { consumer.map.leaveOut(source: source, sequence: sequence) }
    }

    /// Sends the gathered packets to every consumer and lets go of their slots.
    func flush(_ forwarder: Forwarder) {
        isDirty = false
        guard pendingCount > 0 else { return }
        let packets = UnsafeMutableBufferPointer(start: pending, count: pendingCount)
        RunPlan.pad(packets)
        for consumer in consumers { forwarder.forward(packets, to: consumer) }
        drop()
    }

    private func drop() {
        for index in 0..<pendingCount { pool.release(pending[index].slot) }
        pendingCount = 0
    }

    private func pause() {
        drop()
        for consumer in consumers { consumer.pause() }
    }

    func close() {
        isClosed = true
        drop()
        forgetStreams()
        consumers = []
    }
}
