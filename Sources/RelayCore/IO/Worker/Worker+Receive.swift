internal import RelayControl
internal import RelayProtocol

/// The way of a datagram into the worker (docs/architecture.md, "The packet's path").
extension Worker {
    /// Batches taken from one socket before the others get their turn.
    private static let maximumBatches = 8
    /// How long a packet waits for its frame's end.
    private static let frameDelayMicroseconds: Int64 = 1_000

    func receive(on index: Int) {
        readClock()
        let socket = sockets[index]
        for _ in 0..<Self.maximumBatches {
            let isFull = inbound.receive(from: socket) { slot, length, source in
                receive(slot: slot, length: length, on: Path(socket: index, remote: source))
            }
            if !isFull { break }
        }
        flushBatch()
        keepTime()
    }

    /// Sorts datagrams by their first byte (RFC 7983).
    private func receive(slot: Int32, length: Int, on path: Path) {
        let memory = pool.memory(slot)
        let datagram = UnsafeRawBufferPointer(start: memory, count: length)
        switch datagram[0] {
        case 128...191: receiveMedia(slot: slot, length: length, on: path)
        case 0...3: receiveSTUN(datagram, on: path)
        case 20...63: receiveDTLS(datagram, on: path)
        default: totals.datagramsRefused &+= 1
        }
    }

    private func receiveMedia(slot: Int32, length: Int, on path: Path) {
        guard length >= 8, let transport = byPath[path], let opener = transport.opener else {
            totals.datagramsRefused &+= 1
            return
        }
        let packet = UnsafeMutableRawBufferPointer(start: pool.memory(slot), count: length)
        if PacketHeader.isRTCP(secondByte: packet[1]) {
            guard let opened = opener.openControl(packet) else {
                totals.datagramsRefused &+= 1
                return
            }
            receiveControl(UnsafeRawBufferPointer(rebasing: packet[0..<opened]), of: transport)
            return
        }
        guard let inbound = transport.inbound, inbound.publication.transport === transport,
            let header = PacketHeader(UnsafeRawBufferPointer(packet)),
            open(slot, packet, header, transport, inbound, opener)
        else {
            totals.datagramsRefused &+= 1
            return
        }
    }

