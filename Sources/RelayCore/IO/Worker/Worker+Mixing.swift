internal import RelayControl
internal import RelayMixing
internal import RelayProtocol

/// The mix of a room: what goes into it from here, and what comes from it to listeners here.
extension Worker {
    // MARK: In

    /// A room begins, or ceases, to be mixed.
    func mix(_ room: RoomID, into tap: RoomTap?) {
        taps[room] = tap
        for publication in publications.values where publication.room == room { tapSound(of: publication) }
    }

    /// Lets a publication's sound into its room's mix, if there is one; only that of publishers who are here.
    func tapSound(of publication: Publication) {
        let tap = taps[publication.room]
        for producer in publication.producers where !producer.isVideo && producer.following == nil {
            guard let tap else {
                producer.tap = nil
                continue
            }
            guard producer.tap == nil else { continue }
            nextInput &+= 1
            let number = UInt64(truncatingIfNeeded: self.number) << 48 | nextInput
            producer.tap = MixTap(tap, producer, of: publication.id, number: number)
        }
    }

    // MARK: Out

    /// What the mixing threads made since the last time.
    func send(_ sounds: [MixedSound]) {
        readClock()
        for sound in sounds { send(sound) }
        flushQueues()
    }

    private func send(_ sound: MixedSound) {
        guard let slot = pool.take() else { return }
        defer { pool.release(slot) }
        guard var packet = packet(of: sound, in: slot) else { return }
        for id in sound.listeners {
            guard let transport = transports[id], transport.mixed != nil, transport.isSendable else { continue }
            transport.mixed?.number(&packet, at: now)
            guard let consumer = transport.mixed?.consumer else { continue }
            withUnsafeMutablePointer(to: &packet) { packet in
                let run = Forwarder.Run(UnsafeMutableBufferPointer(start: packet, count: 1), isLent: false)
                forwarder.forward(run, to: consumer)
            }
            reportMix(to: transport)
        }
    }

    /// As an RTP packet with its level, so that it is forwarded as everybody's are; the header's rest is each consumer's own.
    private func packet(of sound: MixedSound, in slot: Int32) -> PendingPacket? {
        let memory = pool.memory(slot)
        let length = Self.mixHeader + sound.payload.count
        guard length <= PacketPool.slotBytes, !sound.payload.isEmpty else { return nil }
        memory.put(UInt8(0x90), at: 0)
        memory.put(UInt8(sound.marker ? 0x80 : 0), at: 1)
        memory.put(UInt16(0), at: 2)
        memory.put(sound.timestamp, at: 4)
        memory.put(MixedTrack.source, at: 8)
        memory.put(UInt16(0xBEDE), at: 12)
        memory.put(UInt16(1), at: 14)
        memory.put(UInt8(0x10), at: 16)
        memory.put(min(sound.level, 127) | (sound.level < 127 ? 0x80 : 0), at: 17)
        memory.put(UInt16(0), at: 18)
        sound.payload.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { (memory + Self.mixHeader).copyMemory(from: base, byteCount: bytes.count) }
        }
        let bytes = UnsafeRawBufferPointer(start: memory, count: length)
        guard let header = PacketHeader(bytes) else { return nil }
        return PendingPacket(
            slot: slot, memory: memory, header: header,
            fields: ExtensionFields(bytes, header: header, table: mixTable), payloadLength: sound.payload.count,
            startsKeyframe: true, isLate: false)
    }

    private static var mixHeader: Int { 20 }

    private func reportMix(to transport: Transport) {
        guard let info = transport.mixed?.report(at: now), let consumer = transport.mixed?.consumer else { return }
        sendReport(info, of: consumer)
    }
}
