internal import COpenSSL
internal import RelayProtocol

/// Packets that are sent once more, or for nothing but to see what the path bears.
extension Forwarder {
    /// Sends a packet of a producer's history again, or leaves it to the pacer: on the retransmission stream (RFC 4588), or as
    /// it was.
    /// - Parameters:
    ///   - sequence: the consumer's number of it.
    ///   - isLent: its slot is another worker's.
    func resend(
        _ packet: PendingPacket, as sequence: UInt16, _ origin: SequenceMap.Origin, isLent: Bool = false,
        to consumer: Consumer
    ) {
        guard let subscriber = consumer.transport.subscriber else { return }
        let bytes = packet.payloadLength + Self.overhead
        if consumer.isVideo, !subscriber.pacer.passes(bytes: bytes, at: now) {
            guard let kept = keep(packet, isLent: isLent) else { return }
            let token = subscriber.keep(
                Subscriber.Waiting(packet: kept, consumer: consumer, repeats: origin, sequence: sequence))
            subscriber.pacer.queue(
                retransmission: PacedPacket(
                    token: token, stream: consumer.paceNumber, path: consumer.transport.feedback?.number ?? -1,
                    bytes: bytes, startsKeyframe: false, endsFrame: false), at: now)
            whenPacing(subscriber)
            return
        }
        if !consumer.isVideo { subscriber.sentUnasked(bytes, at: now) }
        sendAgain(packet, as: sequence, origin, to: consumer)
    }

    func sendAgain(
        _ packet: PendingPacket, as sequence: UInt16, _ origin: SequenceMap.Origin, to consumer: Consumer
    ) {
        let transport = consumer.transport
        guard let sealer = transport.sealer, let path = transport.paths.selected else { return }
        let queue = sockets[path.socket].queue
        let mapped = SequenceMap.Mapped(
            sequence: sequence, timestamp: packet.header.timestamp &+ origin.timestampOffset,
            pictures: origin.pictures)
        // Part of a frame that the decoder does not get would only confuse it; an empty packet fills the gap.
        let isEmpty = consumer.leftOut(packet, origin)
        if isEmpty, consumer.repairHeader == nil { return }
        let marker = !isEmpty && consumer.endsPicture(packet)
        let length = withUnsafePointer(to: packet) { packet in
            if let repairHeader = consumer.repairHeader {
                return writeRepair(packet, mapped, marker, isEmpty, repairHeader, consumer, sealer, queue)
            }
            return write(
                packet, padding: 0, mapped: mapped, marker: marker, index: consumer.sealed.index(of: sequence),
                consumer, sealer, queue)
        }
        guard let length else { return }
        queue.commit(length, to: path.remote)
        queue.closeRun()
        retransmissions &+= 1
        consumer.counts.resent &+= 1
        count(Sent(packets: 1, bytes: length), on: transport)
    }

    private func writeRepair(
        _ packet: UnsafePointer<PendingPacket>, _ mapped: SequenceMap.Mapped, _ marker: Bool, _ isEmpty: Bool,
        _ repairHeader: HeaderWriter, _ consumer: Consumer, _ sealer: PacketSealer, _ queue: SendQueue
    ) -> Int? {
        let transport = consumer.transport
        let memory = packet.pointee.memory
        let payloadLength = packet.pointee.payloadLength
        let out = queue.reserve(HeaderWriter.maximumLength + payloadLength + 18)
        consumer.repairSequence &+= 1
        let values = HeaderWriter.Values(
            sequence: consumer.repairSequence, timestamp: mapped.timestamp, marker: marker, hasPadding: false,
            transportSequence: transport.transportSequence, sendTime: sendTime,
            frameNumberOffset: mapped.pictures.id)
        let headerLength = repairHeader.write(
            values, source: UnsafeRawBufferPointer(start: memory, count: PacketPool.slotBytes),
            fields: packet.pointee.fields, to: out)
        guard let index = consumer.repairSealed.claim(consumer.repairSequence) else { return nil }
        originalSequence.put(mapped.sequence, at: 0)
        parts[0] = copenssl_part(data: originalSequence, length: 2)
        var count = 1
        if !isEmpty {
            var skipped = packet.pointee.primaryOffset ?? 0
            if mapped.pictures != PictureOffset() { skipped = rewrite(packet, by: mapped.pictures, &count) }
            parts[count] = copenssl_part(
                data: memory + packet.pointee.header.length + skipped,
                length: Int32(truncatingIfNeeded: payloadLength - skipped))
            count += 1
        }
        let length = sealer.seal(
            headerLength: headerLength, parts: parts, partCount: count, ssrc: repairHeader.ssrc, index: index,
            out: out)
        if let length { record(length, repairHeader, transport) }
        return length
    }

    /// Sends bytes that nobody misses: empty packets of a retransmission stream, which receivers count and throw away.
    /// - Returns: how many; 0 where the peer has no retransmission stream.
    func pad(_ transport: Transport, bytes: Int, cluster: UInt16) -> Int {
        guard transport.isSendable, let sealer = transport.sealer, let path = transport.paths.selected,
            let consumer = transport.consumers.first(where: { $0.isVideo && $0.repairHeader != nil }),
            let repairHeader = consumer.repairHeader
        else { return 0 }
        let queue = sockets[path.socket].queue
        self.cluster = cluster
        defer { self.cluster = 0 }
        var sent = Sent()
        while sent.bytes < bytes {
            let out = queue.reserve(HeaderWriter.maximumLength + Self.paddingLength + 16)
            consumer.repairSequence &+= 1
            let values = HeaderWriter.Values(
                sequence: consumer.repairSequence, timestamp: 0, marker: false, hasPadding: true,
                transportSequence: transport.transportSequence, sendTime: sendTime)
            let headerLength = repairHeader.write(
                values, source: UnsafeRawBufferPointer(start: nil, count: 0), fields: ExtensionFields(), to: out)
            parts[0] = copenssl_part(data: emptyPayload, length: Int32(Self.paddingLength))
            guard let index = consumer.repairSealed.claim(consumer.repairSequence),
                let length = sealer.seal(
                    headerLength: headerLength, parts: parts, partCount: 1, ssrc: repairHeader.ssrc, index: index,
                    out: out)
            else { break }
            record(length, repairHeader, transport)
            queue.commit(length, to: path.remote)
            sent.packets += 1
            sent.bytes += length
        }
        queue.closeRun()
        paddingBytes &+= UInt64(sent.bytes)
        return sent.bytes
    }
}
