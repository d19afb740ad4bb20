public import RelayControl
internal import RelayProtocol

extension RelayEngine {
    public func offer(
        room id: RoomID, subscriber: ParticipantID, producer: ParticipantID, restart: Bool
    ) throws(RelayError) -> String {
        guard let room = rooms[id], let publishing = room.publishing[producer] else { throw .notProducing(producer) }
        if let subscribing = publishing.subscribers[subscriber], !subscribing.isDead {
            if restart {
                subscribing.local = freshLocal(room)
                let local = subscribing.local
                post(.restart(subscribing.transport, ufrag: local.ufrag, password: local.password), to: room)
            }
            return subscribing.negotiation.offer(tracks: publishing.tracks, local: subscribing.local, using: &generator)
        }
        try checkTransportLimit()
        if let dead = publishing.subscribers[subscriber] { close(dead.transport, in: room) }
        let transport = newTransport(ConnectionOwner(room: id, participant: subscriber, producer: producer))
        let local = freshLocal(room)
        var negotiation = SubscriberNegotiation(
            sessionID: generator.next(), producer: producer.value, limits: negotiationLimits, hash: Randomness.sha256)
        let sdp = negotiation.offer(tracks: publishing.tracks, local: local, using: &generator)
        publishing.subscribers[subscriber] = Subscribing(transport: transport, negotiation: negotiation, local: local)
        post(
            .open(transport, role: .subscriber(of: publishing.publication), ufrag: local.ufrag, password: local.password),
            to: room)
        return sdp
    }

    public func consume(
        room id: RoomID, subscriber: ParticipantID, answers: [SubscriberAnswer]
    ) throws(SubscriptionFailure) -> [[RefusedTrack]] {
        var checked: [(subscribing: Subscribing, negotiation: SubscriberNegotiation, result: SubscriberAnswerResult)] = []
        for answer in answers {
            guard let subscribing = rooms[id]?.publishing[answer.producer]?.subscribers[subscriber] else {
                throw SubscriptionFailure(producer: answer.producer, reason: .unknownProducer)
            }
            guard !subscribing.isDead else { throw SubscriptionFailure(producer: answer.producer, reason: .superseded) }
            // Two answers for one producer: the second meets what the first left, an offer that is answered.
            var negotiation = checked.last { $0.subscribing === subscribing }?.negotiation ?? subscribing.negotiation
            do {
                let result = try negotiation.accept(answer: answer.sdp)
                checked.append((subscribing, negotiation, result))
            } catch {
                throw SubscriptionFailure(producer: answer.producer, reason: SubscriptionFailure.Reason(error))
            }
        }
        guard let room = rooms[id] else { return [] }
        for (subscribing, negotiation, result) in checked {
            subscribing.negotiation = negotiation
            if let remote = result.remote { post(.connect(subscribing.transport, remote), to: room) }
            post(.send(subscribing.transport, result.tracks), to: room)
        }
        return checked.map(\.result.refused)
    }

    public func statistics(room id: RoomID, participant: ParticipantID) -> ParticipantStatistics {
        guard let room = rooms[id] else { return ParticipantStatistics() }
        var found = ParticipantStatistics()
        found.produce = room.publishing[participant].map { statistics(of: $0.transport) }
        found.consume =
            room.publishing.compactMap { producer, publishing in
                publishing.subscribers[participant].map { (producer, $0.transport) }
            }
            .sorted { $0.1.value < $1.1.value }
            .map { ($0.0, statistics(of: $0.1)) }
        return found
    }
}

extension SubscriptionFailure.Reason {
    init(_ error: NegotiationError) {
        switch error {
        case .unusable(let reason): self = .unusableDescription(reason)
        case .superseded: self = .superseded
        case .mismatch(let reason): self = .mismatch(reason)
        }
    }
}
