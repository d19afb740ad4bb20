/// Generic NACK (RFC 4585 §6.2.1): a sequence of the lost sequence numbers, each PID with the 16 after it that its BLP marks.
///
///     |            PID                |             BLP               |
package struct NackFeedback: Sequence {
    package let sender: UInt32
    package let media: UInt32
    private let entries: UnsafeRawBufferPointer

    init?(_ body: UnsafeRawBufferPointer) {
        guard let sender = body.uint32(at: 0), let media = body.uint32(at: 4), body.count > 8,
            let entries = body.part(at: 8, length: body.count - 8)
        else { return nil }
        self.sender = sender
        self.media = media
        self.entries = entries
    }

    package func makeIterator() -> Iterator { Iterator(entries) }

    package struct Iterator: IteratorProtocol {
        private let entries: UnsafeRawBufferPointer
        private var offset = 0
        private var packetID: UInt16 = 0
        private var mask: UInt16 = 0

        fileprivate init(_ entries: UnsafeRawBufferPointer) { self.entries = entries }

        package mutating func next() -> UInt16? {
            if mask != 0 {
                let bit = mask.trailingZeroBitCount
                mask &= mask &- 1
                return packetID &+ 1 &+ UInt16(truncatingIfNeeded: bit)
            }
            guard let id = entries.uint16(at: offset), let following = entries.uint16(at: offset + 2) else {
                return nil
            }
            offset += 4
            packetID = id
            mask = following
            return id
        }
    }
}

/// PLI: a decoder has lost an unknown amount of picture and needs a keyframe (RFC 4585 §6.3.1).
package struct PictureLossFeedback {
    package let sender: UInt32
    package let media: UInt32

    init?(_ body: UnsafeRawBufferPointer) {
        guard let sender = body.uint32(at: 0), let media = body.uint32(at: 4) else { return nil }
        self.sender = sender
        self.media = media
    }
}

/// FIR: sources asked for a keyframe (RFC 5104 §4.3.1). A repeated command number is the same request again.
package struct FullIntraFeedback: Sequence {
    package let sender: UInt32
    private let entries: UnsafeRawBufferPointer

    package struct Entry: Equatable {
        package let ssrc: UInt32
        package let commandNumber: UInt8
    }

    init?(_ body: UnsafeRawBufferPointer) {
        guard let sender = body.uint32(at: 0), body.count >= 16, body.count % 8 == 0,
            let entries = body.part(at: 8, length: body.count - 8)
        else { return nil }
        self.sender = sender
        self.entries = entries
    }

    package func makeIterator() -> Iterator { Iterator(entries) }

    package struct Iterator: IteratorProtocol {
        private let entries: UnsafeRawBufferPointer
        private var offset = 0

        fileprivate init(_ entries: UnsafeRawBufferPointer) { self.entries = entries }

        package mutating func next() -> Entry? {
            guard let ssrc = entries.uint32(at: offset), let number = entries.byte(at: offset + 4) else { return nil }
            offset += 8
            return Entry(ssrc: ssrc, commandNumber: number)
        }
    }
}

/// REMB: the bitrate that a receiver believes to be able to receive (draft-alvestrand-rmcat-remb-03 §2.2).
///
///     |  Unique identifier 'R' 'E' 'M' 'B'                            |
///     |  Num SSRC     | BR Exp    |  BR Mantissa (18 bits)            |
///     |   SSRC feedback ...                                           |
package struct ReceiverEstimate {
    package let sender: UInt32
    /// Bits per second; what does not fit 64 bits is `UInt64.max`.
    package let bitrate: UInt64
    package let sources: SSRCList

    static let identifier: UInt32 = 0x5245_4d42

    static func isEstimate(_ body: UnsafeRawBufferPointer) -> Bool { body.uint32(at: 8) == identifier }

    init?(_ body: UnsafeRawBufferPointer) {
        guard let sender = body.uint32(at: 0), let count = body.byte(at: 12), let rate = body.uint24(at: 13),
            let sources = body.part(at: 16, length: Int(count) * 4)
        else { return nil }
        let exponent = Int(rate >> 18)
        let mantissa = UInt64(rate & 0x3_ffff)
        self.sender = sender
        bitrate = mantissa == 0 || exponent <= mantissa.leadingZeroBitCount ? mantissa << exponent : .max
        self.sources = SSRCList(sources)
    }
}
