internal import RelayMixing
internal import RelayProtocol

/// A room's mix, as a worker that has publishers of the room sees it.
struct RoomTap: Sendable {
    let mixer: Mixer
    let room: MixRoomID
}

/// Copies what one audio producer sends into its room's mix. One for each time that the room begins to be mixed.
final class MixTap {
    private let tap: RoomTap
    private let input: MixInputID

    /// Nil where the codec is not mixed.
    init?(_ tap: RoomTap, _ producer: Producer, of publication: PublicationID, number: UInt64) {
        guard let codec = MixCodec(producer.track.codec.name) else { return nil }
        self.tap = tap
        input = MixInputID(number)
        tap.mixer.add(
            input, of: MixOwner(publication), codec: codec, isMuted: !producer.isSelected, to: tap.room)
    }

    func setMuted(_ isMuted: Bool) { tap.mixer.setMuted(input, isMuted, in: tap.room) }

    func close() { tap.mixer.remove(input, from: tap.room) }

    /// Takes a packet in: its payload, of redundant audio only the primary block.
    /// - Parameter level: the extension's byte (RFC 6464): voice flag, then −dBov.
    func take(_ packet: PendingPacket, level: UInt8?, at now: Instant) {
        let skipped = packet.primaryOffset ?? 0
        guard skipped < packet.payloadLength else { return }
        tap.mixer.receive(
            input, in: tap.room, sequence: packet.header.sequence, timestamp: packet.header.timestamp,
            payload: UnsafeRawBufferPointer(
                start: packet.memory + packet.header.length + skipped, count: packet.payloadLength - skipped),
            level: level.map { $0 & 0x7f }, at: now)
    }
}

extension MixCodec {
    fileprivate init?(_ name: CodecName) {
        switch name {
        case .opus: self = .opus
        case .PCMU: self = .pcmu
        case .PCMA: self = .pcma
        case .VP8, .VP9, .H264, .AV1: return nil
        }
    }
}
