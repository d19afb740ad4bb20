/// The payload descriptor of VP8 (RFC 7741, section 4.2), as far as a relay needs it.
///
///     |X|R|N|S|R| PID |
///     |I|L|T|K| RSV   |                 X
///     |M| picture id, 7 or 15 bits  |   I
///     |   TL0PICIDX   |                 L
///     |TID|Y| KEYIDX  |                 T, K
enum VP8Descriptor {
    /// One layer where the descriptor is cut short.
    @inline(__always)
    static func read(_ payload: UnsafeRawBufferPointer, marker: Bool) -> PacketLayer {
        var layer = PacketLayer()
        guard payload.count > 1 else { return layer }
        let first = payload[0]
        let startsFrame = first & 0x17 == 0x10
        var flags: PacketLayer.Flags = .countsEveryPicture
        if startsFrame { flags.insert(.startsPicture) }
        if marker { flags.insert(.endsPicture) }
        if first & 0x20 != 0 { flags.insert(.isDiscardable) }
        var at = 1
        if first & 0x80 != 0 {
            let fields = payload[1]
            // All optional fields together take five bytes.
            guard payload.count > 6 || payload.count > extendedLength(fields, payload) else { return layer }
            at = 2
            if fields & 0x80 != 0 {
                layer.numberAt = 2
                if payload[2] & 0x80 != 0 {
                    layer.number = UInt16(payload[2] & 0x7f) << 8 | UInt16(payload[3])
                    layer.numberBits = 15
                    at = 4
                } else {
                    layer.number = UInt16(payload[2])
                    layer.numberBits = 7
                    at = 3
                }
            }
            if fields & 0x40 != 0 {
                layer.tl0 = payload[at]
                layer.tl0At = UInt8(truncatingIfNeeded: at)
                at += 1
            }
            if fields & 0x30 != 0 {
                if fields & 0x20 != 0 {
                    layer.temporal = payload[at] >> 6
                    if payload[at] & 0x20 != 0 { flags.insert(.allowsTemporalStart) }
                }
                at += 1
            }
        }
        if layer.temporal == 0 { flags.insert(.allowsTemporalStart) }
        if startsFrame, payload[at] & 0x01 == 0 {
            flags.formUnion([.startsKeyframe, .isKeyframe, .allowsSpatialStart])
        }
        layer.flags = flags
        return layer
    }

    /// Bytes of a descriptor with optional fields; as much as can be told where it is cut short.
    private static func extendedLength(_ fields: UInt8, _ payload: UnsafeRawBufferPointer) -> Int {
        var length = 2
        if fields & 0x80 != 0 { length += (payload.byte(at: 2) ?? 0) & 0x80 != 0 ? 2 : 1 }
        if fields & 0x40 != 0 { length += 1 }
        if fields & 0x30 != 0 { length += 1 }
        return length
    }

    /// The size in the header of a keyframe whose first packet this is (RFC 6386, section 9.1).
    static func frameSize(_ payload: UnsafeRawBufferPointer) -> FrameSize? {
        guard let first = payload.byte(at: 0) else { return nil }
        let header = first & 0x80 == 0 ? 1 : extendedLength(payload.byte(at: 1) ?? 0, payload)
        guard payload.uint24(at: header + 3) == 0x9d012a, let size = payload.uint32(at: header + 6) else { return nil }
        // Little-endian, 14 bits each; the two above say how to scale.
        let swapped = size.byteSwapped
        return FrameSize(
            width: UInt16(truncatingIfNeeded: swapped & 0x3fff),
            height: UInt16(truncatingIfNeeded: swapped >> 16 & 0x3fff))
    }
}
