import RelayControl
import RoomModel

/// Somebody who is to be told something, with the SDP offer that was made for them where there is one.
struct Addressee: Equatable {
    var user: Participant
    var offer: String?
}

/// What came of a produce call.
struct Produced {
    /// SDP for the caller; nil when only constraints were sent.
    var answer: String?
    var user: Participant
    /// Everybody else, who is to hear of it.
    var outbound: [Addressee]
}

/// Who stopped or went, and who is to hear of it.
struct Departure {
    var user: Participant
    var others: [Participant]
}

/// A producer's track that a subscriber's answer had no codec for.
struct Refusal: Equatable {
    var producer: ParticipantID
    var track: RefusedTrack
}

/// Something that happened in a room.
enum Notice {
    case roomCreated(RoomID)
    case roomDeleted(Room)
    case userAdded(RoomID, Participant)
    case userDeleted(RoomID, Participant, others: [Participant])
    case producerStarted(RoomID, Participant, outbound: [Addressee])
    case producerChanged(RoomID, Participant, outbound: [Addressee])
    case producerStopped(RoomID, Participant, others: [Participant])
    /// `producer` is nil for the user's publishing connection.
    case transportState(RoomID, ParticipantID, producer: ParticipantID?, state: TransportState)
    case speaker(RoomID, ParticipantID?)

    var room: RoomID {
        switch self {
        case .roomCreated(let room), .userAdded(let room, _), .userDeleted(let room, _, _),
            .producerStarted(let room, _, _), .producerChanged(let room, _, _), .producerStopped(let room, _, _),
            .transportState(let room, _, _, _), .speaker(let room, _):
            room
        case .roomDeleted(let room): room.id
        }
    }
}
