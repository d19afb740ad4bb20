public import RelayControl

/// A room and who is in it.
public struct Room: Sendable, Equatable {
    public let id: RoomID
    /// In the order in which they came.
    public internal(set) var participants: [Participant] = []
    /// Who is the loudest; nil when nobody speaks.
    public internal(set) var speaker: ParticipantID?

    /// Counts up with every room that is made, so that rooms list in their order.
    let ordinal: UInt64
    let createdAt: Double

    init(id: RoomID, ordinal: UInt64, createdAt: Double) {
        self.id = id
        self.ordinal = ordinal
        self.createdAt = createdAt
    }

    /// - Throws: `noSuchParticipant`.
    public func participant(_ id: ParticipantID) throws(RoomError) -> Participant {
        participants[try index(of: id)]
    }

    /// Everybody but that one, in the order in which they came.
    public func others(than id: ParticipantID) -> [Participant] {
        participants.filter { $0.id != id }
    }

    func index(of id: ParticipantID) throws(RoomError) -> Int {
        guard let index = participants.firstIndex(where: { $0.id == id }) else {
            throw .noSuchParticipant(id, self.id)
        }
        return index
    }
}
