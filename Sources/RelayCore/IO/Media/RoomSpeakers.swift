internal import RelayControl
internal import RelayProtocol

/// Who of one room is heard, by the audio levels that publishers send (RFC 6464).
final class RoomSpeakers {
    private let detector = SpeakerDetector()
    private var participants: [Int: ParticipantID] = [:]
    private var members: [ParticipantID: Int] = [:]

    var isEmpty: Bool { members.isEmpty }

    /// - Parameter level: the extension's byte: voice flag, then −dBov.
    func heard(_ participant: ParticipantID, level: UInt8, at now: Instant) {
        let member: Int
        if let known = members[participant] {
            member = known
        } else {
            member = detector.add()
            members[participant] = member
            participants[member] = participant
        }
        detector.level(of: member, dBov: level & 0x7f, at: now)
    }

    func remove(_ participant: ParticipantID) {
        guard let member = members.removeValue(forKey: participant) else { return }
        participants[member] = nil
        detector.remove(member)
    }

    /// The new speaker where that changed; nil inside where nobody speaks any more.
    func poll(at now: Instant) -> ParticipantID?? {
        guard let deadline = detector.deadline, deadline <= now, let change = detector.poll(at: now) else { return nil }
        switch change {
        case .speaker(let member): return .some(participants[member])
        case .nobody: return .some(nil)
        }
    }
}
