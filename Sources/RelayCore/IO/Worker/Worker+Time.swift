internal import Loop
internal import RelayControl
internal import RelayProtocol

/// What a worker does as time passes.
extension Worker {
    /// Ticks are at least so far apart; packets that come in take one along.
    private static let tickSpan = Instant.Span.milliseconds(10)
    /// How long after a tick the timer brings the next where nothing came in: with media or handshakes under way, and without.
    private static let busyMilliseconds = 20
    private static let idleMilliseconds = 50
    /// Ticks in which everybody's consent is looked at once.
    static let consentParts = 250 / busyMilliseconds

    /// Begins to keep time.
    func startTicking() {
        tickTimer = loop.timer(afterMilliseconds: Self.busyMilliseconds, repeatingMilliseconds: Self.busyMilliseconds) {
            [unowned self] in
            readClock()
            tick()
        }
    }

    /// Ticks if that is due: a worker that is awake anyway spares the timer its wake-up, which costs more than the tick.
    @inline(__always)
    func keepTime() {
        if now - tickedAt >= Self.tickSpan { tick() }
    }

    private func tick() {
        tickedAt = now
        let isIdle = publishing.isEmpty && handshaking.isEmpty
        tickTimer?.reschedule(afterMilliseconds: isIdle ? Self.idleMilliseconds : Self.busyMilliseconds)
        ticks &+= 1
        for transport in publishing.values {
            if let inbound = transport.inbound { pollFeedback(transport, inbound) }
        }
        if handshakeRound.isDue(at: now) { pollHandshakes() }
        let isTenthOfSecond = tenthOfSecond.isDue(at: now)
        if isTenthOfSecond {
            for room in Array(speakers.keys) { pollSpeakers(room) }
            let tellsLadder = ladderRound.isDue(at: now)
            for publication in publications.values { pollLayers(of: publication, tellsLadder: tellsLadder) }
            for transport in publishing.values { transport.inbound?.expireHistories(pool, at: now) }
        }
        pollSubscribers()
        if !hungry.isEmpty { pollHungry() }
        pollConsent()
        let isSecond = second.isDue(at: now)
        if isTenthOfSecond { reportStatistics(evenUnchanged: isSecond) }
        border.tick()
        flushQueues()
    }

    /// Notes an audio level (RFC 6464) that came with a packet of the stream, here or where the room's speaker is looked for.
    func hear(level: UInt8, _ stream: IncomingStream) {
        let publication = stream.publication
        if let listener = publication.listener {
            listener.tell(.level(publication.id, level), urgently: false)
        } else {
            hear(level: level, publication.participant, in: publication.room)
        }
    }

    /// Notes an audio level of a participant whose room's speaker is looked for here.
    func hear(level: UInt8, _ participant: ParticipantID, in room: RoomID) {
        let speakers: RoomSpeakers
        if let known = self.speakers[room] {
            speakers = known
        } else {
            speakers = RoomSpeakers()
            self.speakers[room] = speakers
        }
        speakers.heard(participant, level: level, at: now)
    }

    func pollSpeakers(_ room: RoomID) {
        guard let change = speakers[room]?.poll(at: now) else { return }
        speaking[room] = change
        for case let neighbour? in border.neighbours { neighbour.post(.speaker(room, change)) }
        report(.speaker(room, change))
    }

    /// Measures what there is to choose from, and asks for the keyframes that are waited for. (Who has never had a packet does not
    /// ask by itself, and the keyframe it was promised may have been lost.)
    private func pollLayers(of publication: Publication, tellsLadder: Bool) {
        for producer in publication.producers where producer.isVideo && producer.hasTakers {
            if producer.following == nil {
                producer.measureLayers(at: now)
                if tellsLadder { producer.tellLadder() }
            }
            if producer.needsBinding { producer.bind() }
            guard producer.isSelected else { continue }
            for encoding in producer.encodings { pollKeyframe(of: encoding) }
        }
    }

    private func pollKeyframe(of encoding: Encoding) {
        if let following = encoding.producer.following {
            // Who waits has it counted only where that is passed on.
            guard !following.isQuiet(about: encoding.number, at: now) else { return }
            if encoding.isAwaited(at: now) || following.owesRequest(of: encoding.number) {
                following.askForKeyframe(of: encoding.number, isReminder: true, at: now)
            }
        } else if let stream = encoding.askable(at: now), stream.isAlive(at: now),
            // A stream of the same encoding that takes over is not asked for by anybody yet.
            encoding.isAwaited(at: now) || stream !== encoding.current
        {
            requestKeyframe(of: stream)
        }
    }
}
