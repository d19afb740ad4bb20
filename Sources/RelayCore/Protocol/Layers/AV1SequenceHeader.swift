/// Finds the size in the sequence header that begins an AV1 keyframe (AV1 bitstream specification, section 5.5).
enum AV1SequenceHeader {
    /// - Parameter payload: by the RTP payload format, section 4.4: `|Z|Y| W |N|`, then OBU elements, all but the `W`-th led by
    ///   their length.
    static func frameSize(_ payload: UnsafeRawBufferPointer) -> FrameSize? {
        guard let head = payload.byte(at: 0), head & 0x80 == 0 else { return nil }
        let elements = Int(head >> 4 & 3)
        var at = 1
        for index in 1...8 {
            var length = payload.count - at
            if index != elements {
                guard let (value, bytes) = number(payload, at) else { return nil }
                at += bytes
                length = value
            }
            guard let unit = payload.part(at: at, length: length), let header = unit.byte(at: 0) else { return nil }
            if header >> 3 & 0x0f == 1 {
                // An extension byte, and a size where the unit has one.
                var start = header & 0x04 != 0 ? 2 : 1
                if header & 0x02 != 0 {
                    guard let (_, bytes) = number(unit, start) else { return nil }
                    start += bytes
                }
                return unit.part(at: start, length: unit.count - start).flatMap(size)
            }
            at += length
            if index == elements { return nil }
        }
        return nil
    }

    /// `leb128`, as far as a payload can be long.
    private static func number(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> (value: Int, bytes: Int)? {
        var value = 0
        for index in 0..<4 {
            guard let byte = bytes.byte(at: start + index) else { return nil }
            value |= Int(byte & 0x7f) << (7 * index)
            if byte & 0x80 == 0 { return (value, index + 1) }
        }
        return nil
    }

    private static func size(_ header: UnsafeRawBufferPointer) -> FrameSize? {
        var reader = BitReader(header)
        reader.skip(4)
        if reader.bit() {
            reader.skip(5)
        } else {
            skipOperatingPoints(&reader)
        }
        let widthBits = Int(reader.bits(4)) + 1
        let heightBits = Int(reader.bits(4)) + 1
        let width = reader.bits(widthBits) &+ 1
        let height = reader.bits(heightBits) &+ 1
        guard !reader.isOverrun else { return nil }
        return FrameSize(width: UInt16(clamping: width), height: UInt16(clamping: height))
    }

    private static func skipOperatingPoints(_ reader: inout BitReader) {
        var hasDecoderModel = false
        var delayBits = 0
        if reader.bit() {
            reader.skip(64)
            if reader.bit() { _ = reader.golomb() }
            hasDecoderModel = reader.bit()
            if hasDecoderModel {
                delayBits = Int(reader.bits(5)) + 1
                reader.skip(32 + 5 + 5)
            }
        }
        let hasDisplayDelay = reader.bit()
        for _ in 0...reader.bits(5) {
            reader.skip(12)
            if reader.bits(5) > 7 { reader.skip(1) }
            if hasDecoderModel, reader.bit() { reader.skip(2 * delayBits + 1) }
            if hasDisplayDelay, reader.bit() { reader.skip(4) }
        }
    }
}
