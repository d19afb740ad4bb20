public import RelayControl

/// What a change of the rooms meant, in the order in which it happened. Values are those after the change, or the last
/// ones of what is gone.
public enum RoomEvent: Sendable, Equatable {
    case roomCreated(RoomID)
    /// The room is gone, and with it everybody who was still in it.
    case roomDeleted(Room)
    case participantAdded(RoomID, Participant)
    /// Whatever the participant published has been stopped by an event before this one.
    case participantRemoved(RoomID, Participant)
    case publicationStarted(RoomID, Participant)
    /// Its tracks changed, or it was muted or unmuted.
    case publicationChanged(RoomID, Participant)
    /// The participant's value has no publication any more.
    case publicationStopped(RoomID, Participant)
    /// Somebody else is the loudest now; nil: nobody.
    case speakerChanged(RoomID, ParticipantID?)
}
