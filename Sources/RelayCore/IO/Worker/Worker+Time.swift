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
            for publication in publications.values { pollLayers(of: publication) }
            for transport in publishing.values { transport.inbound?.expireHistories(pool, at: now) }
        }
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
        report(.speaker(room, change))
    }

    /// Asks for the keyframes that are waited for: of a better stream, to take over; of the current one, where somebody has
    /// seen nothing yet. (Who has never had a packet does not ask by itself, and the keyframe it was promised may have been lost.)
    func pollLayers(of publication: Publication) {
        for producer in publication.producers {
            if let better = producer.chooseStream(at: now) {
                requestKeyframe(of: better)
            } else if let following = producer.following {
                if producer.isAwaited || following.owesRequest { following.askForKeyframe(isReminder: true, at: now) }
            } else if let current = producer.current, producer.isAwaited, producer.isAlive(current, at: now) {
                requestKeyframe(of: current)
            }
        }
    }

    /// Of a tenth of the transports at a time, so that everybody's numbers are at most a second old.
    private func reportStatistics(evenUnchanged: Bool) {
        var changed: [TransportID: TransportStatistics] = [:]
        for transport in roster.next(&statisticsRound, of: 10) {
            measure(transport)
            if transport.reported != transport.statistics {
                transport.reported = transport.statistics
                changed[transport.id] = transport.statistics
            }
        }
        var sum = totals
        sum.transports = transports.count
        sum.packetsSent = forwarder.packets
        sum.bytesSent = forwarder.bytes
        sum.retransmissions = forwarder.retransmissions
        for socket in sockets {
            sum.sendDrops &+= socket.queue.drops
            sum.receiveDrops &+= socket.askKernelForReceiveDrops()
        }
        for case let neighbour? in border.neighbours {
            sum.handedOver &+= neighbour.packets
            sum.handOverDrops &+= neighbour.drops
        }
        if !changed.isEmpty || evenUnchanged { report(.statistics(changed, sum)) }
    }

    private func measure(_ transport: Transport) {
        let bits = (transport.statistics.bytes &- transport.measured.bytes) &* 8
        let span = UInt64(max(1, (now - transport.measured.at).microseconds))
        transport.statistics.bitrate = bits &* 1_000_000 / span
        transport.measured = (transport.statistics.bytes, now)
        if let inbound = transport.inbound {
            let streams = inbound.streams.values.filter { $0.repairs == nil }
            transport.statistics.lost = streams.reduce(0) { $0 &+ UInt64(max(0, $1.statistics.cumulativeLost)) }
            transport.statistics.roundTripMilliseconds = streams.compactMap { stream in
                stream.missing.flatMap { $0.counts.recovered > 0 ? $0.roundTrip.seconds * 1000 : nil }
            }.max()
        } else {
            transport.statistics.lost = transport.consumers.reduce(0) { $0 &+ UInt64(max(0, $1.cumulativeLost)) }
            transport.statistics.roundTripMilliseconds =
                transport.consumers.compactMap { $0.roundTrip.smoothed.map { $0.seconds * 1000 } }.max()
        }
    }
}
