internal import RelayControl
internal import RelayProtocol

/// What comes from other workers (docs/architecture.md, "A room on several workers").
extension Worker {
    /// Elements taken from one neighbour before the others, and the sockets, get their turn.
    private static let maximumCrossings = 256

    /// The doorbell rang.
    func answer(_ inlet: Inlet) {
        inlet.doorbell.answer()
        var hasMore = false
        repeat {
            for (worker, letter) in inlet.takeLetters() { receive(letter, from: worker) }
            for case let neighbour? in border.neighbours where take(from: neighbour) { hasMore = true }
        } while !hasMore && !inlet.doorbell.sleep { inlet.hasNews }
        if hasMore { inlet.doorbell.ringAgain() }
        flushQueues()
    }

    private func receive(_ letter: Letter, from worker: Int) {
        guard let neighbour = border.neighbour(worker) else { return }
        switch letter {
        case .follow(let id, let mid, let codec, let name):
            guard let producer = publications[id]?.producers.first(where: { $0.track.mid == mid }),
                producer.following == nil, producer.track.codec == codec
            else { return }
            producer.addFollower(neighbour, name: name)
        case .unfollow(let name): neighbour.followed[name]?.removeFollower(neighbour, name: name)
        }
    }

    /// - Returns: whether there may be more.
    private func take(from neighbour: Neighbour) -> Bool {
        for _ in 0..<Self.maximumCrossings {
            guard let crossing = neighbour.incoming.next() else { return false }
            let isComplete = take(crossing, from: neighbour)
            neighbour.incoming.advance()
            // Until its frame is forwarded a packet's slot is needed.
            if isComplete { neighbour.incoming.giveBack() }
        }
        return true
    }

    /// - Returns: whether nothing taken is needed any more.
    private func take(_ crossing: UnsafePointer<Crossing>, from neighbour: Neighbour) -> Bool {
        switch crossing.pointee {
        case .packet(let packet, let mark, let isLast):
            guard let producer = neighbour.mirrors[mark.mirror] else { return isLast }
            producer.heed(mark)
            producer.take(packet)
            if isLast { producer.flush(forwarder) }
            return isLast
        case .leftOut(let mark, let source, let sequence):
            guard let producer = neighbour.mirrors[mark.mirror] else { return true }
            producer.heed(mark)
            producer.leaveOut(source: source, sequence: sequence)
        case .senderReport(let name, let info):
            if let producer = neighbour.mirrors[name] { translate(info, for: producer) }
        case .resent(let packet, let mark, let missing):
            neighbour.mirrors[mark.mirror]?.heed(mark)
            resend(packet, missing)
        case .keyframe(let name, let isReminder):
            if let producer = neighbour.followed[name] { requestKeyframe(of: producer, isReminder: isReminder) }
        case .missing(let name, let missing):
            guard let producer = neighbour.followed[name],
                let packet = heldPacket(missing.original, source: missing.source, of: producer)
            else { return true }
            let mark = producer.mark(for: Follower(neighbour: neighbour, name: name))
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
        forwarder.resend(packet, as: missing.sequence, timestampOffset: origin.timestampOffset, to: consumer)
    }

    private func requestKeyframe(of producer: Producer, isReminder: Bool) {
        // Who sends nothing is not reminded.
        if isReminder {
            guard let current = producer.current, producer.isAlive(current, at: now) else { return }
        }
        requestKeyframe(of: producer)
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
