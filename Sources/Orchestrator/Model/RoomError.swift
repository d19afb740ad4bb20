public import RelayControl

/// Why a change of the rooms was refused; nothing was changed. Faces translate it once, at their edge.
public enum RoomError: Error, Equatable, Sendable {
    case noSuchRoom(RoomID)
    case roomExists(RoomID)
    /// The room exists, but only for as long as somebody is in it.
    case notDefined(RoomID)
    case noSuchParticipant(ParticipantID, RoomID)
    /// Somebody of that name is in the room or waits for it.
    case participantExists(ParticipantID, RoomID)
    /// Nobody of that name waits for the room.
    case notWaiting(ParticipantID, RoomID)
    case notPublishing(ParticipantID)
    /// `RoomLimits.maximumRooms` rooms exist already.
    case tooManyRooms(limit: Int)
    /// The tenant has as many rooms as its licence allows.
    case tenantFull(limit: Int)
    /// `RoomLimits.maximumParticipants` are in the room already.
    case roomFull(limit: Int)
    /// `RoomLimits.maximumWaiting` wait for the room already.
    case waitingRoomFull(limit: Int)
    /// Who wanted to do it is not in the room.
    case notHere(ParticipantID, RoomID)
    /// Who wanted to do it is not one of the room's admins.
    case notAdmin(ParticipantID)
    /// It is empty, or longer than that many characters.
    case unusableReaction(limit: Int)
    /// Somebody else shares their screen, and only one was to do so.
    case sharedAlready(by: ParticipantID)
}
