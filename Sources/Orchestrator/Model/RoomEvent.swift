public import RelayControl

/// What a change of the rooms meant, in the order in which it happened. Values are those after the change, or the last
/// ones of what is gone.
public enum RoomEvent: Sendable, Equatable {
    case roomCreated(RoomID)
    case roomChanged(RoomDefinition)
    /// The room is gone, and with it everybody who was still in it, and its definition if it had one.
    case roomDeleted(Room)
    /// Nobody is in the room any more.
    case sessionEnded(SessionRecord)

    case participantAdded(RoomID, Participant)
    /// Whatever the participant published has been stopped by an event before this one.
    case participantRemoved(RoomID, Participant, byAdmin: Bool)
    /// The participant became an admin or ceased to be one.
    case adminChanged(RoomID, Participant)

    case publicationStarted(RoomID, Participant)
    /// Its tracks changed, or its sender wants others of them forwarded.
    case publicationChanged(RoomID, Participant)
    /// The participant's value has no publication any more.
    case publicationStopped(RoomID, Participant)
    /// Somebody else is the loudest now; nil: nobody.
    case speakerChanged(RoomID, ParticipantID?)

    case handChanged(RoomID, Participant)
    case sharingChanged(RoomID, Participant)
    case reacted(RoomID, ParticipantID, String)
    /// - `byAdmin`: whose mute changed, an admin's or the participant's own. Whether there is anything to forward now is
    ///   `Participant.forwardedSelection`.
    case mutingChanged(RoomID, Participant, MediaKind, byAdmin: Bool)

    case waitingBegan(RoomID, Waiting)
    case waitingNudged(RoomID, Waiting)
    case waitingEnded(RoomID, Waiting, WaitingEnd)
}
