public import RelayControl

/// On whose word others in a room are moderated.
public enum Moderator: Sendable, Equatable {
    /// Somebody in the room, who has to be one of its admins.
    case participant(ParticipantID)
    /// Somebody who is not in the room: a trusted backend, or an admin who has not joined. The caller has checked that
    /// they may.
    case outside
}

extension Room {
    /// - Throws: `notHere`, `notAdmin`.
    func check(_ moderator: Moderator) throws(RoomError) {
        guard case .participant(let id) = moderator else { return }
        guard let index = participants.firstIndex(where: { $0.id == id }) else { throw .notHere(id, self.id) }
        guard participants[index].isAdmin else { throw .notAdmin(id) }
    }
}
