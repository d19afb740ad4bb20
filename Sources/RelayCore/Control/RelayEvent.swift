/// Something that happened in the relay without a call.
public enum RelayEvent: Sendable, Equatable {
    /// A connection's state changed. `producer` is nil for the participant's publishing connection.
    case transportState(room: RoomID, participant: ParticipantID, producer: ParticipantID?, state: TransportState)
    /// Somebody else became the loudest; nil when nobody speaks.
    case activeSpeaker(room: RoomID, participant: ParticipantID?)
}

/// A peer connection's life.
public enum TransportState: String, Sendable, Hashable {
    /// Described, no authenticated connectivity check yet.
    case new
    /// ICE connects or DTLS shakes hands.
    case connecting
    /// SRTP flows.
    case connected
    /// No consent for some seconds; may come back.
    case disconnected
    /// Ended: no consent for the time-out, DTLS failed or closed, or closed by a call.
    case closed
}
