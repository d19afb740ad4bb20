/// The NAL units of an H.264 payload (RFC 6184, section 5), of which one layer is like another but for who needs it.
///
///     |F|NRI|  type   |
enum H264Units {
    private enum Kind {
        static let slice: UInt8 = 1
        static let instantRefresh: UInt8 = 5
        static let sequenceParameters: UInt8 = 7
        static let prefix: UInt8 = 14
        static let aggregation: UInt8 = 24
        static let fragment: UInt8 = 28
    }

    /// What the units of one packet tell.
    struct Summary {
        /// The first packet of a keyframe or of its parameter sets.
        var startsKeyframe = false
        var holdsSlice = false
        /// Something in here is needed by others: a slice that is referred to, or parameters.
        var isNeeded = false
        /// From a prefix unit (H.264 annex G).
        var temporal: UInt8?
        var size: FrameSize?
    }

    static func summary(of payload: UnsafeRawBufferPointer) -> Summary {
        var summary = Summary()
        guard let first = payload.byte(at: 0) else { return summary }
        switch first & 0x1f {
        case Kind.aggregation:
            var offset = 1
            while let length = payload.uint16(at: offset), length > 0,
                let unit = payload.part(at: offset + 2, length: Int(length))
            {
                take(header: unit[0], unit: unit, &summary)
                offset += 2 + unit.count
            }
        case Kind.fragment:
            guard let header = payload.byte(at: 1) else { return summary }
            // Where a fragment goes on, only its kind is told.
            let isStart = header & 0x80 != 0
            let rest = isStart ? payload.part(at: 1, length: payload.count - 1) : nil
            take(header: first & 0x60 | header & 0x1f, unit: rest, &summary)
        default:
            take(header: first, unit: payload, &summary)
        }
        return summary
    }

    /// - Parameter unit: with its header; nil: not the unit's beginning.
    private static func take(header: UInt8, unit: UnsafeRawBufferPointer?, _ summary: inout Summary) {
        if header & 0x60 != 0 { summary.isNeeded = true }
        switch header & 0x1f {
        case Kind.slice...Kind.instantRefresh:
            summary.holdsSlice = true
            // An IDR slice begins with the number of its first macroblock, and a leading one bit is the Exp-Golomb code of 0: a
            // later slice of the same picture is no place to begin.
            if header & 0x1f == Kind.instantRefresh, let unit, (unit.byte(at: 1) ?? 0) & 0x80 != 0 {
                summary.startsKeyframe = true
            }
        case Kind.sequenceParameters:
            guard let unit else { return }
            summary.startsKeyframe = true
            if let size = H264SequenceParameters.frameSize(unit) { summary.size = size }
        case Kind.prefix:
            // svc_extension_flag, then 7 bits, 8 bits, and temporal_id in the third byte's upper three.
            guard let unit, let flags = unit.byte(at: 1), flags & 0x80 != 0, let third = unit.byte(at: 3) else {
                return
            }
            summary.temporal = third >> 5
        default: break
        }
    }
}

/// Sequence parameters of H.264 (section 7.3.2.1), read for the size of the picture.
enum H264SequenceParameters {
    /// Longer ones hold nothing before the size that a sane encoder writes.
    private static let longest = 256

    /// - Parameter unit: a NAL unit of type 7 with its header.
    static func frameSize(_ unit: UnsafeRawBufferPointer) -> FrameSize? {
        withUnsafeTemporaryAllocation(byteCount: longest, alignment: 1) { memory in
            var length = 0
            var zeros = 0
            for byte in unit.dropFirst().prefix(longest) {
                // Emulation prevention, section 7.4.1.
                if zeros >= 2, byte == 3 {
                    zeros = 0
                    continue
                }
                zeros = byte == 0 ? zeros + 1 : 0
                memory[length] = byte
                length += 1
            }
            var reader = BitReader(UnsafeRawBufferPointer(rebasing: memory[0..<length]))
            return frameSize(&reader)
        }
    }

    /// Profiles whose parameters name the chroma format.
    private static func namesChroma(_ profile: UInt32) -> Bool {
        switch profile {
        case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135: true
        default: false
        }
    }

    private static func frameSize(_ reader: inout BitReader) -> FrameSize? {
        let profile = reader.bits(8)
        reader.skip(16)
        _ = reader.golomb()
        var chroma: UInt32 = 1
        var hasSeparatePlanes = false
        if namesChroma(profile) {
            chroma = reader.golomb()
            if chroma == 3 { hasSeparatePlanes = reader.bit() }
            _ = reader.golomb()
            _ = reader.golomb()
            reader.skip(1)
            if reader.bit() { skipScaling(&reader, lists: chroma == 3 ? 12 : 8) }
        }
        _ = reader.golomb()
        skipOrderCount(&reader)
        _ = reader.golomb()
        reader.skip(1)
        let columns = reader.golomb()
        let rows = reader.golomb()
        let hasWholeFrames = reader.bit()
        if !hasWholeFrames { reader.skip(1) }
        reader.skip(1)
        guard !reader.isOverrun, columns < 4_096, rows < 4_096 else { return nil }
        var width = Int(columns + 1) * 16
        var height = Int(rows + 1) * 16 * (hasWholeFrames ? 1 : 2)
        if reader.bit() {
            let crop = (0..<4).map { _ in Int(min(reader.golomb(), 65_535)) }
            let planes = hasSeparatePlanes ? 0 : chroma
            let unitX = planes == 1 || planes == 2 ? 2 : 1
            let unitY = (planes == 1 ? 2 : 1) * (hasWholeFrames ? 1 : 2)
            width -= (crop[0] + crop[1]) * unitX
            height -= (crop[2] + crop[3]) * unitY
        }
        guard !reader.isOverrun, width > 0, height > 0 else { return nil }
        return FrameSize(width: UInt16(clamping: width), height: UInt16(clamping: height))
    }

    private static func skipScaling(_ reader: inout BitReader, lists: Int) {
        for list in 0..<lists where reader.bit() {
            var last: Int32 = 8
            var next: Int32 = 8
            for _ in 0..<(list < 6 ? 16 : 64) {
                if next != 0 { next = (last &+ reader.signedGolomb()) & 0xff }
                if next != 0 { last = next }
            }
        }
    }

    private static func skipOrderCount(_ reader: inout BitReader) {
        switch reader.golomb() {
        case 0: _ = reader.golomb()
        case 1:
            reader.skip(1)
            _ = reader.golomb()
            _ = reader.golomb()
            for _ in 0..<min(reader.golomb(), 255) { _ = reader.golomb() }
        default: break
        }
    }
}
