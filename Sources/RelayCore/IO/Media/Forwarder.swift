internal import COpenSSL
internal import RelayControl
internal import RelayProtocol

/// Writes packets for consumers: header into the send arena, ciphertext behind it in one pass over the shared plaintext.
/// Neither locks nor allocates.
final class Forwarder {
    private let sockets: [MediaSocket]
    private let parts: UnsafeMutablePointer<copenssl_part>
    /// `00 00 03`, `00 02`, `01` one after the other: RTP paddings by length.
    private let paddings: UnsafeMutablePointer<UInt8>
    private let originalSequence: UnsafeMutableRawPointer
    var now = Instant.zero
    /// 6.18 fixed point seconds of `now`.
    private var sendTime: UInt32 = 0
    private(set) var packets: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    private(set) var retransmissions: UInt64 = 0

    init(sockets: [MediaSocket]) {
        self.sockets = sockets
        parts = .allocate(capacity: 3)
        parts.initialize(repeating: copenssl_part(), count: 3)
        paddings = .allocate(capacity: 6)
        for (index, byte) in ([0, 0, 3, 0, 2, 1] as [UInt8]).enumerated() { paddings[index] = byte }
        originalSequence = .allocate(byteCount: 2, alignment: 2)
    }

    deinit {
        parts.deallocate()
        paddings.deallocate()
        originalSequence.deallocate()
    }

    /// The time of what is forwarded from now on.
    func setTime(_ now: Instant) {
        self.now = now
        sendTime = UInt32(truncatingIfNeeded: ((now.microseconds % 64_000_000) << 18) / 1_000_000) & 0xff_ffff
    }

    /// Forwards packets that leave together, in order.
    @inline(__always)
    func forward(_ packets: UnsafeMutableBufferPointer<PendingPacket>, to consumer: Consumer) {
        let transport = consumer.transport
        guard transport.isSendable, let sealer = transport.sealer, let path = transport.paths.selected,
            let first = packets.baseAddress
        else { return }
        let queue = sockets[path.socket].queue
        var sent = Sent()
        for index in 0..<packets.count {
            let packet = UnsafePointer(first + index)
            guard let mapped = consumer.place(packet, at: now) else { continue }
            forward(packet, mapped, consumer, sealer, queue, path.remote, &sent)
        }
        queue.closeRun()
        consumer.count(packets: sent.packets, payload: sent.payload)
        count(sent, on: transport)
    }

    /// What went to one consumer, so that the counters are touched once a run.
    private struct Sent {
        var packets = 0
        var bytes = 0
        var payload = 0
    }

    @inline(__always)
    private func forward(
        _ packet: UnsafePointer<PendingPacket>, _ mapped: SequenceMap.Mapped, _ consumer: Consumer,
        _ sealer: PacketSealer, _ queue: SendQueue, _ remote: Endpoint, _ sent: inout Sent
    ) {
        guard let index = consumer.sealed.claim(mapped.sequence) else { return }
        let padding = consumer.allowsPadding ? Int(packet.pointee.padding) : 0
        let length = write(
            memory: packet.pointee.memory, header: packet.pointee.header, fields: packet.pointee.fields,
            payloadLength: packet.pointee.payloadLength, primaryOffset: packet.pointee.primaryOffset, padding: padding,
            mapped: mapped, index: index, consumer, sealer, queue)
        guard let length else { return }
        queue.commit(length, to: remote)
        sent.packets &+= 1
        sent.bytes &+= length
        sent.payload &+= packet.pointee.payloadLength
    }

