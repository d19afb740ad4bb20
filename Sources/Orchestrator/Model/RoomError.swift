public import RelayControl

/// Why a change of the rooms was refused; nothing was changed. Faces translate it once, at their edge.
public enum RoomError: Error, Equatable, Sendable {
    case noSuchRoom(RoomID)
    case roomExists(RoomID)
    case noSuchParticipant(ParticipantID, RoomID)
    case participantExists(ParticipantID, RoomID)
    case notPublishing(ParticipantID)
    /// `RoomLimits.maximumRooms` rooms exist already.
    case tooManyRooms(limit: Int)
    /// `RoomLimits.maximumParticipants` are in the room already.
    case roomFull(limit: Int)
}
