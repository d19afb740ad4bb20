public import RelayControl
internal import RelayProtocol

extension RelayEngine {
    public func offer(
        room id: RoomID, subscriber: ParticipantID, producer: ParticipantID, restart: Bool
    ) throws(RelayError) -> String {
        guard let room = rooms[id], let publishing = room.publishing[producer] else { throw .notProducing(producer) }
        if let subscribing = publishing.subscribers[subscriber], !subscribing.isDead {
            if restart {
                subscribing.local = freshLocal(on: subscribing.worker)
                let local = subscribing.local
                post(
                    .restart(subscribing.transport, ufrag: local.ufrag, password: local.password),
                    to: subscribing.worker)
            }
            return subscribing.negotiation.offer(tracks: publishing.tracks, local: subscribing.local, using: &generator)
        }
        try checkTransportLimit()
        if let dead = publishing.subscribers[subscriber] { close(dead.transport) }
        let worker = worker(of: subscriber, in: room)
        let transport = newTransport(
            ConnectionOwner(room: id, participant: subscriber, producer: producer, worker: worker))
        let local = freshLocal(on: worker)
        var negotiation = SubscriberNegotiation(
            sessionID: generator.next(), producer: producer.value, limits: negotiationLimits, hash: Randomness.sha256)
        let sdp = negotiation.offer(tracks: publishing.tracks, local: local, using: &generator)
        let subscribing = Subscribing(worker: worker, transport: transport, negotiation: negotiation, local: local)
        subscribing.preferences = publishing.subscribers[subscriber]?.preferences ?? VideoPreferences()
        publishing.subscribers[subscriber] = subscribing
        if worker != publishing.worker, !publishing.mirrors.contains(worker) {
            mirror(publishing, id, producer, on: worker)
        }
        open(subscribing, id, subscriber)
        return sdp
    }

    public func consume(
        room id: RoomID, subscriber: ParticipantID, answers: [SubscriberAnswer]
    ) throws(SubscriptionFailure) -> [[RefusedTrack]] {
        var checked: [(subscribing: Subscribing, negotiation: SubscriberNegotiation, result: SubscriberAnswerResult)] =
            []
        for answer in answers {
            guard let subscribing = rooms[id]?.publishing[answer.producer]?.subscribers[subscriber] else {
                throw SubscriptionFailure(producer: answer.producer, reason: .unknownProducer)
            }
            do throws(RelayError) {
                try checkSize(of: answer.sdp)
                if subscribing.isDead { try checkTransportLimit(besides: checked.count { $0.subscribing.isDead }) }
            } catch {
                throw SubscriptionFailure(producer: answer.producer, reason: SubscriptionFailure.Reason(error))
            }
            // Two answers for one producer: the second meets what the first left, an offer that is answered.
            var negotiation = checked.last { $0.subscribing === subscribing }?.negotiation ?? subscribing.negotiation
            do throws(NegotiationError) {
                let result = try negotiation.accept(answer: answer.sdp)
                // Once closed, an offer is only for a peer connection that was not there before: that has its own keys.
                if subscribing.isDead, let old = subscribing.negotiation.remote?.fingerprints,
                    Set(old) == Set(result.remote?.fingerprints ?? [])
                {
                    throw NegotiationError.superseded
                }
                checked.append((subscribing, negotiation, result))
            } catch {
                let reason = subscribing.isDead ? .superseded : SubscriptionFailure.Reason(error)
                throw SubscriptionFailure(producer: answer.producer, reason: reason)
            }
        }
        for ((subscribing, negotiation, result), answer) in zip(checked, answers) {
            subscribing.negotiation = negotiation
            if subscribing.isDead {
                reopen(
                    subscribing,
                    ConnectionOwner(
                        room: id, participant: subscriber, producer: answer.producer, worker: subscribing.worker))
            }
            if let remote = result.remote { post(.connect(subscribing.transport, remote), to: subscribing.worker) }
            if let publication = rooms[id]?.publishing[answer.producer]?.publication {
                let tracks = result.tracks.map { BoundTrack($0, of: publication) }
                post(.send(subscribing.transport, tracks), to: subscribing.worker)
            }
            for preference in subscribing.preferences.all {
                post(.prefer(subscribing.transport, preference), to: subscribing.worker)
            }
        }
        return checked.map(\.result.refused)
    }

    /// A new connection under the credentials that the open offer has.
    private func reopen(_ subscribing: Subscribing, _ owner: ConnectionOwner) {
        close(subscribing.transport)
        subscribing.transport = newTransport(owner)
        subscribing.isDead = false
        open(subscribing, owner.room, owner.participant)
    }

