internal import RelayProtocol

/// How a frame becomes RTP payloads: only the bytes that say where a packet belongs are those of the codec, the rest is noise.
package enum VideoCodec: String, CaseIterable, Sendable {
    case vp8, h264

    /// Offered for the codec, and for retransmission of it.
    package var payloadType: UInt8 { self == .vp8 ? 96 : 102 }
    package var retransmissionPayloadType: UInt8 { payloadType + 1 }

    /// One packet of a frame.
    struct Part: Sendable, Equatable {
        /// Bytes of the whole payload.
        var size: Int
        /// Of the frame, or with H.264 of its NAL unit.
        var isFirst: Bool
        var isLast: Bool
        var isKeyframe: Bool
        /// H.264's parameter sets, in a packet before those of the picture.
        var isParameters = false
        /// The frame's last packet.
        var marker: Bool
    }

    /// Cuts a frame as libwebrtc does.
    func parts(ofFrame size: Int, isKeyframe: Bool) -> [Part] {
        let sizes = VideoTrace.split(size)
        var parts: [Part] = []
        if self == .h264, isKeyframe {
            parts.append(
                Part(
                    size: Self.parametersHead.count + 8 + PayloadStamp.length, isFirst: true, isLast: true,
                    isKeyframe: true, isParameters: true, marker: false))
        }
        // VP8's descriptor, or the two octets of an FU-A; a NAL unit that fits has none.
        let extra = self == .vp8 ? 4 : sizes.count > 1 ? 2 : 0
        for (number, size) in sizes.enumerated() {
            let isLast = number == sizes.count - 1
            parts.append(
                Part(
                    size: size + extra, isFirst: number == 0, isLast: isLast, isKeyframe: isKeyframe, marker: isLast))
        }
        return parts
    }

    /// Upper bound of what `writeHead` writes.
    static let longestHead = 32

    /// Writes the codec's own bytes at a payload's start; returns how many.
    /// - Parameter picture: VP8's picture ID, 15 bits.
    func writeHead(of part: Part, picture: UInt16, to out: UnsafeMutableRawPointer) -> Int {
        switch self {
        case .vp8: Self.writeVP8(part, picture, out)
        case .h264: Self.writeH264(part, out)
        }
    }

    /// How many bytes of a payload `writeHead` wrote, by what they say.
    func headLength(of payload: UnsafeRawBufferPointer) -> Int {
        switch self {
        case .vp8: PayloadStamp.headLength(ofVP8: payload)
        case .h264: Self.headLength(ofH264: payload)
        }
    }

    /// RFC 7741: X and, at the frame's start, S; a 15-bit picture ID. Then the frame tag, and for a keyframe start code and size.
    private static func writeVP8(_ part: Part, _ picture: UInt16, _ out: UnsafeMutableRawPointer) -> Int {
        out.put(UInt8(part.isFirst ? 0x90 : 0x80), at: 0)
        out.put(UInt8(0x80), at: 1)
        out.put(picture | 0x8000, at: 2)
        guard part.isFirst else { return 4 }
        guard part.isKeyframe else {
            out.put24(0x11_0000, at: 4)
            return 7
        }
        out.put24(0x10_0000, at: 4)
        out.put24(0x9d_012a, at: 7)
        out.put(UInt32(0x8002_6801), at: 10)
        return 14
    }

    /// The aggregation of parameter sets up to the first octet of the picture parameters, whose rest is noise and stamp.
    private static let parametersHead: [UInt8] =
        [0x78, 0, 14, 0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40, 0x50, 0x1e, 0xd0, 0x0f, 0x08, 0x84, 0x6a]
        + [0, UInt8(1 + 8 + PayloadStamp.length), 0x68]

    /// RFC 6184: STAP-A with parameter sets, FU-A or a single unit. What a unit has first says "first macroblock 0".
    private static func writeH264(_ part: Part, _ out: UnsafeMutableRawPointer) -> Int {
        if part.isParameters {
            parametersHead.withUnsafeBytes { head in
                if let base = head.baseAddress { out.copyMemory(from: base, byteCount: head.count) }
            }
            return parametersHead.count
        }
        let unit: UInt8 = part.isKeyframe ? 0x65 : 0x61
        let slice: UInt8 = part.isKeyframe ? 0x88 : 0x9a
        if part.isFirst, part.isLast {
            out.put(unit, at: 0)
            out.put(slice, at: 1)
            return 2
        }
        out.put(unit & 0xe0 | 28, at: 0)
        out.put(unit & 0x1f | (part.isFirst ? 0x80 : 0) | (part.isLast ? 0x40 : 0), at: 1)
        guard part.isFirst else { return 2 }
        out.put(slice, at: 2)
        return 3
    }

    private static func headLength(ofH264 payload: UnsafeRawBufferPointer) -> Int {
        switch (payload.byte(at: 0) ?? 0) & 0x1f {
        case 24:
            var at = 1
            while let length = payload.uint16(at: at) {
                let next = at + 2 + Int(length)
                if next >= payload.count { break }
                at = next
            }
            return at + 3
        case 28: return (payload.byte(at: 1) ?? 0) & 0x80 != 0 ? 3 : 2
        default: return 2
        }
    }
}
