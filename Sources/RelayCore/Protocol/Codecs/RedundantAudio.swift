/// RED (RFC 2198): a payload with older blocks repeated in front of the newest, the primary.
///
///     |1| block PT (7) | timestamp offset (14) | block length (10) |   for each older block
///     |0| block PT (7) |                                               for the primary
package enum RedundantAudio {
    private static let maximumBlocks = 32

    /// The newest block: what the packet would carry without RED.
    package struct Primary: Equatable, Sendable {
        package let payloadType: UInt8
        /// From the start of the RED payload.
        package let offset: Int
        package let length: Int

        package init(payloadType: UInt8, offset: Int, length: Int) {
            self.payloadType = payloadType
            self.offset = offset
            self.length = length
        }
    }

    /// Finds the primary block; nil where the lengths contradict the payload's.
    package static func primary(in payload: UnsafeRawBufferPointer) -> Primary? {
        var offset = 0
        var redundant = 0
        for _ in 0..<maximumBlocks {
            guard let first = payload.byte(at: offset) else { return nil }
            if first & 0x80 == 0 {
                let start = offset + 1 + redundant
                guard start <= payload.count else { return nil }
                return Primary(payloadType: first & 0x7f, offset: start, length: payload.count - start)
            }
            guard let lengths = payload.uint24(at: offset + 1) else { return nil }
            redundant += Int(lengths & 0x3ff)
            offset += 4
        }
        return nil
    }
}
