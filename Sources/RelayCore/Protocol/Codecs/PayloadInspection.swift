/// What the first bytes of an RTP payload tell about the frame that it belongs to.
package enum PayloadInspection {
    /// Whether decoding can begin with this packet: it is the first of a keyframe (or of its parameter sets). Audio always can.
    package static func isKeyframeStart(_ codec: CodecName, _ payload: UnsafeRawBufferPointer) -> Bool {
        switch codec {
        case .opus, .PCMU, .PCMA: !payload.isEmpty
        case .VP8: isVP8KeyframeStart(payload)
        case .VP9: isVP9KeyframeStart(payload)
        case .H264: isH264KeyframeStart(payload)
        case .AV1: isAV1KeyframeStart(payload)
        }
    }

    /// RFC 7741 §4.2, §4.3.
    ///
    ///     |X|R|N|S|R| PID |   |I|L|T|K| RSV   |   picture id, TL0PICIDX, TID/KEYIDX   | payload header: … |P|
    private static func isVP8KeyframeStart(_ payload: UnsafeRawBufferPointer) -> Bool {
        guard let first = payload.byte(at: 0), first & 0x10 != 0, first & 0x07 == 0 else { return false }
        var offset = 1
        if first & 0x80 != 0 {
            guard let fields = payload.byte(at: 1) else { return false }
            offset = 2
            if fields & 0x80 != 0 {
                guard let picture = payload.byte(at: offset) else { return false }
                offset += picture & 0x80 != 0 ? 2 : 1
            }
            if fields & 0x40 != 0 { offset += 1 }
            if fields & 0x30 != 0 { offset += 1 }
        }
        guard let header = payload.byte(at: offset) else { return false }
        return header & 0x01 == 0
    }

    /// RFC 9628 §4.2: first packet (B) of a frame without inter-picture prediction (P) in the lowest spatial layer.
    ///
    ///     |I|P|L|F|B|E|V|Z|   picture id   | TID |U| SID |D|
    private static func isVP9KeyframeStart(_ payload: UnsafeRawBufferPointer) -> Bool {
        guard let first = payload.byte(at: 0), first & 0x40 == 0, first & 0x08 != 0, payload.count > 1 else {
            return false
        }
        guard first & 0x20 != 0 else { return true }
        var offset = 1
        if first & 0x80 != 0 {
            guard let picture = payload.byte(at: 1) else { return false }
            offset += picture & 0x80 != 0 ? 2 : 1
        }
        guard let layers = payload.byte(at: offset) else { return false }
        return layers & 0x0e == 0
    }

    private enum NAL {
        static let instantRefresh: UInt8 = 5
        static let sequenceParameters: UInt8 = 7
        static let aggregation: UInt8 = 24
        static let fragment: UInt8 = 28
    }

    /// RFC 6184 §5.4: a single unit, STAP-A or FU-A with sequence parameters or the first slice of an IDR picture.
    private static func isH264KeyframeStart(_ payload: UnsafeRawBufferPointer) -> Bool {
        guard let first = payload.byte(at: 0) else { return false }
        switch first & 0x1f {
        case NAL.aggregation:
            var offset = 1
            while let length = payload.uint16(at: offset), length > 0,
                let unit = payload.part(at: offset + 2, length: Int(length))
            {
                if opensKeyframe(type: unit[0] & 0x1f, data: unit.byte(at: 1)) { return true }
                offset += 2 + unit.count
            }
            return false
        case NAL.fragment:
            guard let header = payload.byte(at: 1), header & 0x80 != 0 else { return false }
            return opensKeyframe(type: header & 0x1f, data: payload.byte(at: 2))
        default:
            return opensKeyframe(type: first & 0x1f, data: payload.byte(at: 1))
        }
    }

    /// `data` is the unit's first byte after its header. An IDR slice begins with the number of its first macroblock, and a leading
    /// one bit is the Exp-Golomb code of 0: a later slice of the same picture is no place to begin.
    private static func opensKeyframe(type: UInt8, data: UInt8?) -> Bool {
        switch type {
        case NAL.sequenceParameters: true
        case NAL.instantRefresh: (data ?? 0) & 0x80 != 0
        default: false
        }
    }

    /// RTP payload format for AV1 §4.4: N marks the first packet of a coded video sequence.
    ///
    ///     |Z|Y| W |N|-|-|-|
    private static func isAV1KeyframeStart(_ payload: UnsafeRawBufferPointer) -> Bool {
        guard let header = payload.byte(at: 0), payload.count > 1 else { return false }
        return header & 0x88 == 0x08
    }
}
