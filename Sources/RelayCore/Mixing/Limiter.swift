/// Keeps a mix below full scale without clipping: where several shout, the gain sinks smoothly before the peak and recovers within a few
/// tenths of a second. What is below full scale by itself passes as it is.
///
/// It looks ahead no further than the frame, so it costs no delay: only a peak in a frame's first 2.5 ms can come before the gain has
/// sunk, and is rounded off.
struct Limiter {
    private static let block = 120
    /// Share of what is missing to unity that comes back with each block: a time constant of 150 ms.
    private static let release: Float = 1.0 / 60
    /// What is rounded off begins here.
    private static let knee: Float = 0.8

    /// At the end of the last frame.
    private(set) var gain: Float = 1

    mutating func process(_ samples: Samples) {
        let blocks = samples.count / Self.block
        guard blocks > 0 else { return }
        if gain == 1, samples.peak <= 1 { return }
        var needed = Self.needed(samples.part(0, Self.block))
        for block in 0..<blocks {
            let here = samples.part(block * Self.block, Self.block)
            let next =
                block + 1 < blocks ? Self.needed(samples.part((block + 1) * Self.block, Self.block)) : 1
            var end = gain + (1 - gain) * Self.release
            if end > 0.999 { end = 1 }
            end = min(end, needed, next)
            let isTooLate = gain > needed
            here.ramp(from: gain, to: end, within: Self.block)
            if isTooLate { Self.round(here) }
            gain = end
            needed = next
        }
    }

    /// The gain that keeps all of them within full scale.
    private static func needed(_ samples: Samples) -> Float {
        let peak = samples.peak
        return peak > 1 ? 1 / peak : 1
    }

    /// Bends what is above the knee so that nothing comes to full scale.
    private static func round(_ samples: Samples) {
        let room = 1 - knee
        for at in samples.indices {
            let size = abs(samples[at])
            guard size > knee else { continue }
            let over = (size - knee) / room
            let bent = knee + room * over / (1 + over)
            samples[at] = samples[at] < 0 ? -bent : bent
        }
    }
}
