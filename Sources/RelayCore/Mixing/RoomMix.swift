package import RelayProtocol

/// One room's sound: what everybody says comes in as packets, and every 20 ms each listener is told what the loudest others say.
///
/// Those who hear the same share one encoding: all listeners whose owner is not being heard get the common mix; the listeners of somebody
/// who is heard get one of their own without them. Nobody hears an input of their own, whatever gains do.
///
/// It knows no clock, thread or socket. Instants are the process's monotonic clock's. Nothing that an input receives can trap.
/// Not to be used by two threads at once.
package final class RoomMix {
    let settings: MixSettings
    var inputs: ContiguousArray<MixInput> = []
    var inputsByName: [MixInputID: MixInput] = [:]
    var listeners: [MixListenerID: (participant: MixParticipant, codec: MixCodec)] = [:]
    private var participants: [MixOwner: MixParticipant] = [:]
    /// Of listeners that have no owner.
    private let strangers = MixParticipant(nil)
    let speakers: AudibleSpeakers
    private let common: MixStream
    /// Who hears `common`.
    private var audience = Audience()
    private var isAudienceOld = true
    /// Of participants that are heard no more.
    private var spare: ContiguousArray<MixStream> = []
    /// Inputs that are in this tick's mix.
    private var heard: ContiguousArray<MixInput> = []
    private var heardParticipants: ContiguousArray<MixParticipant> = []
    private var ticks: Int64 = 0
    /// Of inputs that are no more.
    private var past = MixStatistics()

    /// Nil where there is no memory for an encoder.
    package init?(_ settings: MixSettings = MixSettings()) {
        guard let common = MixStream(settings) else { return nil }
        self.settings = settings
        self.common = common
        speakers = AudibleSpeakers(AudibleSpeakers.Settings(seats: min(max(settings.speakers, 1), 8)))
        heard.reserveCapacity(32)
        heardParticipants.reserveCapacity(32)
    }

    // MARK: Who speaks

    /// Adds an input, which is heard from its first packet on. One of that name goes first.
    /// - Parameters:
    ///   - owner: whose it is: listeners of the same owner do not hear it.
    ///   - isMuted: what comes is thrown away until `setMuted` says otherwise.
    /// - Returns: false where there is no memory for a decoder.
    @discardableResult
    package func add(_ name: MixInputID, of owner: MixOwner, codec: MixCodec, isMuted: Bool = false) -> Bool {
        remove(name)
        guard let decoder = SoundDecoder(codec) else { return false }
        let participant = participant(owner)
        let input = MixInput(
            of: participant, seat: speakers.add(), decoder: decoder, longestDelay: settings.longestDelay)
        input.isMuted = isMuted
        participant.inputs += 1
        inputs.append(input)
        inputsByName[name] = input
        return true
    }

    /// The input is heard no more. Of a name that is not there nothing happens.
    package func remove(_ name: MixInputID) {
        guard let input = inputsByName.removeValue(forKey: name) else { return }
        inputs.removeAll { $0 === input }
        speakers.remove(input.seat)
        past += input.statistics
        input.participant.inputs -= 1
        forget(input.participant)
    }

    /// What a muted input sends is thrown away, what of it waits, too: it is silent from the next tick on.
    package func setMuted(_ name: MixInputID, _ isMuted: Bool) {
        guard let input = inputsByName[name], input.isMuted != isMuted else { return }
        input.isMuted = isMuted
        input.stop()
    }

    /// Takes an RTP packet in. Any bytes, numbers, rate and order are good enough; of what cannot be played `statistics` tell.
    /// - Parameters:
    ///   - payload: without header and padding; copied.
    ///   - level: −dBov from the header extension of RFC 6464, 0…127, without its voice flag; nil where the packet bears none. Who says
    ///     that they are not among the loudest is not decoded.
    ///   - arrival: when the packet came.
    package func receive(
        _ name: MixInputID, sequence: UInt16, timestamp: UInt32, payload: UnsafeRawBufferPointer, level: UInt8?,
        at arrival: Instant
    ) {
        inputsByName[name]?.receive(
            sequence: sequence, timestamp: timestamp, payload: payload, level: level.map { min($0, 127) }, at: arrival)
    }

    // MARK: Who listens

    /// Adds a listener, who is told from the next tick on. One of that name goes first.
    /// - Parameter owner: whose inputs the listener does not hear; nil: hears everybody.
    package func addListener(_ name: MixListenerID, of owner: MixOwner?, codec: MixCodec = .opus) {
        removeListener(name)
        let participant = owner.map { self.participant($0) } ?? strangers
        participant.listeners[codec].append(name)
        listeners[name] = (participant, codec)
        isAudienceOld = true
    }

    /// Of a name that is not there nothing happens.
    package func removeListener(_ name: MixListenerID) {
        guard let (participant, codec) = listeners.removeValue(forKey: name) else { return }
        participant.listeners[codec].removeAll { $0 == name }
        isAudienceOld = true
        forget(participant)
    }

    // MARK: What comes of it

    package var hasInputs: Bool { !inputs.isEmpty }
    package var hasListeners: Bool { !listeners.isEmpty }

    /// What came of an input's packets; nil where there is none of that name.
    package func statistics(of name: MixInputID) -> MixStatistics? { inputsByName[name]?.statistics }

    /// What came of all packets since the room began.
    package var statistics: MixStatistics {
        inputs.reduce(into: past) { $0 += $1.statistics }
    }

    /// How long what an input's packets bring waits here from when a usual one comes to when it is encoded; nil while nothing of it
    /// is played.
    package func delay(of name: MixInputID, at now: Instant) -> Instant.Span? { inputsByName[name]?.delay(at: now) }

    /// Inputs that are in the mix now.
    package var audible: [MixInputID] { inputsByName.filter { $0.value.gain > 0 }.map(\.key) }

    /// Mixes the next 20 ms. To be called every 20 ms; who is late calls as often as was missed, or `skip`s.
    /// - Parameters:
    ///   - now: when the tick is due. Packets that came later may be in it.
    ///   - sink: called for each encoding that somebody is to be sent now; in a silence hardly ever.
    package func tick(at now: Instant, into sink: (MixedFrame) -> Void) {
        gather(at: now)
        if isAudienceOld { divide() }
        common.begin()
        let isSilent = sum(into: common, without: nil)
        common.send(to: audience, isSilent: isSilent, tick: ticks, into: sink)
        for participant in heardParticipants {
            guard let stream = participant.stream else { continue }
            stream.begin()
            let isSilent = sum(into: stream, without: participant)
            stream.send(to: participant.listeners, isSilent: isSilent, tick: ticks, into: sink)
        }
        ticks &+= 1
    }

    /// Lets ticks pass that nobody will hear: timestamps go on, and what came for them is thrown away.
    package func skip(_ count: Int) { ticks &+= Int64(max(count, 0)) }

    // MARK: A tick's parts

    /// Plays each input and decides who is in the mix.
    private func gather(at now: Instant) {
        for input in inputs { play(input, at: now) }
        heard.removeAll(keepingCapacity: true)
        for input in inputs {
            let isWanted = speakers.isAudible(input.seat) && input.isSpeaking(at: now) && !input.isMuted
            let gain: Float = isWanted ? 1 : 0
            guard gain > 0 || input.gain > 0 else { continue }
            // Words begin at once and end softly.
            if input.gain != gain || gain != 1 {
                input.frame.ramp(from: input.gain, to: gain, within: gain > 0 ? 240 : MixClock.frame)
            }
            input.gain = gain
            heard.append(input)
        }
        noteHeard()
    }

    private func play(_ input: MixInput, at now: Instant) {
        switch input.next(at: now) {
        case .nothing: input.rest()
        case .sound(let said?):
            if said < MixInput.faintest { input.loudAt = now }
            let isAudible = speakers.heard(input.seat, dBov: said, at: now)
            if isAudible && input.isSpeaking(at: now) || input.gain > 0 {
                input.play(at: now)
            } else {
                input.skip(at: now)
            }
        case .sound(nil):
            input.play(at: now)
            let level = input.isSilent ? 127 : input.frame.level
            if level < MixInput.faintest { input.loudAt = now }
            _ = speakers.heard(input.seat, dBov: level, at: now)
        }
    }

    /// Finds out whether other participants than in the last tick need a mix of their own.
    private func noteHeard() {
        var hasChanged = false
        for participant in heardParticipants { participant.isHeard = false }
        var count = 0
        for input in heard where !input.participant.isHeard {
            input.participant.isHeard = true
            count += 1
            if !heardParticipants.contains(where: { $0 === input.participant }) { hasChanged = true }
        }
        isAudienceOld = isAudienceOld || hasChanged || count != heardParticipants.count
    }

    /// Gives everybody the mix that they are to hear.
    private func divide() {
        isAudienceOld = false
        for participant in heardParticipants where !participant.isHeard || participant.listeners.isEmpty {
            guard let stream = participant.stream else { continue }
            participant.stream = nil
            if spare.count < 8 { spare.append(stream) }
            // Its listeners hear the common mix from here on.
            common.isBroken = true
        }
        heardParticipants.removeAll(keepingCapacity: true)
        for input in heard where !heardParticipants.contains(where: { $0 === input.participant }) {
            let participant = input.participant
            heardParticipants.append(participant)
            guard participant.stream == nil, !participant.listeners.isEmpty else { continue }
            participant.stream = spare.popLast() ?? MixStream(settings)
            participant.stream?.take(over: common)
        }
        audience.removeAll()
        audience.append(contentsOf: strangers.listeners)
        for participant in participants.values where !participant.isHeard {
            audience.append(contentsOf: participant.listeners)
        }
    }

    /// - Returns: whether nothing was there to be summed up.
    private func sum(into stream: MixStream, without participant: MixParticipant?) -> Bool {
        var isSilent = true
        for input in heard where !input.isSilent && input.participant !== participant {
            stream.samples.add(input.frame)
            isSilent = false
        }
        return isSilent
    }

    private func participant(_ owner: MixOwner) -> MixParticipant {
        if let known = participants[owner] { return known }
        let participant = MixParticipant(owner)
        participants[owner] = participant
        isAudienceOld = true
        return participant
    }

    /// Of a participant who has neither inputs nor listeners nothing is kept.
    private func forget(_ participant: MixParticipant) {
        guard let owner = participant.owner, participant.inputs == 0, participant.listeners.isEmpty else { return }
        participants[owner] = nil
    }
}
