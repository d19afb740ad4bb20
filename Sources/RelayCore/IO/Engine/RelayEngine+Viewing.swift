public import RelayControl
internal import RelayProtocol

/// Videos on connections of which the client makes the offers.
extension RelayEngine {
    public func subscribe(
        room id: RoomID, participant: ParticipantID, offer: String, videos: [WantedVideo]
    ) throws(RelayError) -> String {
        try checkSize(of: offer)
        var mids = Set<String>()
        for video in videos where !mids.insert(video.mid).inserted {
            throw .unusableLine(mid: video.mid, reason: "two videos are wanted on the m-line")
        }
        let isNewRoom = rooms[id] == nil
        let room = connections(of: id)
        do {
            return try subscribe(id, room, participant, offer: offer, videos)
        } catch {
            if isNewRoom { forgetIfEmpty(id) }
            throw error
        }
    }

    private func subscribe(
        _ id: RoomID, _ room: RoomConnections, _ participant: ParticipantID, offer: String, _ wanted: [WantedVideo]
    ) throws(RelayError) -> String {
        let videos = videos(wanted, in: room)
        if let joined = room.publishing[participant], !joined.isDead, try continues(joined, with: offer) {
            let returned = ReturnedMedia(mix: joined.mixes, videos: videos)
            let before = joined.videos
            joined.videos = wanted
            do {
                return try renegotiate(
                    joined, id, room, participant, offer: offer, wanted: joined.wanted, returning: returned
                ).answer
            } catch {
                joined.videos = before
                throw error
            }
        }
        if let subscription = room.subscriptions[participant], !subscription.isDead,
            try continues(subscription, with: offer)
        {
            let answer = try renegotiate(subscription, offer: offer, returning: ReturnedMedia(videos: videos))
            subscription.videos = wanted
            bind(subscription, id, room)
            return answer
        }
        return try open(id, room, participant, offer: offer, wanted, returning: ReturnedMedia(videos: videos))
    }

    /// A participant's first subscription connection, or one in place of another.
    private func open(
        _ id: RoomID, _ room: RoomConnections, _ participant: ParticipantID, offer: String, _ wanted: [WantedVideo],
        returning returned: ReturnedMedia
    ) throws(RelayError) -> String {
        let old = room.subscriptions[participant]
        if old?.isDead ?? true { try checkTransportLimit() }
        let worker = worker(of: participant, in: room)
        let settings = PublisherNegotiation.Settings(limits: negotiationLimits, takesMedia: false)
        var negotiation = PublisherNegotiation(sessionID: generator.next(), settings: settings)
        let answer: PublisherAnswer
        do {
            answer = try negotiation.answer(
                offer, wanted: nil, returning: returned, local: freshLocal(on: worker), using: &generator)
        } catch { throw RelayError(error) }
        let transport = newTransport(
            ConnectionOwner(room: id, participant: participant, isSubscription: true, worker: worker))
        let subscription = ClientConnection(
            worker: worker, transport: transport, negotiation: negotiation, lines: answer.returned)
        subscription.videos = wanted
        room.subscriptions[participant] = subscription
        let role = TransportRole.subscriber(room: id, participant: participant)
        post(.open(transport, role: role, ufrag: answer.local.ufrag, password: answer.local.password), to: worker)
        post(.connect(transport, answer.remote), to: worker)
        bind(subscription, id, room)
        if let old { close(old.transport) }
        return answer.answer
    }

    private func renegotiate(
        _ subscription: ClientConnection, offer: String, returning returned: ReturnedMedia
    ) throws(RelayError) -> String {
        var negotiation = subscription.negotiation
        let answer: PublisherAnswer
        do {
            answer = try negotiation.answer(
                offer, wanted: nil, returning: returned, local: freshLocal(on: subscription.worker), using: &generator)
        } catch { throw RelayError(error) }
        subscription.negotiation = negotiation
        subscription.lines = answer.returned
        if answer.restartsICE {
            let local = answer.local
            post(
                .restart(subscription.transport, ufrag: local.ufrag, password: local.password), to: subscription.worker)
        }
        post(.connect(subscription.transport, answer.remote), to: subscription.worker)
        return answer.answer
    }

    public func unsubscribe(room id: RoomID, participant: ParticipantID) {
        guard let room = rooms[id] else { return }
        if let subscription = room.subscriptions.removeValue(forKey: participant) { close(subscription.transport) }
        if let joined = room.publishing[participant], !joined.videos.isEmpty {
            joined.videos = []
            bind(joined, id, room)
        }
        forgetIfEmpty(id)
    }

    // MARK: What lines show

    /// What a negotiation has to know of wanted videos.
    func videos(_ wanted: [WantedVideo], in room: RoomConnections) -> [String: ReturnedMedia.Video] {
        var videos: [String: ReturnedMedia.Video] = [:]
        for video in wanted {
            videos[video.mid] = ReturnedMedia.Video(
                streamName: SubscriberNegotiation.streamName(of: video.producer.value, hash: Randomness.sha256),
                codec: room.publishing[video.producer]?.video?.codec)
        }
        return videos
    }

    /// Tells a connection's worker what to send on its m-lines, as far as somebody sends it.
    func bind(_ connection: ClientConnection, _ id: RoomID, _ room: RoomConnections) {
        guard !connection.isDead, connection.isReturning || !connection.lines.isEmpty else { return }
        let tracks = connection.lines.compactMap { track(on: $0, of: connection, id, room) }
        connection.isReturning = !tracks.isEmpty
        post(.send(connection.transport, tracks), to: connection.worker)
    }

    private func track(
        on line: ReturnLine, of connection: ClientConnection, _ id: RoomID, _ room: RoomConnections
    ) -> BoundTrack? {
        guard line.kind == .video else { return line.ownTrack.map { BoundTrack($0, of: nil) } }
        guard let wanted = connection.videos.first(where: { $0.mid == line.mid }),
            let publishing = room.publishing[wanted.producer], let source = publishing.video,
            let track = line.track(of: source)
        else { return nil }
        if connection.worker != publishing.worker, !publishing.mirrors.contains(connection.worker) {
            mirror(publishing, id, wanted.producer, on: connection.worker)
        }
        return BoundTrack(track, of: publishing.publication, preference: wanted.preference)
    }

    /// A participant's video is there, is another, or is gone.
    func rebind(
        whoeverShows producer: ParticipantID, _ id: RoomID, _ room: RoomConnections,
        besides connection: ClientConnection? = nil
    ) {
        for other in room.publishing.values where other !== connection && other.shows(producer) {
            bind(other, id, room)
        }
        for other in room.subscriptions.values where other.shows(producer) { bind(other, id, room) }
    }
}