    /// Decrypts a packet and takes it in; false where it is not authentic or nobody's.
    private func open(
        _ slot: Int32, _ packet: UnsafeMutableRawBufferPointer, _ header: PacketHeader, _ transport: Transport,
        _ inbound: InboundMedia, _ opener: PacketOpener
    ) -> Bool {
        let known = inbound.streams[header.ssrc]
        var window = known == nil ? inbound.window(of: header.ssrc) : ReplayWindow()
        let opened: Int?
        if let known {
            opened = opener.open(packet, header: header, window: &known.window)
        } else {
            opened = opener.open(packet, header: header, window: &window)
        }
        guard let opened else { return false }
        totals.packetsReceived &+= 1
        totals.bytesReceived &+= UInt64(opened)
        transport.received.packets &+= 1
        transport.received.bytes &+= UInt64(opened)

        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(packet)[0..<opened])
        let fields = ExtensionFields(bytes, header: header, table: inbound.table)
        if let feedback = inbound.feedback, let field = fields.bytes(.transportSequence, in: bytes),
            let sequence = field.uint16(at: 0)
        {
            feedback.received(sequence: sequence, at: now)
        } else if inbound.estimate != nil {
            let sendTime = fields.bytes(.absoluteSendTime, in: bytes)?.uint24(at: 0)
            inbound.estimate?.received(bytes: packet.count, sendTime: sendTime, at: now)
        }
        let stream: IncomingStream
        if let known {
            stream = known
        } else {
            guard let found = inbound.resolve(header, fields: fields, packet: bytes, at: now) else { return true }
            found.window = window
            stream = found
        }
        accept(slot, length: opened, header, fields, stream)
        return true
    }

    private func accept(
        _ slot: Int32, length: Int, _ header: PacketHeader, _ fields: ExtensionFields, _ stream: IncomingStream
    ) {
        let bytes = UnsafeRawBufferPointer(start: pool.memory(slot), count: length)
        var payloadLength = length - header.length
        if header.hasPadding {
            guard let padding = bytes.byte(at: length - 1), padding > 0, Int(padding) <= payloadLength else { return }
            payloadLength -= Int(padding)
        }
        stream.lastPacketAt = now
        _ = stream.statistics.received(sequence: header.sequence, timestamp: header.timestamp, bytes: length, at: now)
        guard let repaired = stream.repairs else {
            let isOriginal = stream.producer.track.codec.retransmissionPayloadType != nil
            take(slot, header, fields, payloadLength: payloadLength, isOriginal: isOriginal, stream)
            return
        }
        // RFC 4588: the original sequence number, then the original payload.
        guard payloadLength > 2, let original = bytes.uint16(at: header.length) else { return }
        let memory = pool.memory(slot)
        (memory + header.length).copyMemory(from: memory + header.length + 2, byteCount: payloadLength - 2)
        memory.put(original, at: 2)
        memory.put(repaired.ssrc, at: 8)
        let payloadType = repaired.producer.track.codec.payloadType
        memory.put(payloadType | (header.marker ? 0x80 : 0), at: 1)
        var restored = header
        restored.sequence = original
        restored.ssrc = repaired.ssrc
        restored.payloadType = payloadType
        take(slot, restored, fields, payloadLength: payloadLength - 2, isOriginal: false, repaired)
    }

    /// Takes in a packet of a primary stream, however it came.
    /// - Parameter isOriginal: it is surely no retransmission.
    private func take(
        _ slot: Int32, _ header: PacketHeader, _ fields: ExtensionFields, payloadLength: Int, isOriginal: Bool,
        _ stream: IncomingStream
    ) {
        let index = stream.arrived.index(of: header.sequence)
        guard stream.arrived.accepts(index) else { return }
        let isLate = index < stream.arrived.newest ?? 0
        stream.arrived.record(index)
        stream.lastPacketAt = now
        _ = stream.missing?.received(header.sequence, isOriginal: isOriginal, at: now)
        let producer = stream.producer
        guard payloadLength > 0 else {
            stream.encoding.flush(forwarder)
            producer.leaveOut(source: stream.ssrc, sequence: header.sequence)
            return
        }
        let bytes = UnsafeRawBufferPointer(start: pool.memory(slot), count: header.length + payloadLength)
        let primaryOffset = producer.primaryOffset(header, bytes)
        let codec = producer.track.codec
        guard header.payloadType == codec.payloadType || primaryOffset != nil,
            let payload = bytes.part(at: header.length, length: payloadLength)
        else { return }
        let layer = stream.layers.read(
            payload, dependencyDescriptor: fields.bytes(.dependencyDescriptor, in: bytes), marker: header.marker)
        let startsKeyframe = layer.flags.contains(.startsKeyframe)
        stream.encoding.rates.add(
            bytes: bytes.count, spatial: layer.spatial, temporal: layer.temporal, endsPicture: header.marker,
            at: now)
        if startsKeyframe, producer.isVideo {
            stream.keyframes.keyframeArrived()
            stream.missing?.forget(before: header.sequence)
            if !isLate { stream.keyframeCache.keyframeStarts(header.sequence, timestamp: header.timestamp, at: now) }
        }
        var packet = PendingPacket(
            slot: slot, memory: pool.memory(slot), header: header, fields: fields, payloadLength: payloadLength,
            layer: layer, primaryOffset: primaryOffset, startsKeyframe: startsKeyframe, isLate: isLate)
        if !producer.isVideo, producer.isSelected {
            let level = fields.bytes(.audioLevel, in: bytes)?.byte(at: 0)
            if let level {
                hear(level: level, stream)
                producer.note(level: level)
            }
            producer.tap?.take(packet, level: level, at: now)
            guard isHeard(&packet, level: level, of: producer, in: stream.publication.room) else { return }
        }
        remember(slot, packet.header, length: header.length + packet.payloadLength, stream)
        gather(packet, of: stream)
    }

    /// Keeps the packet for retransmission.
    private func remember(_ slot: Int32, _ header: PacketHeader, length: Int, _ stream: IncomingStream) {
        guard let history = stream.history else { return }
        // `arrived` let it through, so it is not the packet of that number which is held: numbers have wrapped around.
        if history.find(header.sequence) != nil { stream.close(pool) }
        pool.retain(slot)
        if let out = history.insert(header.sequence, slot: slot, length: length, at: now) { pool.release(out) }
        while let out = history.expired(at: now) { pool.release(out) }
    }

    private func gather(_ packet: PendingPacket, of stream: IncomingStream) {
        let encoding = stream.encoding
        if encoding.isFull { encoding.flush(forwarder) }
        guard encoding.gather(packet, of: stream, at: now) else { return }
        if encoding.producer.isVideo && packet.header.marker {
            encoding.flush(forwarder)
        } else if !encoding.isDirty {
            encoding.isDirty = true
            dirty.append(encoding)
        }
    }

    /// After a batch: audio leaves at once, an unfinished video frame may wait a millisecond for its end.
    private func flushBatch() {
        for encoding in dirty where !encoding.producer.isVideo && encoding.isDirty { encoding.handOver() }
        border.ring()
        var kept = 0
        for index in dirty.indices {
            let encoding = dirty[index]
            guard encoding.isDirty else { continue }
            if encoding.producer.isVideo {
                dirty[kept] = encoding
                kept += 1
            } else {
                encoding.flush(forwarder)
            }
        }
        dirty.removeLast(dirty.count - kept)
        if kept > 0 { frameTimer?.arm(microseconds: Self.frameDelayMicroseconds) }
        flushQueues()
    }

    /// The millisecond is over.
    func flushFrames() {
        for encoding in dirty { encoding.flush(forwarder) }
        dirty.removeAll(keepingCapacity: true)
        flushQueues()
    }
}
