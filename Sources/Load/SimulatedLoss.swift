/// Loses a share of packets, the same ones in every run with the same seed.
struct SimulatedLoss: Sendable {
    private let threshold: UInt64
    private var state: UInt64

    /// - Parameter percent: of all packets; 0: none is lost.
    init(percent: Double = 0, seed: UInt64 = 0) {
        threshold = UInt64(min(max(percent, 0), 100) / 100 * Double(1 << 53))
        state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678_9abc_def1
    }

    /// Whether the next packet is lost.
    mutating func hits() -> Bool {
        guard threshold > 0 else { return false }
        return next() >> 11 < threshold
    }

    /// SplitMix64: the increments are equal, their mixing is not.
    private mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
