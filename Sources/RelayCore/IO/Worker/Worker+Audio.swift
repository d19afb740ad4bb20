internal import RelayControl
internal import RelayProtocol

/// What of a room's audio is forwarded.
extension Worker {
    /// Whether a packet of audio that came from its publisher is forwarded.
    func isHeard(_ packet: inout PendingPacket, level: UInt8?, of producer: Producer, in room: RoomID) -> Bool {
        let microphone = producer.microphone ?? openMicrophone(of: producer, in: room)
        return microphone.passes(&packet, level: level, at: now)
    }

    /// Whether a packet of audio that came from another worker is forwarded here: that one knows only its own publishers, and those of
    /// whom it hears.
    func isHeard(_ packet: inout PendingPacket, mirrored producer: Producer) -> Bool {
        guard media.maximumAudible > 0, !producer.isVideo, let following = producer.following,
            let room = publications[following.publication]?.room
        else { return true }
        let microphone = producer.microphone ?? openMicrophone(of: producer, in: room)
        let bytes = UnsafeRawBufferPointer(start: packet.memory, count: packet.header.length)
        return microphone.passes(&packet, level: packet.fields.bytes(.audioLevel, in: bytes)?.byte(at: 0), at: now)
    }

    private func openMicrophone(of producer: Producer, in room: RoomID) -> Microphone {
        let microphone = Microphone(
            in: media.maximumAudible > 0 ? microphones(of: room) : nil,
            isMirrored: producer.following != nil,
            filtersSilence: producer.following == nil && producer.track.codec.name == .opus)
        producer.microphone = microphone
        return microphone
    }

    private func microphones(of room: RoomID) -> RoomMicrophones {
        if let known = microphones[room] { return known }
        let opened = RoomMicrophones(audible: media.maximumAudible)
        microphones[room] = opened
        return opened
    }
}
