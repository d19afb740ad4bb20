/// ITU-T G.711: a byte for a sample of 14 (mu-law) or 13 bits (A-law), on a scale of segments each twice as coarse as the last.
enum G711 {
    /// Silence on the wire.
    static let quietest: (pcmu: UInt8, pcma: UInt8) = (0xff, 0xd5)

    /// Linear 16 bits, for each byte of mu-law.
    static let mu: [Float] = (0..<256).map { Float(decodeMu(UInt8($0))) / 32_768 }
    /// Linear 16 bits, for each byte of A-law.
    static let a: [Float] = (0..<256).map { Float(decodeA(UInt8($0))) / 32_768 }

    static func decodeMu(_ byte: UInt8) -> Int {
        let bits = ~byte
        let segment = Int(bits >> 4 & 7)
        let magnitude = ((Int(bits & 15) << 3) + 0x84) << segment - 0x84
        return bits & 0x80 != 0 ? -magnitude : magnitude
    }

    /// - Parameter sample: linear 16 bits; beyond is cut off.
    static func encodeMu(_ sample: Int) -> UInt8 {
        let magnitude = min(sample.magnitude, 32_635) + 0x84
        let segment = UInt.bitWidth - magnitude.leadingZeroBitCount - 8
        let bits = UInt8(truncatingIfNeeded: segment << 4) | UInt8(truncatingIfNeeded: magnitude >> (segment + 3) & 15)
        return ~(sample < 0 ? bits | 0x80 : bits)
    }

    static func decodeA(_ byte: UInt8) -> Int {
        let bits = byte ^ 0x55
        let segment = Int(bits >> 4 & 7)
        let step = Int(bits & 15) << 4
        let magnitude = segment == 0 ? step + 8 : (step + 0x108) << (segment - 1)
        return bits & 0x80 != 0 ? magnitude : -magnitude
    }

    /// - Parameter sample: linear 16 bits; beyond is cut off.
    static func encodeA(_ sample: Int) -> UInt8 {
        // Values below zero are those of the complement: −1 is the negative half's first.
        let magnitude = UInt(min(sample < 0 ? ~sample : sample, 32_767))
        let segment = magnitude < 256 ? 0 : UInt.bitWidth - magnitude.leadingZeroBitCount - 8
        let step = segment == 0 ? magnitude >> 4 : magnitude >> (segment + 3)
        let bits = UInt8(truncatingIfNeeded: segment << 4) | UInt8(truncatingIfNeeded: step & 15)
        return (sample < 0 ? bits : bits | 0x80) ^ 0x55
    }
}
