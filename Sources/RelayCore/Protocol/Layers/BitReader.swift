/// Reads bits from the most significant on. What lies beyond the end reads as 0 and sets `isOverrun`: a parser looks once, at its end.
struct BitReader {
    private let bytes: UnsafeRawBufferPointer
    /// The next bit.
    private(set) var position = 0
    private(set) var isOverrun = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func bit() -> Bool { bits(1) != 0 }

    /// Up to 32 bits.
    mutating func bits(_ count: Int) -> UInt32 {
        var value: UInt32 = 0
        var left = min(max(count, 0), 32)
        while left > 0 {
            guard let byte = bytes.byte(at: position >> 3) else {
                isOverrun = true
                return value << UInt32(left)
            }
            let inByte = 8 - position & 7
            let taken = min(inByte, left)
            let part = UInt32(byte) >> UInt32(inByte - taken) & (1 << UInt32(taken) - 1)
            value = value << UInt32(taken) | part
            position += taken
            left -= taken
        }
        return value
    }

    mutating func skip(_ count: Int) {
        position += min(max(count, 0), 1 << 20)
        if position > bytes.count * 8 { isOverrun = true }
    }

    /// `ns(n)` of the AV1 specification, section 4.10.7: a number below `limit`, in as few bits as possible.
    mutating func below(_ limit: UInt32) -> UInt32 {
        guard limit > 1 else { return 0 }
        let width = 32 - limit.leadingZeroBitCount
        let short = (UInt32(1) << UInt32(width)) &- limit
        let value = bits(width - 1)
        return value < short ? value : (value << 1) &- short &+ bits(1)
    }

    /// Exponential Golomb code of H.264, section 9.1; also AV1's `uvlc`, but for its escape.
    mutating func golomb() -> UInt32 {
        var zeros = 0
        while !isOverrun, zeros < 32, !bit() { zeros += 1 }
        guard !isOverrun, zeros < 32 else { return UInt32.max }
        return (UInt32(1) << UInt32(zeros)) &- 1 &+ bits(zeros)
    }

    mutating func signedGolomb() -> Int32 {
        let code = golomb()
        let half = Int32(truncatingIfNeeded: (code >> 1) &+ (code & 1))
        return code & 1 == 0 ? 0 &- half : half
    }
}
