internal import Foundation
import RelayControl
import RoomControl
import RoomModel
import Web

/// One page: a socket, and the user that it is while it is in a room.
final class DemoSession: SocketHandler {
    static let maximumNameLength = 128

    private let service: RoomService
    private let demo: Demo
    private var socket: (any Socket)?
    /// Which user of which room this page is.
    private var place: (room: RoomID, user: ParticipantID)?

    init(service: RoomService, demo: Demo) {
        self.service = service
        self.demo = demo
    }

    func opened(_ socket: any Socket) { self.socket = socket }

    func closed() {
        socket = nil
        leave()
    }

    func received(text: String) {
        let bytes = Array(text.utf8)
        do {
            let request = try JSONBody.decode(DemoRequest.self, from: bytes)
            guard let kind = DemoRequest.Kind(rawValue: request.type) else {
                let known = DemoRequest.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw CallFailure.invalid(.body, "unknown type; known are \(known)")
            }
            try carryOut(kind, request)
        } catch {
            let outline = try? JSONBody.decode(DemoRequest.Outline.self, from: bytes)
            refuse(error, type: outline?.type, id: outline?.id)
        }
    }

    func send(_ message: DemoMessage) { socket?.send(text: message.jsonText) }

    /// Somebody else has taken this user out, or has ended the room.
    func wasRemoved(telling message: DemoMessage) {
        guard place != nil else { return }
        place = nil
        send(message)
    }

    private func refuse(_ error: any Error, type: String?, id: String?) {
        let failure: CallFailure
        switch error {
        case let refusal as CallFailure: failure = refusal
        case let refusal as RoomCallError: failure = CallFailure(refusal)
        case let web as WebFailure: failure = CallFailure(web)
        default: failure = CallFailure(WebFailure.unexpected)
        }
        send(.error(request: type, id: id, field: failure.field.rawValue, message: failure.message))
    }
}

// MARK: What a page asks for
extension DemoSession {
    private func carryOut(_ kind: DemoRequest.Kind, _ request: DemoRequest) throws {
        if kind == .join { return try join(request) }
        guard let (room, user) = place else {
            throw CallFailure.conflict(.room, "join a room first")
        }
        switch kind {
        case .join: break
        case .produce:
            let produced = try service.produce(
                ProduceBody(offer: request.offer, constraints: request.constraints), by: user, in: room)
            send(.produced(answer: produced.answer.map { .answer($0) }, constraints: produced.user.constraints))
        case .consume:
            let body = ConsumeBody(id: request.id, answer: request.answer)
            let answers = try body.subscriberAnswers()
            let refused = try service.consume(answers, by: user, in: room)
            for answer in answers {
                send(.consumed(id: answer.producer.value, refused: refused.map { RefusedItem($0) }))
            }
        case .offer: try renewOffer(request, for: user, in: room)
        case .prefer:
            let body = try PreferenceBody(request.preference ?? .null)
            let producer = try wantedProducer(request)
            let preference = try service.prefer(body, of: producer, for: user, in: room)
            send(.preferred(PreferenceItem(id: producer.value, preference: preference)))
        case .statistics:
            send(
                .statistics(
                    UserDetails(
                        try service.user(user, in: room), service.statistics(of: user, in: room), listsTracks: true)))
        case .unproduce: _ = try service.stopProducing(user, in: room)
        case .leave: leave()
        }
    }

    private func join(_ request: DemoRequest) throws {
        guard place == nil else {
            throw CallFailure.conflict(.room, "this page is in room \"\(place?.room.value ?? "")\" already")
        }
        guard let name = request.name, !name.isEmpty else { throw CallFailure.invalid(.userInfo, "name is required") }
        guard name.unicodeScalars.prefix(Self.maximumNameLength + 1).count <= Self.maximumNameLength else {
            throw CallFailure.invalid(.userInfo, "a name has at most \(Self.maximumNameLength) characters")
        }
        guard let wanted = request.room else { throw CallFailure.invalid(.room, "room is required") }
        let room = RoomID(try Identifier.check(wanted.text, .room))
        let user = try Participant(
            id: ParticipantID(UUID().uuidString.lowercased()), userInfo: ["name": .string(name)], isAttended: true)

        var others: [Addressee] = []
        if service.rooms.contains(room) {
            others = try service.addUser(user, to: room)
        } else {
            try service.createRoom(room, with: user)
        }
        place = (room, user.id)
        demo.enter(self, as: user.id, in: room)
        send(.joined(id: user.id.value, room: room.value, users: others.map(UserItem.init(present:))))
        if let speaker = try service.room(room).speaker { send(.speaker(id: speaker.value)) }
    }

    private func renewOffer(
        _ request: DemoRequest, for user: ParticipantID, in room: RoomID
    ) throws {
        let id = try wantedProducer(request)
        let offer = try service.renewOffer(of: id, for: user, in: room)
        let producer = try service.user(id, in: room)
        send(.producer(UserItem(producer: producer, offer: offer)))
    }

    private func wantedProducer(_ request: DemoRequest) throws(CallFailure) -> ParticipantID {
        guard let wanted = request.id else { throw .invalid(.id, "id of the producer is required") }
        return ParticipantID(try Identifier.check(wanted.text, .id))
    }

    private func leave() {
        guard let (room, user) = place else { return }
        // First, so that this page does not hear of its own going.
        place = nil
        demo.leave(user, room)
        _ = try? service.deleteUser(user, from: room)
    }
}
