internal import RelayControl
internal import RelayProtocol

/// What comes from other workers (docs/architecture.md, "A room on several workers").
extension Worker {
    /// The doorbell rang.
    /// - Parameter span: how long what comes from other workers may hold up sockets, timers and commands. Where that is not enough
    ///   for everything, the rest has to wait for the loop's next turn.
    func answer(_ inlet: Inlet, within span: Instant.Span = .milliseconds(1)) {
        inlet.doorbell.answer()
        let end = now + span
        var mayRest = false
        repeat {
            for (worker, letter) in inlet.takeLetters() { receive(letter, from: worker) }
            guard takeCrossings(until: end) else { break }
            readClock()
            mayRest = inlet.doorbell.sleep { inlet.hasNews }
        } while !mayRest && now < end
        if !mayRest { inlet.doorbell.ringAgain() }
        flushQueues()
    }

    /// Takes from all neighbours, beginning behind the one that was last.
    /// - Returns: whether nothing was left; false where the time is up.
    private func takeCrossings(until end: Instant) -> Bool {
        for _ in border.neighbours.indices {
            if let neighbour = border.nextNeighbour(), !take(from: neighbour, until: end) { return false }
        }
        return true
    }

    private func receive(_ letter: Letter, from worker: Int) {
        guard let neighbour = border.neighbour(worker) else { return }
        switch letter {
        case .follow(let wish, let name, let encodings):
            neighbour.wishes[name] = (wish, encodings)
            if let publication = publications[wish.publication] { neighbour.grantWishes(for: publication) }
        case .unfollow(let name):
            neighbour.wishes[name] = nil
            neighbour.followed[name]?.removeFollower(neighbour, name: name)
        case .take(let name, let encodings):
            neighbour.wishes[name]?.encodings = encodings
            neighbour.followed[name]?.setEncodings(encodings, of: name, on: neighbour)
        case .ladder(let name, let ladder): neighbour.mirrors[name]?.ladder = ladder
        case .speaker(let room, let participant): speaking[room] = participant
        }
    }

    /// Lets those follow a publication's tracks who asked for them before this worker had heard of them: letters and commands come
    /// by different ways, in any order.
    func grantWishes(for publication: Publication) {
        for case let neighbour? in border.neighbours { neighbour.grantWishes(for: publication) }
    }

    /// - Returns: whether nothing was left; false where the time is up, which does not tear a frame apart.
    private func take(from neighbour: Neighbour, until end: Instant) -> Bool {
        while let crossing = neighbour.incoming.next() {
            let isComplete = take(crossing, from: neighbour)
            neighbour.incoming.advance()
            // Until its frame is forwarded a packet's slot is needed.
            guard isComplete else { continue }
            neighbour.incoming.giveBack()
            readClock()
            if now >= end { return false }
        }
        return true
    }

    /// - Returns: whether nothing taken is needed any more.
    private func take(_ crossing: UnsafePointer<Crossing>, from neighbour: Neighbour) -> Bool {
        switch crossing.pointee {
        case .packet(let packet, let mark, let isLast):
            guard let producer = neighbour.mirrors[mark.mirror] else { return isLast }
            producer.heed(mark)
            var heard = packet
            let isForwarded = isHeard(&heard, mirrored: producer)
            let encoding = isForwarded ? producer.take(heard, at: now) : producer.encoding(packet.encoding)
            if isLast { encoding?.flush(forwarder) }
            return isLast
        case .leftOut(let mark, let source, let sequence):
            guard let producer = neighbour.mirrors[mark.mirror] else { return true }
            producer.heed(mark)
            producer.leaveOut(source: source, sequence: sequence)
        case .senderReport(let name, let info):
            if let producer = neighbour.mirrors[name] { translate(info, for: producer) }
        case .resent(let packet, let mark, let missing):
            // Without the mark it is not known whether headers are still written as they were.
            guard let producer = neighbour.mirrors[mark.mirror] else { return true }
            producer.heed(mark)
            resend(packet, missing)
        case .keyframe(let name, let number, let isReminder):
            guard let producer = neighbour.followed[name], number < producer.encodings.count else { return true }
            let encoding = producer.encodings[Int(number)]
            // Who sends nothing is not reminded.
            if !isReminder || encoding.isAlive(at: now) { requestKeyframe(of: encoding) }
        case .missing(let name, let missing):
            guard let producer = neighbour.followed[name], missing.canBeMissed(producer, at: now),
                let packet = heldPacket(missing.original, source: missing.source, of: producer)
            else { return true }
            let mark = producer.mark(for: name)
            neighbour.tell(.resent(packet, mark, missing))
        case .level(let publication, let level):
            if let distant = distantSpeakers[publication] {
                hear(level: level, distant.participant, in: distant.room)
            }
        }
        return true
    }

    /// A packet that one of this worker's subscribers missed, back from where it is held.
    private func resend(_ packet: PendingPacket, _ missing: Crossing.MissingPacket) {
        // Much may have happened since it was asked for.
        guard let transport = transports[missing.transport], let consumer = consumer(missing.ssrc, of: transport),
            let origin = consumer.resendable(missing.sequence), origin.source == packet.header.ssrc,
            origin.sequence == packet.header.sequence
        else { return }
        forwarder.resend(packet, as: missing.sequence, origin, isLent: true, to: consumer)
    }

    /// A publication that lives on another worker, for this worker's subscribers.
    func mirror(
        _ id: PublicationID, on worker: Int, _ room: RoomID, _ participant: ParticipantID, _ tracks: [IncomingTrack]
    ) {
        guard let neighbour = border.neighbour(worker) else { return }
        let publication = publications[id] ?? Publication(id: id, room: room, participant: participant)
        publications[id] = publication
        publication.setTracks(tracks, mirrored: neighbour)
    }
}
