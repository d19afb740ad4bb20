internal import RelayControl
internal import RelayProtocol

/// What of one audio track is forwarded: not what says nothing, and in a large room only that of the loudest.
///
/// In a mirror the publisher's worker has left out the silence already.
final class Microphone {
    /// Nil where everybody is audible.
    private let room: RoomMicrophones?
    private let place: Int
    /// In a mirror packets are another worker's: what it resends has to be the same to the last bit, so nothing is changed.
    private let marksSpurts: Bool
    private var silence: SilenceFilter?
    /// SSRC of the packets that it judged.
    private var judged: UInt32?
    /// Packets were left out since the last one that was forwarded.
    private var hasGap = false
    /// It was not among the loudest.
    private var wasInaudible = false

    /// - Parameters:
    ///   - isMirrored: the packets come from another worker.
    ///   - filtersSilence: they are Opus, as they come from the publisher.
    init(in room: RoomMicrophones?, isMirrored: Bool, filtersSilence: Bool) {
        marksSpurts = !isMirrored
        self.room = room
        place = room?.speakers.add() ?? 0
        silence = filtersSilence ? SilenceFilter() : nil
    }

    /// The track is no more.
    func close() { room?.speakers.remove(place) }

    /// Judges a packet, and prepares it for those who did not get the ones before it: it may become shorter, and get the marker. What
    /// is kept to be sent again has to be what this leaves.
    /// - Parameter level: the extension's byte (RFC 6464): voice flag, then −dBov; nil where the packet has none.
    /// - Returns: whether to forward it.
    func passes(_ packet: inout PendingPacket, level: UInt8?, at now: Instant) -> Bool {
        let dBov = level.map { $0 & 0x7f }
        let isAudible = room?.speakers.heard(place, dBov: dBov, at: now) ?? true
        // Redundant packets are never silence alone.
        if packet.primaryOffset == nil, packet.payloadLength > 0 {
            // Another stream's timestamps begin anywhere: to a filter that knows the former one's they may seem late for hours.
            if silence != nil, judged != packet.header.ssrc {
                silence = SilenceFilter()
                judged = packet.header.ssrc
            }
            let contents = packet.memory.load(fromByteOffset: packet.header.length, as: UInt8.self)
            if let verdict = silence?.judge(
                contents: contents, payloadLength: packet.payloadLength, dBov: dBov,
                timestamp: packet.header.timestamp)
            {
                guard verdict.isForwarded else { return leaveOut(packet) }
                packet.payloadLength = verdict.payloadLength
                if verdict.startsSpurt { mark(&packet) }
            }
        }
        guard isAudible else {
            wasInaudible = true
            return leaveOut(packet)
        }
        guard !packet.isLate else { return true }
        if hasGap { packet.continuity = .followsGap }
        // For its receivers this is where it begins to speak.
        if wasInaudible { mark(&packet) }
        hasGap = false
        wasInaudible = false
        return true
    }

    /// In its memory, too, from which it may be sent again.
    private func mark(_ packet: inout PendingPacket) {
        guard marksSpurts, !packet.header.marker else { return }
        packet.header.marker = true
        let second = packet.memory.load(fromByteOffset: 1, as: UInt8.self)
        packet.memory.put(second | 0x80, at: 1)
    }

    private func leaveOut(_ packet: PendingPacket) -> Bool {
        if !packet.isLate { hasGap = true }
        return false
    }
}

/// The microphones of one room that this worker knows of, where not all are audible.
final class RoomMicrophones {
    let speakers: AudibleSpeakers

    /// Nobody's microphone is left.
    var isEmpty: Bool { speakers.count == 0 }

    /// - Parameter audible: how many are at a time.
    init(audible: Int) { speakers = AudibleSpeakers(AudibleSpeakers.Settings(seats: audible)) }
}
