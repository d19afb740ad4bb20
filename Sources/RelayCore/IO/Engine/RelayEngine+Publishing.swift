public import RelayControl
internal import RelayProtocol

extension RelayEngine {
    public func produce(
        room id: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production {
        try publish(id, participant, offer: offer, wanted: wanted, mixes: false)
    }

    public func join(
        room id: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production {
        try publish(id, participant, offer: offer, wanted: wanted, mixes: true)
    }

    private func publish(
        _ id: RoomID, _ participant: ParticipantID, offer: String, wanted: TrackSelection?, mixes: Bool
    ) throws(RelayError) -> Production {
        try checkSize(of: offer)
        let isNewRoom = rooms[id] == nil
        let room = connections(of: id)
        do {
            return try publish(id, room, participant, offer: offer, wanted: wanted, mixes: mixes)
        } catch {
            if isNewRoom { forgetIfEmpty(id) }
            throw error
        }
    }

    private func publish(
        _ id: RoomID, _ room: RoomConnections, _ participant: ParticipantID, offer: String, wanted: TrackSelection?,
        mixes: Bool
    ) throws(RelayError) -> Production {
        guard let publishing = room.publishing[participant] else {
            try checkTransportLimit()
            let worker = worker(of: participant, in: room)
            let (negotiation, answer) = try begin(on: worker, offer: offer, wanted: wanted, mixes: mixes)
            let transport = newTransport(ConnectionOwner(room: id, participant: participant, worker: worker))
            let publishing = Publishing(
                publication: newPublication(), worker: worker, transport: transport, negotiation: negotiation,
                answer: answer, wanted: wanted, mixes: mixes)
            room.publishing[participant] = publishing
            open(publishing, id, room, participant, answer)
            return Production(answer: answer.answer, selection: answer.selection, sent: answer.sent, change: .opened)
        }
        if publishing.isDead {
            // It had left its place to others.
            try checkTransportLimit()
        } else if try continues(publishing, with: offer) {
            let returned = ReturnedMedia(
                mix: mixes, videos: videos(publishing.videos, in: room), needsLines: false)
            let answer = try renegotiate(
                publishing, id, room, participant, offer: offer, wanted: wanted, returning: returned)
            publishing.mixes = mixes
            return Production(
                answer: answer.answer, selection: answer.selection, sent: answer.sent, change: .renegotiated)
        }
        let (negotiation, answer) = try begin(on: publishing.worker, offer: offer, wanted: wanted, mixes: mixes)
        let old = publishing.transport
        publishing.transport = newTransport(
            ConnectionOwner(room: id, participant: participant, worker: publishing.worker))
        publishing.isDead = false
        publishing.isReturning = false
        publishing.videos = []
        publishing.wanted = wanted
        publishing.mixes = mixes
        publishing.update(negotiation, answer)
        open(publishing, id, room, participant, answer)
        close(old)
        return Production(answer: answer.answer, selection: answer.selection, sent: answer.sent, change: .replaced)
    }

    func continues(_ connection: ClientConnection, with offer: String) throws(RelayError) -> Bool {
        do { return try connection.negotiation.continues(with: offer) } catch { throw RelayError(error) }
    }

    private func begin(
        on worker: Int, offer: String, wanted: TrackSelection?, mixes: Bool
    ) throws(RelayError) -> (PublisherNegotiation, PublisherAnswer) {
        var negotiation = PublisherNegotiation(
            sessionID: generator.next(), settings: PublisherNegotiation.Settings(limits: negotiationLimits))
        do {
            let answer = try negotiation.answer(
                offer, wanted: wanted, returning: ReturnedMedia(mix: mixes), local: freshLocal(on: worker),
                using: &generator)
            return (negotiation, answer)
        } catch { throw RelayError(error) }
    }

    /// Tells the worker of a new publishing connection.
    private func open(
        _ publishing: Publishing, _ id: RoomID, _ room: RoomConnections, _ participant: ParticipantID,
        _ answer: PublisherAnswer
    ) {
        let role = TransportRole.publisher(publishing.publication, room: id, participant: participant)
        post(
            .open(publishing.transport, role: role, ufrag: answer.local.ufrag, password: answer.local.password),
            to: publishing.worker)
        if publishing.worker != room.home {
            post(.listen(to: publishing.publication, id, participant), to: room.home)
            post(.tellLevels(publishing.publication, to: room.home), to: publishing.worker)
        }
        describe(publishing, id, room, participant, answer)
    }

    private func describe(
        _ publishing: Publishing, _ id: RoomID, _ room: RoomConnections, _ participant: ParticipantID,
        _ answer: PublisherAnswer
    ) {
        post(.connect(publishing.transport, answer.remote), to: publishing.worker)
        post(.receive(publishing.transport, answer.tracks), to: publishing.worker)
        // After the publisher's worker, so that a mirror seldom asks that for what it has not heard of.
        for worker in publishing.mirrors { mirror(publishing, id, participant, on: worker) }
        post(.select(publishing.publication, publishing.selection), to: publishing.worker)
        bind(publishing, id, room)
        listen(publishing, id)
        rebind(whoeverShows: participant, id, room, besides: publishing)
    }

    /// Tells a worker of a publication that lives on another, or of its new tracks.
    func mirror(_ publishing: Publishing, _ id: RoomID, _ participant: ParticipantID, on worker: Int) {
        publishing.mirrors.insert(worker)
        post(.mirror(publishing.publication, on: publishing.worker, id, participant, publishing.tracks), to: worker)
        post(.select(publishing.publication, publishing.selection), to: worker)
    }

    func renegotiate(
        _ publishing: Publishing, _ id: RoomID, _ room: RoomConnections, _ participant: ParticipantID, offer: String,
        wanted: TrackSelection?, returning returned: ReturnedMedia
    ) throws(RelayError) -> PublisherAnswer {
        var negotiation = publishing.negotiation
        let answer: PublisherAnswer
        do {
            answer = try negotiation.answer(
                offer, wanted: wanted, returning: returned, local: freshLocal(on: publishing.worker), using: &generator)
        } catch { throw RelayError(error) }
        publishing.wanted = wanted
        publishing.update(negotiation, answer)
        if answer.restartsICE {
            post(
                .restart(publishing.transport, ufrag: answer.local.ufrag, password: answer.local.password),
                to: publishing.worker)
        }
        describe(publishing, id, room, participant, answer)
        return answer
    }

    public func select(
        room id: RoomID, participant: ParticipantID, wanted: TrackSelection
    ) throws(RelayError) -> TrackSelection {
        guard let room = rooms[id], let publishing = room.publishing[participant] else {
            throw .notProducing(participant)
        }
        let selection = wanted.intersection(publishing.sent)
        publishing.selection = selection
        publishing.wanted = wanted
        // Mirrors, too: what is muted has no part in what their subscribers' networks bear.
        for worker in [publishing.worker] + publishing.mirrors {
            post(.select(publishing.publication, selection), to: worker)
        }
        return selection
    }

    public func stopProducing(room id: RoomID, participant: ParticipantID) throws(RelayError) {
        guard let room = rooms[id], let publishing = room.publishing.removeValue(forKey: participant) else {
            throw .notProducing(participant)
        }
        end(publishing, id, room)
        rebind(whoeverShows: participant, id, room)
        forgetIfEmpty(id)
    }

    public func remove(participant: ParticipantID, room id: RoomID) {
        guard let room = rooms[id] else { return }
        if let subscription = room.subscriptions.removeValue(forKey: participant) { close(subscription.transport) }
        if let publishing = room.publishing.removeValue(forKey: participant) {
            end(publishing, id, room)
            rebind(whoeverShows: participant, id, room)
        }
        for publishing in room.publishing.values {
            guard let subscribing = publishing.subscribers.removeValue(forKey: participant) else { continue }
            close(subscribing.transport)
        }
        room.workers[participant] = nil
        forgetIfEmpty(id)
    }

    public func remove(room id: RoomID) {
        guard let room = rooms.removeValue(forKey: id) else { return }
        for subscription in room.subscriptions.values { close(subscription.transport) }
        for publishing in room.publishing.values { end(publishing, id, room) }
    }

    private func end(_ publishing: Publishing, _ id: RoomID, _ room: RoomConnections) {
        stopListening(publishing, id)
        for subscribing in publishing.subscribers.values { close(subscribing.transport) }
        close(publishing.transport)
        for worker in publishing.mirrors.union([publishing.worker, room.home]) {
            post(.endPublication(publishing.publication), to: worker)
        }
    }
}

extension RelayError {
    init(_ error: NegotiationError) {
        switch error {
        case .unusable(let reason), .mismatch(let reason): self = .unusableDescription(reason)
        case .superseded: self = .unusableDescription("the description is out of date")
        case .unusableLine(let mid, let reason): self = .unusableLine(mid: mid, reason: reason)
        }
    }
}
