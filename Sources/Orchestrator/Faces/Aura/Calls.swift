import RelayControl
import RoomModel

/// Somebody who is in a room by this face, or was let in, or waits to be, and the socket that they have at present.
final class Call {
    enum State {
        case waiting
        /// Has a token.
        case admitted
        case joined
    }

    let room: RoomID
    let id: ParticipantID
    let user: UserID?
    let name: String
    /// As it was when it was let in; `AuraFace.isAdmin` says what holds now.
    let isAdmin: Bool
    /// The same in all of its tokens, and in no others: a call_id may be used again by somebody else.
    let nonce: UInt64
    var state: State
    /// Hears what happens in the room without having joined it.
    var isWatching = false
    weak var session: AuraSession?
    /// Whether it has asked for pictures.
    var sees = false
    /// Bits per second that its network bears, as it was last told.
    var toldRate: Double?
    /// Since when nothing comes of a member's media connection, as far as is known.
    var silentSince: Double?

    init(
        room: RoomID, id: ParticipantID, user: UserID?, name: String, isAdmin: Bool, state: State,
        nonce: UInt64 = .random(in: .min ... .max)
    ) {
        self.room = room
        self.id = id
        self.user = user
        self.name = name
        self.isAdmin = isAdmin
        self.state = state
        self.nonce = nonce
    }

    /// Whether it is told what happens in the room.
    var hears: Bool { state == .joined || isWatching }
}

/// Calls by room and id: those that have a socket, and members that may still come back to theirs.
struct Calls {
    private var byRoom: [RoomID: [ParticipantID: Call]] = [:]

    subscript(room: RoomID, id: ParticipantID) -> Call? { byRoom[room]?[id] }

    subscript(room: RoomID) -> [Call] { byRoom[room].map { Array($0.values) } ?? [] }

    var all: [Call] { byRoom.values.flatMap(\.values) }

    mutating func add(_ call: Call) { byRoom[call.room, default: [:]][call.id] = call }

    mutating func remove(_ call: Call) {
        guard self[call.room, call.id] === call else { return }
        byRoom[call.room]?[call.id] = nil
        if byRoom[call.room]?.isEmpty == true { byRoom[call.room] = nil }
    }
}
