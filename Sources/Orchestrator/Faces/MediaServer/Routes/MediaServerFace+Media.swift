import RelayControl
import RoomControl
import RoomModel
import Web

extension MediaServerFace {
    var mediaRoutes: [Route] {
        [
            route(.POST, "/rooms/:room_id/users/:user_id/produce") { [service] request in
                let (room, user) = (try request.room(), try request.user())
                let body = try JSONBody.decode(ProduceBody.self, from: request)
                return .response(.json(ProducerChange(try service.produce(body, by: user, in: room))))
            },
            route(.DELETE, "/rooms/:room_id/users/:user_id/produce") { [service] request in
                let departure = try service.stopProducing(try request.user(), in: try request.room())
                return .response(.json(ProducerChange(departure)))
            },
            route(.POST, "/rooms/:room_id/users/:user_id/consume") { [service] request in
                let (room, user) = (try request.room(), try request.user())
                let body = try JSONBody.decode(ConsumeBody.self, from: request)
                let refused = try service.consume(try body.subscriberAnswers(), by: user, in: room)
                return .response(.json(Consumed(refused: refused.isEmpty ? nil : refused.map { RefusedItem($0) })))
            },
            route(.PATCH, "/rooms/:room_id/users/:user_id/consume/:producer_id") { [service] request in
                let (room, user, producer) = (try request.room(), try request.user(), try request.producer())
                let body = try PreferenceBody(try JSONBody.decode(JSONValue.self, from: request))
                let preference = try service.prefer(body, of: producer, for: user, in: room)
                return .response(.json(PreferenceItem(id: producer.value, preference: preference)))
            },
            route(.POST, "/rooms/:room_id/users/:user_id/consume/:producer_id/offer") { [service] request in
                let (room, user, producer) = (try request.room(), try request.user(), try request.producer())
                let offer = try service.renewOffer(of: producer, for: user, in: room)
                return .response(.json(FreshOffer(id: producer.value, offer: .offer(offer))))
            },
        ]
    }
}

extension RoomService {
    /// Whichever of the two kinds of produce call the body asks for.
    func produce(_ body: ProduceBody, by user: ParticipantID, in room: RoomID) throws -> Produced {
        if let offer = body.offer {
            let sdp = try offer.sdp(as: "offer", .offer)
            return try produce(user, in: room, offer: sdp, wanted: body.constraints?.selection)
        }
        guard let constraints = body.constraints else {
            throw CallFailure.invalid(.body, "either offer or constraints is required")
        }
        return try select(constraints.selection, of: user, in: room)
    }

    /// Changes what a user wants of a producer's video.
    /// - Returns: all that holds from now on.
    func prefer(
        _ body: PreferenceBody, of producer: ParticipantID, for user: ParticipantID, in room: RoomID
    ) throws -> VideoPreference {
        let before = try preference(of: user, for: producer, mid: try body.mid(), in: room)
        let preference = try body.apply(to: before)
        try prefer(preference, of: user, for: producer, in: room)
        return preference
    }
}

extension ConsumeBody {
    static let maximumAnswers = 1_000

    /// The answers in their order, each with a valid producer's id; the first that is wrong is named.
    func subscriberAnswers() throws(CallFailure) -> [SubscriberAnswer] {
        var result: [SubscriberAnswer] = []
        var seen: Set<String> = []
        for item in try items() {
            let id = try Identifier.check(item.id.text, .id)
            guard seen.insert(id).inserted else { throw .invalid(.id, "\"\(id)\" is there twice") }
            do {
                result.append(
                    SubscriberAnswer(producer: ParticipantID(id), sdp: try item.answer.sdp(as: "answer", .answer)))
            } catch {
                throw CallFailure(
                    status: error.status, field: error.field, message: "the answer for \"\(id)\": \(error.message)")
            }
        }
        return result
    }

    private func items() throws(CallFailure) -> [Item] {
        if let answers {
            guard id == nil, answer == nil else { throw .invalid(.body, "either answers or id with answer, not both") }
            guard !answers.isEmpty else { throw .invalid(.answer, "answers is empty") }
            guard answers.count <= Self.maximumAnswers else {
                throw .invalid(.answer, "answers has more than \(Self.maximumAnswers) entries")
            }
            return answers
        }
        guard id != nil || answer != nil else { throw .invalid(.body, "id with answer, or answers, is required") }
        guard let id else { throw .invalid(.id, "id of the producer is required") }
        guard let answer else { throw .invalid(.answer, "answer is required") }
        return [Item(id: id, answer: answer)]
    }
}
