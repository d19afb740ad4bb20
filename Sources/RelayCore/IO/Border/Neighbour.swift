internal import RelayProtocol

/// Another worker, as one worker sees it: what goes there, what comes from there, and what each follows of the other.
/// One thread's own.
final class Neighbour {
    let number: Int
    private let own: Int
    private let inlet: Inlet
    private let outgoing: HandOverRing<Crossing>
    let incoming: HandOverRing<Crossing>
    private let pool: PacketPool
    /// Producers here that are followed there, by the names they have there.
    var followed: [MirrorName: Producer] = [:]
    /// What is to be followed there, of `followed` too.
    var wishes: [MirrorName: (wish: FollowWish, encodings: UInt16)] = [:]
    /// Producers there that are followed here.
    private(set) var mirrors: [MirrorName: Producer] = [:]
    private var nextName: MirrorName = 1
    /// Something was appended that should not wait for the next tick.
    private var isUrgent = false

    /// Packets handed over, and those that found the ring full.
    private(set) var packets: UInt64 = 0
    private(set) var drops: UInt64 = 0
    /// Wake-ups that it took.
    private(set) var wakeUps: UInt64 = 0

    init?(_ number: Int, of own: Int, inlets: [Inlet], pool: PacketPool) {
        guard let outgoing = inlets[number].rings[own], let incoming = inlets[own].rings[number] else { return nil }
        self.number = number
        self.own = own
        self.pool = pool
        self.outgoing = outgoing
        self.incoming = incoming
        inlet = inlets[number]
        outgoing.keep(pool)
    }

    // MARK: Giving

    /// Hands over packets that leave together, all or none: half a frame is worth nothing.
    func handOver(_ packets: UnsafeMutableBufferPointer<PendingPacket>, _ mark: Crossing.Mark) {
        settle()
        guard outgoing.free >= packets.count else {
            drops &+= UInt64(packets.count)
            return
        }
        for index in 0..<packets.count {
            pool.retain(packets[index].slot)
            _ = outgoing.append(.packet(packets[index], mark, isLast: index == packets.count - 1))
        }
        self.packets &+= UInt64(packets.count)
        isUrgent = true
    }

    /// Tells what media does not depend on. It leaves half of the ring to media.
    /// - Parameter urgently: before the next tick.
    /// - Returns: whether there was room.
    @discardableResult
    func tell(_ crossing: Crossing, urgently: Bool = true) -> Bool {
        if outgoing.free <= outgoing.capacity / 2 {
            settle()
            if outgoing.free <= outgoing.capacity / 2 { return false }
        }
        if let slot = crossing.slot { pool.retain(slot) }
        isUrgent = isUrgent || urgently
        return outgoing.append(crossing)
    }

    /// Shows what was appended, and wakes the other worker if it sleeps.
    func ring() {
        guard isUrgent else { return }
        ringAnyway()
    }

    /// As `ring`, for what was not urgent, too.
    func ringAnyway() {
        guard outgoing.hasUnpublished else { return }
        isUrgent = false
        outgoing.publish()
        if inlet.doorbell.ring() { wakeUps &+= 1 }
    }

    /// Takes back the slots of what the other worker is done with.
    func settle() {
        outgoing.settle { crossing in
            if let slot = crossing.slot { pool.release(slot) }
        }
    }

    // MARK: Following

    /// A new name for `producer`, under which what it sends arrives.
    func name(_ producer: Producer) -> MirrorName {
        defer { nextName &+= 1 }
        mirrors[nextName] = producer
        return nextName
    }

    func forget(_ name: MirrorName) { mirrors[name] = nil }

    /// Lets the other worker follow those of the publication's producers that it has asked for.
    func grantWishes(for publication: Publication) {
        for (name, (wish, encodings)) in wishes where wish.publication == publication.id && followed[name] == nil {
            let producer = publication.producers.first { $0.track.mid == wish.mid && $0.track.codec == wish.codec }
            if let producer, producer.following == nil { producer.addFollower(self, name: name, encodings: encodings) }
        }
    }

    /// A publication is over.
    func forgetWishes(for publication: PublicationID) {
        wishes = wishes.filter { $0.value.wish.publication != publication }
    }

    func post(_ letter: Letter) { inlet.post(letter, from: own) }
}

/// Who follows a producer: what it hands over goes there, under this name.
struct Follower {
    unowned(unsafe) let neighbour: Neighbour
    let name: MirrorName
    /// A bit for each that it wants.
    var encodings: UInt16
}

/// A mirrored producer's way back to the real one.
final class Following {
    /// However many ask for keyframes, and however often: one request in so long a time crosses the border.
    private static let quiet = Instant.Span.milliseconds(100)

    unowned let neighbour: Neighbour
    let publication: PublicationID
    /// The name in force; nil while there are no consumers.
    private(set) var name: MirrorName?
    private var heard: Crossing.Mark?
    /// The encodings that were asked for, a bit each.
    private var encodings: UInt16 = 0
    private var askedAt: [UInt8: Instant] = [:]
    /// Of these somebody asked for a keyframe within the quiet time, and is served at its end.
    private var owed: UInt16 = 0

    init(_ publication: PublicationID, on neighbour: Neighbour) {
        self.publication = publication
        self.neighbour = neighbour
    }

    /// Follows while there is somebody to follow for.
    func update(_ producer: Producer) {
        let isWanted = !producer.consumers.isEmpty && !producer.isClosed
        let taken = producer.takenEncodings
        if isWanted, let name, taken != encodings { neighbour.post(.take(name, encodings: taken)) }
        encodings = taken
        if isWanted, name == nil {
            let name = neighbour.name(producer)
            self.name = name
            let track = producer.track
            let wish = FollowWish(publication: publication, mid: track.mid, codec: track.codec)
            neighbour.post(.follow(wish, as: name, encodings: taken))
        } else if !isWanted, let name {
            neighbour.forget(name)
            neighbour.post(.unfollow(name))
            self.name = nil
            askedAt = [:]
            owed = 0
            // The rest of the frame is nobody's, and its slots go back with that.
            producer.drop()
        }
    }

    /// - Returns: what has changed at the producer since the last mark.
    func heed(_ mark: Crossing.Mark) -> (paused: Bool, headersChanged: Bool) {
        guard let before = heard else {
            heard = mark
            return (false, false)
        }
        heard = mark
        return (before.pauses != mark.pauses, before.headerChanges != mark.headerChanges)
    }

    func owesRequest(of encoding: UInt8) -> Bool { owed & 1 << UInt16(encoding) != 0 }

    /// A reminder would not cross now.
    func isQuiet(about encoding: UInt8, at now: Instant) -> Bool {
        askedAt[encoding].map { now - $0 < Self.quiet } ?? false
    }

    /// - Parameter isReminder: of one who still waits; it is not owed, as it comes again by itself.
    func askForKeyframe(of encoding: UInt8, isReminder: Bool, at now: Instant) {
        guard let name else { return }
        let bit: UInt16 = 1 << UInt16(encoding)
        if !isReminder { owed |= bit }
        if let last = askedAt[encoding], now - last < Self.quiet { return }
        if neighbour.tell(.keyframe(name, encoding: encoding, isReminder: owed & bit == 0)) {
            askedAt[encoding] = now
            owed &= ~bit
        }
    }

    func ask(for missing: Crossing.MissingPacket) {
        if let name { neighbour.tell(.missing(name, missing)) }
    }
}
