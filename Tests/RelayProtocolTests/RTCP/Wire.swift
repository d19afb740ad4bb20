import RelayProtocol

/// What `body` writes into `capacity` bytes.
func writtenRTCP(capacity: Int = 1500, _ body: (inout RTCPWriter) -> Void) -> [UInt8] {
    var memory = [UInt8](repeating: 0xee, count: capacity)
    return memory.withUnsafeMutableBytes { bytes in
        var writer = RTCPWriter(bytes)
        body(&writer)
        return Array(writer.written)
    }
}

/// Reads `bytes` to the end, and tells whether they were malformed.
@discardableResult
func readRTCP(_ bytes: [UInt8], _ body: (RTCPPacket) -> Void = { _ in }) -> Bool {
    bytes.withUnsafeBytes { raw in
        var reader = RTCPReader(raw)
        while let packet = reader.next() { body(packet) }
        return reader.malformed
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