    /// Writes one packet where `queue` has room, but does not commit it.
    @inline(__always)
    private func write(
        memory: UnsafeMutableRawPointer, header: PacketHeader, fields: ExtensionFields, payloadLength: Int,
        primaryOffset: Int?,
        padding: Int,
        mapped: SequenceMap.Mapped, index: UInt64, _ consumer: Consumer, _ sealer: PacketSealer, _ queue: SendQueue
    ) -> Int? {
        let transport = consumer.transport
        let out = queue.reserve(HeaderWriter.maximumLength + payloadLength + padding + 16)
        let values = HeaderWriter.Values(
            sequence: mapped.sequence, timestamp: mapped.timestamp, marker: header.marker, hasPadding: padding > 0,
            transportSequence: transport.transportSequence, sendTime: sendTime)
        let headerLength = consumer.header.write(
            values, source: UnsafeRawBufferPointer(start: memory, count: PacketPool.slotBytes), fields: fields, to: out)
        if consumer.header.carriesTransportSequence { transport.transportSequence &+= 1 }
        var skipped = 0
        if let primaryOffset {
            if consumer.carriesRedundancy {
                consumer.header.mark(
                    payloadType: consumer.track.codec.redundancyPayloadType, marker: header.marker, at: out)
            } else {
                skipped = primaryOffset
            }
        }
        parts[0] = copenssl_part(
            data: memory + header.length + skipped, length: Int32(truncatingIfNeeded: payloadLength - skipped))
        var count = 1
        if padding > 0 {
            let offset = padding == 1 ? 5 : padding == 2 ? 3 : 0
            parts[1] = copenssl_part(data: paddings + offset, length: Int32(truncatingIfNeeded: padding))
            count = 2
        }
        return sealer.seal(
            headerLength: headerLength, parts: parts, partCount: count, ssrc: consumer.header.ssrc, index: index,
            out: out)
    }

    /// Sends a packet of a producer's history again: on the retransmission stream (RFC 4588), or as it was.
    /// - Parameter sequence: the consumer's number of it.
    func resend(_ packet: PendingPacket, as sequence: UInt16, timestampOffset: UInt32, to consumer: Consumer) {
        let transport = consumer.transport
        guard let sealer = transport.sealer, let path = transport.paths.selected else { return }
        let queue = sockets[path.socket].queue
        let mapped = SequenceMap.Mapped(sequence: sequence, timestamp: packet.header.timestamp &+ timestampOffset)
        let length: Int?
        if let repairHeader = consumer.repairHeader {
            let bytes = UnsafeRawBufferPointer(
                start: packet.memory, count: packet.header.length + packet.payloadLength)
            length = writeRepair(
                packet.header, packet.fields, bytes, skipped: packet.primaryOffset ?? 0, mapped, repairHeader, consumer,
                sealer, queue)
        } else {
            length = write(
                memory: packet.memory, header: packet.header, fields: packet.fields,
                payloadLength: packet.payloadLength, primaryOffset: packet.primaryOffset, padding: 0, mapped: mapped,
                index: consumer.sealed.index(of: sequence), consumer, sealer, queue)
        }
        guard let length else { return }
        queue.commit(length, to: path.remote)
        queue.closeRun()
        retransmissions &+= 1
        count(Sent(packets: 1, bytes: length), on: transport)
    }

    private func writeRepair(
        _ header: PacketHeader, _ fields: ExtensionFields, _ packet: UnsafeRawBufferPointer, skipped: Int,
        _ mapped: SequenceMap.Mapped, _ repairHeader: HeaderWriter, _ consumer: Consumer, _ sealer: PacketSealer,
        _ queue: SendQueue
    ) -> Int? {
        let transport = consumer.transport
        let out = queue.reserve(HeaderWriter.maximumLength + packet.count + 18)
        consumer.repairSequence &+= 1
        let values = HeaderWriter.Values(
            sequence: consumer.repairSequence, timestamp: mapped.timestamp, marker: header.marker, hasPadding: false,
            transportSequence: transport.transportSequence, sendTime: sendTime)
        let headerLength = repairHeader.write(values, source: packet, fields: fields, to: out)
        if repairHeader.carriesTransportSequence { transport.transportSequence &+= 1 }
        guard let index = consumer.repairSealed.claim(consumer.repairSequence), let base = packet.baseAddress else {
            return nil
        }
        originalSequence.put(mapped.sequence, at: 0)
        parts[0] = copenssl_part(data: originalSequence, length: 2)
        parts[1] = copenssl_part(
            data: base + header.length + skipped,
            length: Int32(truncatingIfNeeded: packet.count - header.length - skipped))
        return sealer.seal(
            headerLength: headerLength, parts: parts, partCount: 2, ssrc: repairHeader.ssrc, index: index, out: out)
    }

    @inline(__always)
    private func count(_ sent: Sent, on transport: Transport) {
        packets &+= UInt64(truncatingIfNeeded: sent.packets)
        bytes &+= UInt64(truncatingIfNeeded: sent.bytes)
        transport.statistics.packets &+= UInt64(truncatingIfNeeded: sent.packets)
        transport.statistics.bytes &+= UInt64(truncatingIfNeeded: sent.bytes)
    }
}
