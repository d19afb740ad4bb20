public import RelayControl
public import RoomModel

/// Somebody who is to be told something, with the SDP offer that was made for them where there is one.
nonisolated public struct Addressee: Equatable, Sendable {
    public var user: Participant
    public var offer: String?

    public init(user: Participant, offer: String?) {
        self.user = user
        self.offer = offer
    }
}

/// What came of a produce call.
nonisolated public struct Produced: Sendable {
    /// SDP for the caller; nil when only constraints were sent.
    public var answer: String?
    public var user: Participant
    /// Everybody else, who is to hear of it.
    public var outbound: [Addressee]
}

/// Who stopped or went, and who is to hear of it.
nonisolated public struct Departure: Sendable {
    public var user: Participant
    public var others: [Participant]
}

/// A producer's track that a subscriber's answer had no codec for.
nonisolated public struct Refusal: Equatable, Sendable {
    public var producer: ParticipantID
    public var track: RefusedTrack
}

/// Something that happened in a room.
nonisolated public enum RoomNotice: Sendable {
    case roomCreated(RoomID)
    case roomDeleted(Room)
    case userAdded(RoomID, Participant)
    case userDeleted(RoomID, Participant, others: [Participant], byAdmin: Bool)
    case producerStarted(RoomID, Participant, outbound: [Addressee])
    case producerChanged(RoomID, Participant, outbound: [Addressee])
    case producerStopped(RoomID, Participant, others: [Participant])
    /// `producer` is nil for the user's publishing connection.
    case transportState(RoomID, ParticipantID, producer: ParticipantID?, state: TransportState)
    case speaker(RoomID, ParticipantID?)
    /// What needs no more than the model tells: hands, mutes, reactions, waiting rooms, definitions.
    case event(RoomID, RoomEvent)

    public var room: RoomID {
        switch self {
        case .roomCreated(let room), .userAdded(let room, _), .userDeleted(let room, _, _, _),
            .producerStarted(let room, _, _), .producerChanged(let room, _, _), .producerStopped(let room, _, _),
            .transportState(let room, _, _, _), .speaker(let room, _),
            .event(let room, _):
            room
        case .roomDeleted(let room): room.id
        }
    }
}
