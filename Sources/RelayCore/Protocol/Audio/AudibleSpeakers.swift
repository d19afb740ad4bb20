/// Which microphones of a large room are forwarded: the loudest few, by the levels that clients send with every packet (RFC 6464).
///
/// There are so many seats. Who has one keeps it until somebody needs it: somebody who is heard gets the seat of whoever has been
/// silent for longest at once, and that of whoever speaks only by being clearly louder. So talk is not cut in its pauses, and voices of
/// like loudness do not push each other out. A packet without a level is always audible and takes no seat.
///
/// Where a room spans workers each judges by its own publishers and by what the others forward to it: who is among the loudest of the
/// whole room is among the loudest everywhere, and so is heard everywhere.
///
/// O(1) a packet; O(seats) where somebody may take a seat.
package final class AudibleSpeakers {
    package struct Settings: Sendable {
        /// Seats; 0: everybody is audible.
        package var seats: Int
        /// Who has been heard keeps the seat for so long, unless somebody is clearly louder.
        package var hangOver = Instant.Span.milliseconds(1_500)
        /// dB that somebody has to be louder by to take the seat of somebody who speaks.
        package var margin: Float = 9

        package init(seats: Int) { self.seats = max(seats, 0) }
    }

    private struct Member {
        var isUsed = false
        var isSeated = false
        /// dB above −127 dBov: follows what is heard within some packets upwards, and sinks slowly while the seat is kept, so that
        /// a pause does not make it worth less.
        var loudness: Float = 0
        var heardAt = Instant.zero
        /// The seat is kept until then.
        var seatedUntil = Instant.zero

        func loudness(at now: Instant) -> Float {
            let kept = Self.seconds(from: heardAt, to: min(seatedUntil, now))
            let left = Self.seconds(from: max(seatedUntil, heardAt), to: now)
            return max(loudness - AudibleSpeakers.slowSinking * kept - AudibleSpeakers.sinking * left, 0)
        }

        private static func seconds(from start: Instant, to end: Instant) -> Float {
            Float(min(max((end - start).microseconds, 0), 60_000_000)) / 1_000_000
        }
    }

    /// Quieter than −70 dBov is nobody's speech.
    private static let quietest: Float = 57
    /// dB a second.
    private static let sinking: Float = 20
    private static let slowSinking: Float = 3
    /// Weight of a louder packet.
    private static let rising: Float = 0.6
    /// For so long who would not have got a seat needs not be looked at again.
    private static let barSpan = Instant.Span.milliseconds(20)

    private let settings: Settings
    private var members: ContiguousArray<Member> = []
    private var free: ContiguousArray<Int> = []
    /// Who has a seat.
    private var seated: ContiguousArray<Int> = []
    /// Who is not louder than this gets no seat before `barUntil`.
    private var bar: Float = 0
    private var barUntil = Instant.zero

    package init(_ settings: Settings) { self.settings = settings }

    /// Members.
    package var count: Int { members.count - free.count }

    /// Adds a member; the number returned is free for others after `remove`.
    package func add() -> Int {
        if let place = free.popLast() {
            members[place] = Member(isUsed: true)
            return place
        }
        members.append(Member(isUsed: true))
        return members.count - 1
    }

    /// Its seat is free at once.
    package func remove(_ member: Int) {
        guard members.indices.contains(member), members[member].isUsed else { return }
        seated.removeAll { $0 == member }
        members[member] = Member()
        free.append(member)
        barUntil = .zero
    }

    /// Whether the member has a seat, or all have.
    package func isAudible(_ member: Int) -> Bool {
        settings.seats == 0 || members.indices.contains(member) && members[member].isSeated
    }

    /// Notes one packet of a member.
    /// - Parameter dBov: its level as on the wire, 0 the loudest, 127 silence; nil where it bears none.
    /// - Returns: whether to forward it.
    package func heard(_ member: Int, dBov: UInt8?, at now: Instant) -> Bool {
        guard settings.seats > 0, let dBov, members.indices.contains(member), members[member].isUsed else {
            return true
        }
        let level = Float(127 - Int(min(dBov, 127)))
        let loudness = listen(to: member, level, at: now)
        if members[member].isSeated {
            if level > Self.quietest { members[member].seatedUntil = now + settings.hangOver }
            return true
        }
        if seated.count < settings.seats {
            sit(member, isHeard: level > Self.quietest, at: now)
            return true
        }
        guard level > Self.quietest, level > bar || now >= barUntil else { return false }
        return takeSeat(for: member, loudness: loudness, at: now)
    }

    private func listen(to member: Int, _ level: Float, at now: Instant) -> Float {
        var loudness = members[member].loudness(at: now)
        if level > loudness { loudness += (level - loudness) * Self.rising }
        members[member].loudness = loudness
        members[member].heardAt = now
        return loudness
    }

    private func sit(_ member: Int, isHeard: Bool, at now: Instant) {
        members[member].isSeated = true
        members[member].seatedUntil = isHeard ? now + settings.hangOver : now
        seated.append(member)
    }

    /// Gives the member the seat of whoever is silent, else of the quietest speaker, if it is louder enough.
    private func takeSeat(for member: Int, loudness: Float, at now: Instant) -> Bool {
        var silent: (place: Int, loudness: Float)?
        var quietest: (place: Int, loudness: Float)?
        for place in seated.indices {
            let other = members[seated[place]]
            let loudness = other.loudness(at: now)
            if other.seatedUntil <= now {
                if silent.map({ loudness < $0.loudness }) ?? true { silent = (place, loudness) }
            } else if quietest.map({ loudness < $0.loudness }) ?? true {
                quietest = (place, loudness)
            }
        }
        if let silent {
            replace(silent.place, by: member, at: now)
            return true
        }
        // A click is loud for a packet only: what counts here is what has been heard for some.
        if let quietest, loudness >= quietest.loudness + settings.margin {
            replace(quietest.place, by: member, at: now)
            return true
        }
        bar = (quietest?.loudness ?? 0) + settings.margin
        barUntil = now + Self.barSpan
        return false
    }

    private func replace(_ place: Int, by member: Int, at now: Instant) {
        members[seated[place]].isSeated = false
        seated.remove(at: place)
        sit(member, isHeard: true, at: now)
        barUntil = .zero
    }
}
