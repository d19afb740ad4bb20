internal import COpenSSL
internal import RelayControl
internal import RelayProtocol

/// Writes packets for consumers: header into the send arena, ciphertext behind it in one pass over the shared plaintext.
/// Neither locks nor allocates.
final class Forwarder {
    let sockets: [MediaSocket]
    let parts: UnsafeMutablePointer<copenssl_part>
    /// `00 00 03`, `00 02`, `01` one after the other: RTP paddings by length.
    private let paddings: UnsafeMutablePointer<UInt8>
    let originalSequence: UnsafeMutableRawPointer
    /// A codec's payload descriptor with other numbers.
    private let descriptor: UnsafeMutableRawPointer
    /// Nothing but RTP padding (RFC 3550 §5.1): zeros, and their number.
    let emptyPayload: UnsafeMutableRawPointer
    let pool: PacketPool
    /// Called when a subscriber's pacer has something to do later.
    var whenPacing: (Subscriber) -> Void = { _ in }
    /// The probe that what is written belongs to; 0: none.
    var cluster: UInt16 = 0
    var now = Instant.zero
    /// 6.18 fixed point seconds of `now`.
    var sendTime: UInt32 = 0
    private(set) var packets: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    var retransmissions: UInt64 = 0
    /// Sent to probe.
    var paddingBytes: UInt64 = 0

    static var paddingLength: Int { 255 }

    init(sockets: [MediaSocket], pool: PacketPool) {
        self.sockets = sockets
        self.pool = pool
        parts = .allocate(capacity: 3)
        parts.initialize(repeating: copenssl_part(), count: 3)
        paddings = .allocate(capacity: 6)
        for (index, byte) in ([0, 0, 3, 0, 2, 1] as [UInt8]).enumerated() { paddings[index] = byte }
        originalSequence = .allocate(byteCount: 2, alignment: 2)
        descriptor = .allocate(byteCount: PacketLayer.longestRewritten, alignment: 8)
        emptyPayload = .allocate(byteCount: Self.paddingLength, alignment: 8)
        emptyPayload.initializeMemory(as: UInt8.self, repeating: 0, count: Self.paddingLength)
        emptyPayload.put(UInt8(Self.paddingLength), at: Self.paddingLength - 1)
    }

    deinit {
        parts.deallocate()
        paddings.deallocate()
        originalSequence.deallocate()
        descriptor.deallocate()
        emptyPayload.deallocate()
    }

    /// The time of what is forwarded from now on.
    func setTime(_ now: Instant) {
        self.now = now
        sendTime = UInt32(truncatingIfNeeded: ((now.microseconds % 64_000_000) << 18) / 1_000_000) & 0xff_ffff
    }

    // MARK: Packets as they come

    /// Packets of one encoding that leave together.
    struct Run {
        let packets: UnsafeMutableBufferPointer<PendingPacket>
        /// Their slots are another worker's: what is kept for later has to be copied.
        let isLent: Bool
        /// Of the first packet, and nearly always of all.
        let source: UInt32
        let encoding: UInt8
        /// A decoder can begin with one of them.
        let startsKeyframe: Bool
        /// About as many as will be sent.
        let bytes: Int

        /// - Parameter packets: at least one.
        init(_ packets: UnsafeMutableBufferPointer<PendingPacket>, isLent: Bool) {
            self.packets = packets
            self.isLent = isLent
            source = packets[0].header.ssrc
            encoding = packets[0].encoding
            var bytes = 0
            var startsKeyframe = false
            for index in 0..<packets.count {
                bytes &+= packets[index].payloadLength &+ Forwarder.overhead
                if packets[index].startsKeyframe { startsKeyframe = true }
            }
            self.bytes = bytes
            self.startsKeyframe = startsKeyframe
        }
    }

    /// Header, extensions and tag, about.
    static var overhead: Int { 48 }

    /// Forwards packets that leave together, in order; what the path has no room for waits in the subscriber's pacer.
    @inline(__always)
    func forward(_ run: Run, to consumer: Consumer) {
        let transport = consumer.transport
        guard transport.isSendable, let sealer = transport.sealer, let path = transport.paths.selected,
            let first = run.packets.baseAddress, consumer.isConcerned(by: run), let subscriber = transport.subscriber
        else { return }
        if consumer.isVideo {
            subscriber.sendsVideo(at: now)
            guard subscriber.pacer.passes(bytes: consumer.bytes(of: run), at: now) else {
                queue(run, to: consumer, of: subscriber)
                return
            }
        } else {
            subscriber.sentUnasked(run.bytes, at: now)
        }
        let queue = sockets[path.socket].queue
        var sent = Sent()
        for index in 0..<run.packets.count {
            let packet = UnsafePointer(first + index)
            var marker = packet.pointee.header.marker
            guard let mapped = consumer.place(packet, at: now, marker: &marker) else { continue }
            forward(packet, mapped, marker, consumer, sealer, queue, path.remote, &sent)
        }
        queue.closeRun()
        consumer.count(packets: sent.packets, payload: sent.payload)
        count(sent, on: transport)
    }

