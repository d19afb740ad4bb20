/// Who talks when, in frames of 20 ms: with discontinuous transmission spurts of one to four seconds and pauses of one to three,
/// otherwise without end.
struct TalkPattern: Sendable {
    struct Frame: Equatable, Sendable {
        enum Kind: Equatable, Sendable { case speech, comfortNoise, nothing }
        var kind: Kind
        /// First packet of a spurt (RFC 3551, section 4.1).
        var marker = false
        /// As RFC 6464 has it: the highest bit for voice, then how far under full scale, in dB.
        var level: UInt8
    }

    private let isDiscontinuous: Bool
    private var generator: UInt64
    private var isTalking = true
    private var left = 0
    private var sinceSpeech = 0
    private var isFirst = true
    private var level: Int = 30

    /// Frames that an Opus encoder still sends after the voice has ended, and then every how many.
    private static let hangover = 10
    private static let comfortInterval = 20

    init(isDiscontinuous: Bool, seed: UInt64) {
        self.isDiscontinuous = isDiscontinuous
        generator = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493
        left = random(50...200)
    }

    mutating func next() -> Frame {
        if isDiscontinuous {
            if left == 0 {
                isTalking.toggle()
                left = isTalking ? random(50...200) : random(50...150)
                if isTalking, sinceSpeech > Self.hangover { isFirst = true }
            }
            left -= 1
        }
        guard isTalking else {
            sinceSpeech += 1
            let noise = UInt8(random(75...95))
            if sinceSpeech <= Self.hangover { return Frame(kind: .speech, level: noise) }
            let isDue = (sinceSpeech - Self.hangover - 1) % Self.comfortInterval == 0
            return Frame(kind: isDue ? .comfortNoise : .nothing, level: noise)
        }
        sinceSpeech = 0
        level = min(48, max(18, level + random(-3...3)))
        defer { isFirst = false }
        return Frame(kind: .speech, marker: isFirst, level: 0x80 | UInt8(level))
    }

    private mutating func random(_ range: ClosedRange<Int>) -> Int {
        generator = generator &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return range.lowerBound + Int(generator >> 33) % range.count
    }
}
