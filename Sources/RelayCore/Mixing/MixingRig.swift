/// The parts of a mix, one by one, for whoever measures them.
package final class MixingRig {
    private let decoder: SoundDecoder
    private let stream: MixStream
    private let voices: [Samples]
    private let audience: Audience
    private var tick: Int64 = 0

    /// Nil where there is no memory for it.
    /// - Parameter voices: how many a mix is of.
    package init?(voices count: Int, _ settings: MixSettings = MixSettings()) {
        guard let decoder = SoundDecoder(.opus), let stream = MixStream(settings) else { return nil }
        self.decoder = decoder
        self.stream = stream
        voices = (0..<max(count, 1)).map { _ in Samples.zeros(MixClock.frame) }
        var audience = Audience()
        audience[.opus].append(MixListenerID(0))
        self.audience = audience
    }

    deinit {
        for voice in voices { voice.deallocate() }
    }

    /// Decodes a packet of 20 ms, and keeps it as one of the voices.
    package func decode(_ payload: UnsafeRawBufferPointer) -> Bool {
        decoder.decode(payload, to: voices[Int(tick) % voices.count])
    }

    /// Sums the voices up as a tick does: gains, sum, limiter, level.
    /// - Returns: the level.
    package func mix() -> UInt8 {
        stream.begin()
        for voice in voices { stream.samples.add(voice) }
        var limiter = Limiter()
        limiter.process(stream.samples)
        return stream.samples.level
    }

    /// Encodes what was mixed.
    /// - Returns: bytes.
    package func encode() -> Int {
        var length = 0
        stream.send(to: audience, isSilent: false, tick: tick) { length = $0.payload.count }
        tick &+= 1
        return length
    }
}
