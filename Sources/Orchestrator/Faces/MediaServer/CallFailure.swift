import RelayControl
import RoomControl
import RoomModel

/// Why a call was refused; it has changed nothing.
///
/// The one place where refusals of the room model and of the relay become words, a field and an HTTP status.
struct CallFailure: Error, Equatable {
    var status: Int
    var field: Field
    var message: String

    /// What of the request was wrong; `body` stands for the request as a whole.
    enum Field: String, CaseIterable {
        case room = "room_id"
        case user = "user_id"
        case userInfo, offer, answer, constraints, id, body
        // Of what a subscriber wants.
        case width, height, layer, paused, priority, mid
    }

    static func invalid(_ field: Field, _ message: String) -> CallFailure {
        CallFailure(status: 400, field: field, message: message)
    }
    static func missing(_ field: Field, _ message: String) -> CallFailure {
        CallFailure(status: 404, field: field, message: message)
    }
    static func conflict(_ field: Field, _ message: String) -> CallFailure {
        CallFailure(status: 409, field: field, message: message)
    }
    static func tooLarge(_ field: Field, _ message: String) -> CallFailure {
        CallFailure(status: 413, field: field, message: message)
    }
}

extension CallFailure {
    init(_ error: RoomCallError) {
        self =
            switch error {
            case .room(let error): CallFailure(error)
            case .relay(let error, about: .participant): CallFailure(error, field: .user)
            case .relay(let error, about: .offer): CallFailure(error, field: .offer)
            case .relay(let error, about: .producer): CallFailure(error, field: .id)
            case .subscription(let failure): CallFailure(failure)
            // Users and what is kept are no matter of this API's.
            case .noSuchUser, .userExists, .userTaken, .store:
                CallFailure(status: 503, field: .body, message: "not possible at present")
            case .mutedWithoutProducing(let user):
                .conflict(
                    .constraints,
                    "user \"\(user)\" does not produce: constraints alone need a connection that an offer has made")
            case .noSuchProducer(let producer, let room):
                .missing(.id, "there is no producer \"\(producer)\" in room \"\(room)\"")
            }
    }

    init(_ error: RoomError) {
        self =
            switch error {
            case .noSuchRoom(let room): .missing(.room, "there is no room \"\(room)\"")
            case .roomExists(let room): .conflict(.room, "room \"\(room)\" exists already")
            case .noSuchParticipant(let user, let room):
                .missing(.user, "there is no user \"\(user)\" in room \"\(room)\"")
            case .participantExists(let user, let room):
                .conflict(.user, "user \"\(user)\" is in room \"\(room)\" already")
            case .notDefined(let room): .conflict(.room, "room \"\(room)\" has no definition")
            case .notWaiting(let user, let room):
                .missing(.user, "nobody called \"\(user)\" waits for room \"\(room)\"")
            case .notPublishing(let user): .missing(.user, "user \"\(user)\" does not produce")
            case .notHere(let user, let room): .conflict(.user, "user \"\(user)\" is not in room \"\(room)\"")
            case .notAdmin(let user):
                CallFailure(status: 403, field: .user, message: "user \"\(user)\" is not an admin of the room")
            case .unusableReaction(let limit): .invalid(.body, "a reaction has 1 to \(limit) characters")
            case .sharedAlready(let user): .conflict(.user, "user \"\(user)\" is sharing the screen already")
            case .tooManyRooms(let limit):
                CallFailure(
                    status: 503, field: .room, message: "no more rooms: the limit of \(limit) is reached (rooms.max)")
            case .tenantFull(let limit):
                CallFailure(
                    status: 403, field: .room, message: "no more rooms: the licence's limit of \(limit) is reached")
            case .waitingRoomFull(let limit):
                CallFailure(
                    status: 403, field: .user,
                    message: "the waiting room is full: its limit is \(limit) (rooms.max-waiting)")
            case .roomFull(let limit):
                CallFailure(
                    status: 403, field: .user,
                    message: "the room is full: its limit is \(limit) users (users.max-per-room)")
            }
    }

    /// - Parameter field: the part of the request that the relay was asked to work on.
    init(_ error: RelayError, field: Field) {
        self =
            switch error {
            case .unusableDescription(let reason): .invalid(field, reason)
            case .notProducing(let user): .missing(field, "user \"\(user)\" does not produce")
            case .notSubscribed(let user): .missing(field, "nothing of user \"\(user)\" was offered to this user")
            case .unknownVideo(let mid): .missing(.mid, "there is no video with mid \"\(mid.prefix(64))\"")
            case .unusableLine(let mid, let reason): .invalid(.mid, "mid \"\(mid.prefix(64))\": \(reason)")
            case .limit(let name, let value) where name.hasPrefix("sdp."):
                .tooLarge(field, "the SDP is larger than the limit of \(value) (\(name))")
            case .limit(let name, let value):
                CallFailure(
                    status: 503, field: field,
                    message: "no more peer connections: the limit of \(value) is reached (\(name))")
            }
    }

    private func about(_ id: ParticipantID) -> CallFailure {
        CallFailure(status: status, field: field, message: "the answer for \"\(id)\": \(message)")
    }

    init(_ failure: SubscriptionFailure) {
        let id = failure.producer
        self =
            switch failure.reason {
            case .unknownProducer: .missing(.id, "there is no producer \"\(id)\" that was offered to this user")
            case .superseded:
                .conflict(
                    .answer,
                    "the answer for \"\(id)\" is too late: its offer was replaced or answered, or its connection closed"
                )
            case .mismatch(let reason): .conflict(.answer, "the answer for \"\(id)\" does not fit its offer: \(reason)")
            case .unusableDescription(let reason):
                .invalid(.answer, "the answer for \"\(id)\" cannot be used: \(reason)")
            case .limit(let name, let value): CallFailure(.limit(name: name, value: value), field: .answer).about(id)
            }
    }
}
