import RelayControl
import RoomControl
import RoomModel
import Secrets
import Web

/// Why a call was refused; it has changed nothing. `{"code","message"}` in answers of REST and of the socket alike.
///
/// The one place where refusals of the rooms and of the relay become words and codes.
nonisolated struct AuraFailure: Error, Equatable, JSONWritable {
    var code: Int
    var message: String

    static func invalid(_ message: String) -> AuraFailure { AuraFailure(code: 400, message: message) }
    static func unauthorized(_ message: String) -> AuraFailure { AuraFailure(code: 401, message: message) }
    static func forbidden(_ message: String) -> AuraFailure { AuraFailure(code: 403, message: message) }
    static func missing(_ message: String) -> AuraFailure { AuraFailure(code: 404, message: message) }
    static func conflict(_ message: String) -> AuraFailure { AuraFailure(code: 409, message: message) }
    static func tooLarge(_ message: String) -> AuraFailure { AuraFailure(code: 413, message: message) }

    /// The answer of the waiting room, to the letter of the API's document.
    static let waiting = forbidden("not allowed for this room, waiting to be accpeted")
    static let notInRoom = invalid("not in a room")
    static let notAdmin = forbidden("only an admin of the room may do this")
    static let badToken = unauthorized("auth_token: is not valid here, or not any more")
    static let badCredentials = unauthorized("wrong username, password, device or device_token")
    static func noSuchRoom(_ id: String) -> AuraFailure { missing("there is no room \"\(id)\"") }
    static func noSuchMember(_ id: String) -> AuraFailure { missing("there is no member \"\(id)\"") }
    static func callInUse(_ id: String) -> AuraFailure { conflict("call_id: \"\(id)\" is in use already") }

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("code", code)
            $0.field("message", message)
        }
    }

    /// The REST answer: `{"error":{"code","message"}}`
    var response: Response {
        var writer = JSONWriter()
        writer.object { $0.field("error", self) }
        return Response(
            status: code, headers: Headers([("Content-Type", "application/json; charset=utf-8")]), body: writer.bytes)
    }
}

nonisolated extension AuraFailure {
    /// What the web layer refuses, in this face's words.
    init(_ failure: WebFailure) {
        var message = failure.message
        // The path says more than what is wrong alone.
        if case .badBody(let text) = failure { message = text }
        self.init(code: failure.status, message: message)
    }
}

nonisolated extension AuraFailure {
    /// Puts refusals of the rooms into this face's words.
    static func catching<Result>(_ body: () throws(RoomCallError) -> Result) throws(AuraFailure) -> Result {
        do { return try body() } catch { throw AuraFailure(error) }
    }

    init(_ error: RoomCallError) {
        self =
            switch error {
            case .room(let error): AuraFailure(error)
            case .relay(let error, _): AuraFailure(error)
            case .mutedWithoutProducing(let id): .conflict("\"\(id)\" sends nothing")
            case .noSuchProducer(let id, _): .noSuchMember(id.value)
            case .noSuchUser(let id): .missing("there is no user \"\(id)\"")
            case .userExists(let id): .conflict("user \"\(id)\" exists already")
            case .userTaken(.username): .conflict("user.username: another user has it")
            case .userTaken(.extension): .conflict("user.extension: another user has it")
            case .store(let error): AuraFailure(error)
            case .subscription: AuraFailure(.unexpected)
            }
    }

    init(_ error: RoomError) {
        self =
            switch error {
            case .noSuchRoom(let room): .noSuchRoom(room.value)
            case .notDefined(let room): .missing("room \"\(room)\" was not defined")
            case .roomExists(let room): .conflict("room \"\(room)\" exists already")
            case .noSuchParticipant(let id, _): .noSuchMember(id.value)
            case .notWaiting(let id, _): .missing("nobody \"\(id)\" is waiting")
            case .participantExists(let id, _): .callInUse(id.value)
            case .notPublishing(let id): .conflict("\"\(id)\" sends nothing")
            case .notHere: .notInRoom
            case .notAdmin: .notAdmin
            case .roomFull(let limit): .forbidden("the room is full: its limit is \(limit) (users.max-per-room)")
            case .waitingRoomFull(let limit):
                .forbidden("too many wait for the room: the limit is \(limit)")
            case .tenantFull(let limit): .forbidden("no more rooms: the licence's limit of \(limit) is reached")
            case .tooManyRooms(let limit):
                AuraFailure(code: 503, message: "no more rooms: the limit of \(limit) is reached (rooms.max)")
            case .unusableReaction(let limit): .invalid("reaction: expected 1 to \(limit) characters")
            case .sharedAlready(let id): .conflict("\"\(id)\" shares the screen already")
            }
    }

    init(_ error: RelayError) {
        self =
            switch error {
            case .unusableDescription(let reason): .invalid("sdp: \(reason)")
            case .unusableLine(let mid, let reason): .invalid("members: video_mid \"\(mid.prefix(64))\": \(reason)")
            case .unknownVideo(let mid): .invalid("members: there is no video_mid \"\(mid.prefix(64))\"")
            case .notProducing(let id), .notSubscribed(let id): .missing("\"\(id)\" sends nothing")
            case .limit(let name, let value) where name.hasPrefix("sdp."):
                .tooLarge("sdp: is larger than the limit of \(value) (\(name))")
            case .limit(let name, let value):
                AuraFailure(code: 503, message: "no more connections: the limit of \(value) is reached (\(name))")
            }
    }

    /// What went wrong is for the log, not for the client.
    init(_ error: StoreError) {
        self =
            switch error {
            case .overloaded, .closed, .busy: AuraFailure(code: 503, message: "cannot be stored now; try again")
            default: AuraFailure(code: 500, message: "could not be stored; nothing was changed")
            }
    }

    init(_ error: PasswordError) {
        let code =
            switch error {
            case .tooLong: 400
            case .tooManyAttempts: 429
            case .overloaded, .noMemory, .closed: 503
            }
        self.init(code: code, message: error.description)
    }
}

nonisolated extension Optional {
    func orThrow(_ failure: AuraFailure) throws(AuraFailure) -> Wrapped {
        guard let self else { throw failure }
        return self
    }
}