    /// Tells the worker of a new subscribing connection.
    private func open(_ subscribing: Subscribing, _ id: RoomID, _ subscriber: ParticipantID) {
        let role = TransportRole.subscriber(room: id, participant: subscriber)
        let local = subscribing.local
        post(
            .open(subscribing.transport, role: role, ufrag: local.ufrag, password: local.password),
            to: subscribing.worker)
    }

    public func prefer(
        room id: RoomID, subscriber: ParticipantID, producer: ParticipantID, preference: VideoPreference
    ) throws(RelayError) {
        let subscribing = try subscribing(id, subscriber, to: producer, mid: preference.mid)
        subscribing.preferences.set(preference)
        if !subscribing.isDead { post(.prefer(subscribing.transport, preference), to: subscribing.worker) }
    }

    public func preference(
        room id: RoomID, subscriber: ParticipantID, producer: ParticipantID, mid: String?
    ) throws(RelayError) -> VideoPreference {
        try subscribing(id, subscriber, to: producer, mid: mid).preferences[mid]
    }

    /// - Parameter mid: of one of its videos, if any.
    private func subscribing(
        _ id: RoomID, _ subscriber: ParticipantID, to producer: ParticipantID, mid: String?
    ) throws(RelayError) -> Subscribing {
        guard let publishing = rooms[id]?.publishing[producer] else { throw .notProducing(producer) }
        guard let subscribing = publishing.subscribers[subscriber] else { throw .notSubscribed(to: producer) }
        if let mid, !subscribing.negotiation.hasVideo(mid: mid) { throw .unknownVideo(mid: mid) }
        return subscribing
    }

    public func statistics(room id: RoomID, participant: ParticipantID) -> ParticipantStatistics {
        guard let room = rooms[id] else { return ParticipantStatistics() }
        var found = ParticipantStatistics()
        if let own = room.publishing[participant] {
            var numbers = statistics(of: own.transport)
            numbers.returned.removeAll { $0.producer != nil }
            if numbers.returned.isEmpty { numbers.estimate = nil }
            found.produce = numbers
        }
        found.consume =
            room.publishing.compactMap { producer, publishing in
                publishing.subscribers[participant].map { (producer, $0.transport) }
            }
            .sorted { $0.1.value < $1.1.value }
            .map { ($0.0, statistics(of: $0.1)) }
        found.consume += room.publishing[participant].map { rows(statistics(of: $0.transport), \.returned) } ?? []
        found.consume += room.subscriptions[participant].map { rows(statistics(of: $0.transport), \.tracks) } ?? []
        return found
    }

    /// A row a producer, in the order of the m-lines.
    private func rows(
        _ connection: TransportStatistics, _ shown: KeyPath<TransportStatistics, [TrackStatistics]>
    ) -> [(producer: ParticipantID, statistics: TransportStatistics)] {
        var rows: [(producer: ParticipantID, statistics: TransportStatistics)] = []
        for track in connection[keyPath: shown] {
            guard let producer = track.producer else { continue }
            var row = TransportStatistics()
            row.state = connection.state
            row.estimate = connection.estimate
            row.roundTripMilliseconds = connection.roundTripMilliseconds
            let place = rows.firstIndex { $0.producer == producer }
            if let place { row = rows[place].statistics }
            row.tracks.append(track)
            row.bytes &+= track.bytes
            row.packets &+= track.packets
            row.bitrate &+= track.bitrate
            row.lost &+= track.lost
            if let place { rows[place].statistics = row } else { rows.append((producer, row)) }
        }
        return rows
    }
}

extension SubscriptionFailure.Reason {
    init(_ error: RelayError) {
        switch error {
        case .unusableDescription(let reason): self = .unusableDescription(reason)
        case .notProducing, .notSubscribed: self = .unknownProducer
        case .unknownVideo(let mid): self = .mismatch("there is no video with mid \(mid)")
        case .unusableLine(let mid, let reason): self = .mismatch("mid \(mid): \(reason)")
        case .limit(let name, let value): self = .limit(name: name, value: value)
        }
    }

    init(_ error: NegotiationError) {
        switch error {
        case .unusable(let reason): self = .unusableDescription(reason)
        case .superseded: self = .superseded
        case .mismatch(let reason): self = .mismatch(reason)
        case .unusableLine(let mid, let reason): self = .mismatch("mid \(mid): \(reason)")
        }
    }
}
