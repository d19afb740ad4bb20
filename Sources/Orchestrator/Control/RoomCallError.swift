public import RelayControl
public import RoomModel

/// Why a call was refused; it has changed nothing. Each face puts it into its own shape, once, at its edge.
nonisolated public enum RoomCallError: Error, Equatable, Sendable {
    case room(RoomError)
    /// What the relay refused, and which part of the call it was about.
    case relay(RelayError, about: Subject)
    case subscription(SubscriptionFailure)
    case noSuchUser(UserID)
    case userExists(UserID)
    /// Somebody else has that name, or that extension.
    case userTaken(Users.Conflict)
    /// What was to be kept could not be.
    case store(StoreError)
    /// Muting and unmuting need a connection that an offer has made.
    case mutedWithoutProducing(ParticipantID)
    /// Nobody of that name sends anything there.
    case noSuchProducer(ParticipantID, in: RoomID)

    public enum Subject: Sendable {
        /// The participant itself.
        case participant
        /// What the participant wants to send.
        case offer
        /// What the participant wants to get of somebody.
        case producer
    }
}
