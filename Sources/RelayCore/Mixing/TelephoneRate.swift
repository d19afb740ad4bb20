internal import Glibc

/// Between 48 kHz and a telephone's 8 kHz: a windowed sinc (Kaiser, 60 dB) of 3.4 to 4.6 kHz, which costs 2 ms each way.
struct TelephoneRate {
    static let factor = 6
    private static let taps = 32
    private static let length = taps * factor

    /// Of the low-pass, with a gain of 1 at 0 Hz.
    private static let filter: [Float] = {
        let middle = Double(length - 1) / 2
        let values = (0..<length).map { at -> Double in
            let offset = Double(at) - middle
            let turn = 2 * Double.pi * 4_000 / 48_000
            let sinc = offset == 0 ? turn / .pi : sin(turn * offset) / (.pi * offset)
            return sinc * bessel(5.65 * (1 - (offset / middle) * (offset / middle)).squareRoot()) / bessel(5.65)
        }
        let sum = values.reduce(0, +)
        return values.map { Float($0 / sum) }
    }()
    /// For each of the six phases, the newest sample's tap last.
    private static let phases: [Float] = (0..<factor).flatMap { phase in
        (0..<taps).map { filter[(taps - 1 - $0) * factor + phase] * Float(factor) }
    }
    /// The newest sample's tap last.
    private static let reversed: [Float] = filter.reversed()

    private static func bessel(_ x: Double) -> Double {
        var (sum, term) = (1.0, 1.0)
        for k in 1...32 {
            term *= x / 2 / Double(k)
            sum += term * term
        }
        return sum
    }

    /// The last samples before the next ones, and room for those.
    private var memory: ContiguousArray<Float>
    private let kept: Int
    private let isUp: Bool

    /// - Parameters:
    ///   - up: from 8 to 48 kHz, else the other way.
    ///   - longest: how many samples one call brings.
    init(up: Bool, longest: Int) {
        isUp = up
        kept = (up ? Self.taps : Self.length) - 1
        memory = ContiguousArray(repeating: 0, count: kept + longest)
    }

    mutating func reset() { for at in memory.indices { memory[at] = 0 } }

    /// From 8 to 48 kHz: six times as many samples as `count`.
    /// - Parameter sample: gives the sample of each index; `count` of them, no more than the longest.
    mutating func raise(_ count: Int, to out: Samples, sample: (Int) -> Float) {
        let count = min(count, memory.count - kept, out.count / Self.factor)
        guard isUp, count > 0 else { return }
        for at in 0..<count { memory[kept + at] = sample(at) }
        memory.withUnsafeBufferPointer { memory in
            Self.phases.withUnsafeBufferPointer { phases in
                guard let memory = memory.baseAddress, let phases = phases.baseAddress else { return }
                for at in 0..<count {
                    for phase in 0..<Self.factor {
                        out[at * Self.factor + phase] = product(memory + at, phases + phase * Self.taps, Self.taps)
                    }
                }
            }
        }
        shift(by: count)
    }

    /// From 48 to 8 kHz: `take` gets each of a sixth as many samples.
    mutating func lower(_ samples: Samples, take: (Int, Float) -> Void) {
        let count = min(samples.count, memory.count - kept)
        guard !isUp, count > 0 else { return }
        for at in 0..<count { memory[kept + at] = samples[at] }
        memory.withUnsafeBufferPointer { memory in
            Self.reversed.withUnsafeBufferPointer { filter in
                guard let memory = memory.baseAddress, let filter = filter.baseAddress else { return }
                for at in 0..<count / Self.factor {
                    take(at, product(memory + at * Self.factor, filter, Self.length))
                }
            }
        }
        shift(by: count)
    }

    private mutating func shift(by count: Int) {
        for at in 0..<kept { memory[at] = memory[at + count] }
    }
}