    /// What went to one consumer, so that the counters are touched once a run.
    struct Sent {
        var packets = 0
        var bytes = 0
        var payload = 0
    }

    @inline(__always)
    func forward(
        _ packet: UnsafePointer<PendingPacket>, _ mapped: SequenceMap.Mapped, _ marker: Bool, _ consumer: Consumer,
        _ sealer: PacketSealer, _ queue: SendQueue, _ remote: Endpoint, _ sent: inout Sent
    ) {
        guard let index = consumer.sealed.claim(mapped.sequence) else { return }
        let padding = consumer.allowsPadding ? Int(packet.pointee.padding) : 0
        guard
            let length = write(
                packet, padding: padding, mapped: mapped, marker: marker, index: index, consumer, sealer, queue)
        else { return }
        queue.commit(length, to: remote)
        sent.packets &+= 1
        sent.bytes &+= length
        sent.payload &+= packet.pointee.payloadLength
    }

    // MARK: Writing

    /// Writes one packet where `queue` has room, but does not commit it.
    @inline(__always)
    func write(
        _ packet: UnsafePointer<PendingPacket>, padding: Int, mapped: SequenceMap.Mapped, marker: Bool, index: UInt64,
        _ consumer: Consumer, _ sealer: PacketSealer, _ queue: SendQueue
    ) -> Int? {
        let transport = consumer.transport
        let memory = packet.pointee.memory
        let payloadLength = packet.pointee.payloadLength
        let out = queue.reserve(HeaderWriter.maximumLength + payloadLength + padding + 16)
        let values = HeaderWriter.Values(
            sequence: mapped.sequence, timestamp: mapped.timestamp, marker: marker, hasPadding: padding > 0,
            transportSequence: transport.transportSequence, sendTime: sendTime,
            frameNumberOffset: mapped.pictures.id)
        let headerLength = consumer.header.write(
            values, source: UnsafeRawBufferPointer(start: memory, count: PacketPool.slotBytes),
            fields: packet.pointee.fields, to: out)
        var skipped = 0
        if let primaryOffset = packet.pointee.primaryOffset {
            if consumer.carriesRedundancy {
                consumer.header.mark(
                    payloadType: consumer.track.codec.redundancyPayloadType, marker: marker, at: out)
            } else {
                skipped = primaryOffset
            }
        }
        var count = 0
        if mapped.pictures != PictureOffset() {
            skipped = rewrite(packet, by: mapped.pictures, &count)
        }
        parts[count] = copenssl_part(
            data: memory + packet.pointee.header.length + skipped,
            length: Int32(truncatingIfNeeded: payloadLength - skipped))
        count += 1
        if padding > 0 {
            let offset = padding == 1 ? 5 : padding == 2 ? 3 : 0
            parts[count] = copenssl_part(data: paddings + offset, length: Int32(truncatingIfNeeded: padding))
            count += 1
        }
        let length = sealer.seal(
            headerLength: headerLength, parts: parts, partCount: count, ssrc: consumer.header.ssrc, index: index,
            out: out)
        if let length { record(length, consumer.header, transport) }
        return length
    }

    /// Puts a descriptor with other picture numbers in front.
    /// - Returns: how many bytes of the payload it stands for.
    @inline(never)
    func rewrite(_ packet: UnsafePointer<PendingPacket>, by pictures: PictureOffset, _ count: inout Int) -> Int {
        let payload = UnsafeRawBufferPointer(
            start: packet.pointee.memory + packet.pointee.header.length, count: packet.pointee.payloadLength)
        let written = packet.pointee.layer.rewrite(payload, by: pictures, into: descriptor)
        guard written > 0 else { return 0 }
        parts[count] = copenssl_part(data: descriptor, length: Int32(truncatingIfNeeded: written))
        count += 1
        return written
    }

    /// Notes what is about to leave, for the bandwidth estimate.
    @inline(__always)
    func record(_ length: Int, _ header: HeaderWriter, _ transport: Transport) {
        if header.carriesTransportSequence {
            transport.sent?.record(transport.transportSequence, bytes: length, at: now, cluster: cluster)
            transport.transportSequence &+= 1
        } else if !transport.reportsPackets {
            transport.sent?.count(bytes: length)
        }
    }

    @inline(__always)
    func count(_ sent: Sent, on transport: Transport) {
        packets &+= UInt64(truncatingIfNeeded: sent.packets)
        bytes &+= UInt64(truncatingIfNeeded: sent.bytes)
        transport.statistics.packets &+= UInt64(truncatingIfNeeded: sent.packets)
        transport.statistics.bytes &+= UInt64(truncatingIfNeeded: sent.bytes)
    }
}
