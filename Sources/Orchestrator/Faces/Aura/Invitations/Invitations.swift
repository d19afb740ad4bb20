import RelayControl
import RoomModel

/// Somebody who was asked into a room and has not answered yet.
nonisolated struct Invitation: Equatable {
    var room: RoomID
    /// Who the invited one will be in the room.
    var call: ParticipantID
    /// The user who was asked; nil: a telephone.
    var user: UserID?
    var destination: String
    /// The user who asks; nil: an anonymous admin.
    var from: UserID?
    /// The member who asks, who hears of a refusal.
    var inviter: ParticipantID
    /// What the apps were given.
    var token: String
    /// The sockets on which it rings.
    var sockets: Set<SocketID>
    var until: Double
}

/// The invitations that ring at present.
nonisolated struct Invitations {
    /// Seconds.
    static let ringing = 120.0
    /// That ring at the same time for one room.
    static let maximumPerRoom = 200

    private var byCall: [Place: Invitation] = [:]

    private struct Place: Hashable {
        var room: RoomID
        var call: ParticipantID
    }

    mutating func add(_ invitation: Invitation) {
        byCall[Place(room: invitation.room, call: invitation.call)] = invitation
    }

    subscript(room: RoomID, call: ParticipantID) -> Invitation? { byCall[Place(room: room, call: call)] }

    /// The one that rings there for that room.
    func ringing(_ destination: String, for room: RoomID) -> Invitation? {
        byCall.values.first { $0.room == room && $0.destination == destination }
    }

    func count(for room: RoomID) -> Int { byCall.keys.reduce(0) { $0 + ($1.room == room ? 1 : 0) } }

    /// Takes one out: it was answered, declined, or nobody asks any more.
    mutating func remove(_ room: RoomID, _ call: ParticipantID) -> Invitation? {
        byCall.removeValue(forKey: Place(room: room, call: call))
    }

    /// Lets everything ring that waits for a user, on one more socket.
    /// - Returns: what that socket has not heard of yet.
    mutating func ring(_ user: UserID, on socket: SocketID) -> [Invitation] {
        var new: [Invitation] = []
        for (place, invitation) in byCall where invitation.user == user && !invitation.sockets.contains(socket) {
            byCall[place]?.sockets.insert(socket)
            new.append(invitation)
        }
        return new.sorted { $0.until < $1.until }
    }

    /// Takes out what nobody answered in time.
    mutating func expire(at now: Double) -> [Invitation] { take { $0.until <= now } }

    /// Takes out everything of a room that ends.
    mutating func end(_ room: RoomID) -> [Invitation] { take { $0.room == room } }

    /// Takes out everything of a user that is gone.
    mutating func end(_ user: UserID) -> [Invitation] { take { $0.user == user } }

    private mutating func take(_ isOver: (Invitation) -> Bool) -> [Invitation] {
        let over = byCall.filter { isOver($0.value) }
        for place in over.keys { byCall[place] = nil }
        return over.values.sorted { ($0.until, $0.call.value) < ($1.until, $1.call.value) }
    }
}
