internal import RelayProtocol

/// One sound that comes into a room: its packets, their decoder, and how far it is played.
///
/// Everything on its time line is in samples of 48 kHz on the input's own clock. `head` is the next sample to be played; decoded
/// samples from there on wait in `decoded`, the packets behind them in `waiting`.
final class MixInput {
    /// Whoever is fainter, in −dBov, is not speaking.
    static let faintest: UInt8 = 70
    /// Whoever spoke is taken to speak for so long.
    static let hangOver = Instant.Span.milliseconds(1_500)
    /// Times 20 ms that are made up where packets stay away, before it is a pause.
    private static let longestConcealment = 5

    let participant: MixParticipant
    /// Among the room's `AudibleSpeakers`.
    let seat: Int
    let decoder: SoundDecoder
    let longestDelay: Instant.Span

    var waiting = WaitingPackets()
    var transits = TransitWindow()
    /// The newest packet on the wire and unwrapped.
    var newest: (sequence: UInt16, wide: Int64, timestamp: UInt32, time: Int64)?
    var lateInARow = 0
    var isMuted = false
    var statistics = MixStatistics()

    /// Nil while nothing is played.
    private(set) var head: Int64?
    private let decoded = Samples.zeros(8_192)
    private var level = 0
    /// This tick's 20 ms.
    let frame = Samples.zeros(MixClock.frame)
    private(set) var isSilent = true
    /// How loud it was at the end of the last tick, 0 to 1.
    var gain: Float = 0
    /// When it last spoke; nil: it has not.
    var loudAt: Instant?

    /// −dBov of the packet that is played, as it said.
    private var saidLevel: UInt8?
    /// Of the packet behind those that were played.
    private var nextSequence: Int64 = 0
    private var duration = MixClock.frame
    private var isPausing = false
    private var concealments = 0
    private var loss = LossWatch()
    /// The decoder has missed packets that came.
    private var isStale = false
    private var ticksOffTarget = 0

    init(of participant: MixParticipant, seat: Int, decoder: SoundDecoder, longestDelay: Instant.Span) {
        self.participant = participant
        self.seat = seat
        self.decoder = decoder
        self.longestDelay = longestDelay
    }

    deinit {
        decoded.deallocate()
        frame.deallocate()
    }

    /// The end of what was played or decoded; nil while nothing is played.
    var end: Int64? { head.map { $0 &+ Int64(level) } }

    func isSpeaking(at now: Instant) -> Bool { loudAt.map { now - $0 <= Self.hangOver } ?? false }

    // MARK: Each tick one of `rest`, `skip` and `play`, as `next` says

    enum Next {
        /// Nothing is to be heard, and nothing to be decoded.
        case nothing
        /// - Parameter level: −dBov, where the packet said it.
        case sound(level: UInt8?)
    }

    func next(at now: Instant) -> Next {
        if head == nil { begin(at: now) }
        guard let head else { return .nothing }
        if let first = waiting.first, first.time < head &+ Int64(MixClock.frame) { saidLevel = first.level }
        return .sound(level: saidLevel)
    }

    func rest() {
        guard !isSilent else { return }
        frame.clear()
        isSilent = true
    }

    /// Lets 20 ms pass undecoded.
    func skip(at now: Instant) {
        rest()
        isStale = true
        guard var head else { return }
        level = 0
        head &+= Int64(MixClock.frame)
        self.head = head
        var hasCome = false
        while let first = waiting.first, first.end <= head {
            hasCome = true
            statistics.unheard &+= 1
            take(first)
            isPausing = first.isSilence
        }
        concealments = hasCome || waiting.count > 0 ? 0 : concealments + 1
        // Nobody hears it: this is when the delay can be set right at no cost.
        let slack = slack(at: now) ?? 0
        if isPausing || concealments > Self.longestConcealment || slack < margin || slack > margin + 30_000 {
            self.head = nil
        }
    }

