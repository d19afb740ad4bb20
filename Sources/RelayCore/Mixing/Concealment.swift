/// Goes on where a codec that cannot do so by itself (G.711) lost something: with the last period again and again, for 100 ms, more and
/// more quietly.
struct Concealment {
    private static let history = 1_440
    /// Periods that are looked for: of 67 to 400 Hz.
    private static let lags = 120...720
    /// Samples until nothing is left.
    private static let fading = 4_800

    private var past = ContiguousArray<Float>(repeating: 0, count: Concealment.history)
    /// Of what it goes on with; 0: nothing was made up since something was heard.
    private var lag = 0
    private var made = 0

    mutating func reset() {
        for at in past.indices { past[at] = 0 }
        (lag, made) = (0, 0)
    }

    /// Remembers what was played.
    mutating func heard(_ samples: Samples) {
        keep(samples)
        (lag, made) = (0, 0)
    }

    mutating func `continue`(to out: Samples) {
        guard made < Self.fading else {
            out.clear()
            return
        }
        if lag == 0 { lag = findLag() }
        for at in out.indices {
            let from = at < lag ? past[past.count - lag + at] : out[at - lag]
            out[at] = from
        }
        keep(out)
        // Only what leaves is made quieter: what is repeated is repeated as it was.
        for at in out.indices {
            out[at] *= max(0, 1 - Float(made + at) / Float(Self.fading))
        }
        made += out.count
    }

    private mutating func keep(_ samples: Samples) {
        let count = min(samples.count, past.count)
        let left = past.count - count
        for at in 0..<left { past[at] = past[at + count] }
        for at in 0..<count { past[left + at] = samples[samples.count - count + at] }
    }

    private func findLag() -> Int {
        past.withUnsafeBufferPointer { past in
            guard let start = past.baseAddress else { return Self.lags.upperBound }
            let length = 480
            let end = start + (past.count - length)
            return Likeness.best(of: end, among: Self.lags, length: length, step: -1).lag
        }
    }
}

/// Where a sound is most like itself.
enum Likeness {
    /// The distance within `lags` at which `length` samples from `here` are most like those that far away.
    /// - Parameter step: 1: ahead of `here`; −1: before it. All of that must be there.
    static func best(
        of here: UnsafePointer<Float>, among lags: ClosedRange<Int>, length: Int, step: Int
    ) -> (lag: Int, likeness: Float) {
        let own = product(here, here, length) + 1e-9
        var best: (lag: Int, likeness: Float) = (lags.upperBound, -1)
        for lag in lags {
            let there = here + step * lag
            let other = product(there, there, length) + 1e-9
            let likeness = product(here, there, length) / (own * other).squareRoot()
            if likeness > best.likeness { best = (lag, likeness) }
        }
        return best
    }
}
