import RelayControl
import RoomControl
import RoomModel
public import Web

/// The signalling behind the demo page: it plays the backend.
///
/// Each message of a page becomes the call that a backend makes by REST, on the same code path, and what a backend passes
/// on to its clients (`outbound`, events) goes to the pages of that room by their sockets. Users of REST and of pages share
/// rooms and see each other.
public final class Demo {
    private let face: MediaServerFace
    /// Who is in a room by a socket.
    private var sessions: [RoomID: [ParticipantID: DemoSession]] = [:]

    public init(face: MediaServerFace) {
        self.face = face
        face.service.observe { [weak self] notice in self?.pass(on: notice) }
    }

    /// `GET /demo/ws`, a WebSocket.
    public var routes: [Route] {
        [
            Route(.GET, "/demo/ws", access: .open) { [self] _ in
                .socket(DemoSession(service: face.service, demo: self))
            }
        ]
    }

    func enter(_ session: DemoSession, as user: ParticipantID, in room: RoomID) {
        sessions[room, default: [:]][user] = session
    }

    func leave(_ user: ParticipantID, _ room: RoomID) {
        sessions[room]?[user] = nil
        if sessions[room]?.isEmpty == true { sessions[room] = nil }
    }

    /// Tells the pages of a room what happened there; those whose doing it was have heard it as the answer to their call.
    private func pass(on notice: RoomNotice) {
        guard let pages = sessions[notice.room] else { return }
        switch notice {
        case .roomCreated: break
        case .roomDeleted(let room):
            sessions[room.id] = nil
            for page in pages.values { page.wasRemoved(telling: .roomDeleted) }
        case .userAdded(_, let user): send(.userAdded(UserItem(user)), to: pages)
        case .userDeleted(let room, let user, _, _):
            pages[user.id]?.wasRemoved(telling: .userDeleted(id: user.id.value))
            leave(user.id, room)
            send(.userDeleted(id: user.id.value), to: pages, but: user.id)
        case .producerStarted(_, let user, let outbound), .producerChanged(_, let user, let outbound):
            for addressee in outbound {
                pages[addressee.user.id]?.send(.producer(UserItem(producer: user, offer: addressee.offer)))
            }
        case .producerStopped(_, let user, _): send(.producerStopped(id: user.id.value), to: pages, but: user.id)
        case .transportState(_, let user, let producer, let state):
            pages[user]?.send(.transport(producer: producer?.value, state: state.rawValue))
        case .speaker(_, let user): send(.speaker(id: user?.value), to: pages)
        case .event: break
        }
    }

    private func send(
        _ message: DemoMessage, to pages: [ParticipantID: DemoSession], but exception: ParticipantID? = nil
    ) {
        for (user, page) in pages where user != exception { page.send(message) }
    }
}

extension UserItem {
    /// Who sends, what of it is forwarded, and the offer of it where one was made.
    init(producer: Participant, offer: String?) {
        self.init(
            id: producer.id.value, userInfo: producer.userInfoValue, offer: offer.map { .offer($0) },
            constraints: producer.constraints)
    }
}