    /// Decodes and plays 20 ms.
    func play(at now: Instant) {
        guard head != nil else { return rest() }
        if isStale {
            decoder.reset()
            isStale = false
        }
        let wish = wish(at: now)
        fill(MixClock.frame, or: MixClock.frame + max(wish, 0))
        isSilent = false
        if level < MixClock.frame {
            playLast()
        } else {
            let used = stretch(by: wish)
            consume(used)
        }
        loss.pass()
    }

    /// Nothing of what came is played any more.
    func stop() {
        waiting.removeAll()
        (head, level, gain, loudAt, newest) = (nil, 0, 0, nil, nil)
        transits.clear()
        (lateInARow, isPausing, isStale) = (0, false, true)
        rest()
    }

    /// What waits is forgotten: the numbers begin anew.
    func restart() {
        waiting.removeAll()
        transits.clear()
        (head, level, lateInARow) = (nil, 0, 0)
        statistics.restarted &+= 1
    }

    // MARK: When

    /// µs that a packet should be here before it is needed. Where packets are lost, their correction comes with the next ones.
    private var margin: Int64 {
        5_000 &+ (loss.isFrequent && decoder.codec == .opus ? MixClock.microseconds(Int64(duration)) : 0)
    }

    /// µs that nearly all packets were under way, on the scale of `transits`.
    private var usualTransit: Int64? {
        transits.usual.map { min($0, transits.least &+ longestDelay.microseconds) }
    }

    /// Samples of a packet that one tick can need.
    private var grain: Int { min(max(duration, 1), MixClock.frame) }

    /// µs between a usual packet's coming and when it is needed.
    private func slack(at now: Instant) -> Int64? {
        guard let head, let usual = usualTransit else { return nil }
        let needed = Int64(level % grain + MixClock.frame - grain)
        return now.microseconds &- MixClock.microseconds(head &+ needed) &- usual
    }

    /// How long a usual packet's last sample takes from when it comes to when its tick is: what the mix adds before it encodes. Nil
    /// while nothing is played.
    func delay(at now: Instant) -> Instant.Span? {
        guard let head, let usual = usualTransit else { return nil }
        // A packet comes when its last sample is there; a tick is when its first one is played.
        return Instant.Span(microseconds: now.microseconds &- MixClock.microseconds(head) &- usual)
    }

    /// Samples to leave out (positive) or to put in (negative) so that packets are here in time and no earlier than that.
    private func wish(at now: Instant) -> Int {
        guard !isPausing, concealments == 0, let slack = slack(at: now) else { return 0 }
        let waste = level % grain
        let wish: Int
        if slack < margin {
            wish = waste - grain
        } else if slack > margin &+ MixClock.microseconds(Int64(grain)) &+ 5_000 {
            wish = waste + grain
        } else {
            // What is decoded before it is needed is delay for nothing.
            wish = waste >= 240 ? waste : 0
        }
        ticksOffTarget = wish == 0 ? 0 : ticksOffTarget + 1
        return wish
    }

    /// Begins to play what waits, if it is time.
    private func begin(at now: Instant) {
        while let first = waiting.first, let usual = usualTransit {
            if first.isSilence {
                take(first)
                isPausing = true
                continue
            }
            let age = now.microseconds &- MixClock.microseconds(first.time)
            // Of a path of which nothing is known yet a little more is expected.
            let due = usual &+ margin &+ (transits.isYoung ? 5_000 : 0)
            guard age >= due else { return }
            if waiting.count > 1, age >= due &+ 20_000 &+ MixClock.microseconds(Int64(first.duration)) {
                statistics.late &+= 1
                take(first)
                continue
            }
            head = first.time
            level = 0
            nextSequence = first.sequence
            (isPausing, concealments, ticksOffTarget) = (false, 0, 0)
            return
        }
    }

    // MARK: What

    private func take(_ packet: WaitingPackets.Packet) {
        nextSequence = max(nextSequence, packet.sequence &+ 1)
        waiting.removeFirst()
    }

