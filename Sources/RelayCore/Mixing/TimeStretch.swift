/// Makes sound a little shorter or longer without changing its pitch: one period (or several) is left out or repeated, faded over where
/// the sound is most like itself. This is how an input's delay follows the network, and its clock ours.
enum TimeStretch {
    /// Samples that can be left out or put in at once: 2.5 to 15 ms.
    static let shortest = 120
    static let longest = 720
    /// Samples over which one fades into the other: 5 ms.
    private static let overlap = 240
    /// Fainter than this nobody hears a seam.
    private static let faint: Float = 0.003
    /// Where sound is less like itself it had better be left alone for now.
    private static let enough: Float = 0.6

    /// Makes `out.count` samples of `out.count` + n.
    /// - Parameters:
    ///   - samples: what there is; n is at most what of it goes beyond `out.count`.
    ///   - most: n's limit.
    ///   - force: whatever it sounds like.
    /// - Returns: n; nil where nothing was done.
    static func shorten(_ samples: Samples, to out: Samples, most: Int, force: Bool) -> Int? {
        let limit = min(most, samples.count - out.count, longest)
        guard limit >= shortest, out.count >= overlap, let start = samples.baseAddress else { return nil }
        guard let lag = lag(start, samples.count, shortest...limit, force: force) else { return nil }
        fade(from: start, to: start + lag, out)
        out.part(overlap, out.count - overlap).copy(samples.part(lag + overlap, out.count - overlap))
        return lag
    }

    /// Makes `out.count` samples of `out.count` − n.
    /// - Parameters:
    ///   - samples: what there is, at least as much as `out`.
    ///   - most: n's limit.
    ///   - force: whatever it sounds like.
    /// - Returns: n; nil where nothing was done.
    static func lengthen(_ samples: Samples, to out: Samples, most: Int, force: Bool) -> Int? {
        let limit = min(most, samples.count - overlap, out.count - overlap, longest)
        guard limit >= shortest, samples.count >= out.count, let start = samples.baseAddress else { return nil }
        guard let lag = lag(start, samples.count, shortest...limit, force: force) else { return nil }
        out.part(0, lag).copy(samples.part(0, lag))
        fade(from: start + lag, to: start, out.part(lag, overlap))
        let rest = out.count - lag - overlap
        out.part(lag + overlap, rest).copy(samples.part(overlap, rest))
        return lag
    }

    private static func lag(
        _ start: UnsafePointer<Float>, _ count: Int, _ lags: ClosedRange<Int>, force: Bool
    ) -> Int? {
        // A faint sound may be cut anywhere.
        let width = min(count, lags.upperBound + overlap)
        if Samples(mutating: UnsafeBufferPointer(start: start, count: width)).peak < faint { return lags.upperBound }
        guard count >= lags.upperBound + overlap else { return nil }
        let best = Likeness.best(of: start, among: lags, length: overlap, step: 1)
        return best.likeness >= enough || force ? best.lag : nil
    }

    private static func fade(from old: UnsafePointer<Float>, to new: UnsafePointer<Float>, _ out: Samples) {
        for at in 0..<min(overlap, out.count) {
            let share = Float(at) / Float(overlap)
            out[at] = old[at] * (1 - share) + new[at] * share
        }
    }
}