    /// Decodes until there is what the tick needs, and as much more as is wished for and there.
    private func fill(_ needed: Int, or wished: Int) {
        while level < wished, let end {
            guard let first = waiting.first else {
                guard level < needed, !isPausing, concealments < Self.longestConcealment else { return }
                conceal(duration)
                continue
            }
            if first.end <= end {
                statistics.late &+= 1
                take(first)
            } else if first.time > end {
                guard level < needed, bridge(to: first, from: end) else { return }
            } else if first.isSilence && isPausing {
                take(first)
                return
            } else {
                decode(first, from: end)
            }
        }
    }

    /// Makes up what is missing before a packet.
    /// - Returns: false where nothing is missing: it is a pause.
    private func bridge(to first: WaitingPackets.Packet, from end: Int64) -> Bool {
        let gap = first.time &- end
        guard !isPausing, first.sequence > nextSequence, gap <= Int64(SoundDecoder.longest) else { return false }
        // Decoders count in 2.5 ms.
        let length = Int(gap) / 120 * 120
        guard length > 0 else {
            append(Int(gap)) { $0.clear() }
            return true
        }
        loss.note(first.sequence &- nextSequence)
        waiting.withFirst { payload in
            let isCorrected = OpusPayload.bearsCorrection(payload) && decoder.codec == .opus
            statistics.corrected &+= isCorrected ? 1 : 0
            statistics.concealed &+= UInt64(clamping: first.sequence &- nextSequence) &- (isCorrected ? 1 : 0)
            append(length) { decoder.correct(by: payload, to: $0) }
        }
        nextSequence = first.sequence
        return true
    }

    private func conceal(_ length: Int) {
        concealments += 1
        statistics.concealed &+= 1
        append(max(length / 120 * 120, 120)) { decoder.conceal(to: $0) }
    }

    private func decode(_ packet: WaitingPackets.Packet, from end: Int64) {
        if packet.sequence > nextSequence { loss.note(packet.sequence &- nextSequence) }
        waiting.withFirst { payload in
            append(packet.duration) {
                if decoder.decode(payload, to: $0) {
                    statistics.decoded &+= 1
                } else {
                    statistics.invalid &+= 1
                }
                if packet.isSilence { $0.ramp(from: 1, to: 0, within: $0.count) }
            }
        }
        let known = Int(end &- packet.time)
        if known > 0 { drop(known, before: packet.duration) }
        (duration, isPausing, concealments) = (packet.duration, packet.isSilence, 0)
        take(packet)
    }

    // MARK: Samples

    private func append(_ count: Int, _ make: (Samples) -> Void) {
        guard count <= decoded.count - level else { return }
        make(decoded.part(level, count))
        level += count
    }

    /// Takes out the first `count` of the last `length` samples.
    private func drop(_ count: Int, before length: Int) {
        guard count <= length, length <= level, let base = decoded.baseAddress else { return }
        let start = base + (level - length)
        start.update(from: start + count, count: length - count)
        level -= count
    }

    /// - Returns: how many samples were used.
    private func stretch(by wish: Int) -> Int {
        let all = decoded.part(0, level)
        var changed: Int?
        if wish > 0 {
            changed = TimeStretch.shorten(all, to: frame, most: wish, force: ticksOffTarget > 25)
        } else if wish < 0 {
            changed = TimeStretch.lengthen(all, to: frame, most: max(-wish, 240), force: ticksOffTarget > 3).map { -$0 }
        }
        guard let changed else {
            frame.copy(all.part(0, MixClock.frame))
            return MixClock.frame
        }
        statistics.stretched &+= 1
        ticksOffTarget = 0
        return MixClock.frame + changed
    }

    private func consume(_ count: Int) {
        head = head.map { $0 &+ Int64(count) }
        level -= count
        guard level > 0, let base = decoded.baseAddress else { return }
        base.update(from: base + count, count: level)
    }

    /// The rest of what there is; behind it is a pause.
    private func playLast() {
        frame.copy(decoded.part(0, level))
        let fading = min(level, 240)
        frame.part(level - fading, fading).ramp(from: 1, to: 0, within: fading)
        frame.part(level, MixClock.frame - level).clear()
        isSilent = level == 0
        head = nil
        level = 0
    }
}
