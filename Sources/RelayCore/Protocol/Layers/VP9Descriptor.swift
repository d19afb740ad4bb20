/// The payload descriptor of VP9 (RFC 9628, section 4.2).
///
///     |I|P|L|F|B|E|V|Z|
///     |M| picture id, 7 or 15 bits  |   I
///     | TID |U| SID |D|                 L
///     |   TL0PICIDX   |                 L without F
///     |   P_DIFF    |N|                 P and F, up to three times
///     |   scalability structure …     | V
enum VP9Descriptor {
    private enum Bit {
        static let hasPictureID: UInt8 = 0x80
        static let isPredicted: UInt8 = 0x40
        static let hasLayers: UInt8 = 0x20
        static let isFlexible: UInt8 = 0x10
        static let startsFrame: UInt8 = 0x08
        static let endsFrame: UInt8 = 0x04
        static let hasStructure: UInt8 = 0x02
        static let isNotForUpperLayers: UInt8 = 0x01
    }

    /// One layer where the descriptor is cut short.
    /// - Parameter sizes: of the spatial layers; set where the packet tells them.
    static func read(_ payload: UnsafeRawBufferPointer, sizes: inout InlineArray<8, FrameSize>) -> PacketLayer {
        guard let first = payload.byte(at: 0) else { return PacketLayer() }
        var layer = PacketLayer()
        var at = 1
        if first & Bit.hasPictureID != 0 {
            guard let short = payload.byte(at: 1) else { return PacketLayer() }
            layer.numberAt = 1
            if short & 0x80 != 0 {
                guard let long = payload.uint16(at: 1) else { return PacketLayer() }
                layer.number = long & 0x7fff
                layer.numberBits = 15
                at = 3
            } else {
                layer.number = UInt16(short)
                layer.numberBits = 7
                at = 2
            }
        }
        var flags: PacketLayer.Flags = []
        if first & Bit.hasLayers != 0 {
            guard let fields = payload.byte(at: at) else { return PacketLayer() }
            layer.temporal = fields >> 5
            layer.spatial = fields >> 1 & 7
            if fields & 0x10 != 0 { flags.insert(.opensTemporalLayers) }
            if fields & 0x01 != 0 { flags.insert(.needsLayerBelow) }
            at += 1
            if first & Bit.isFlexible == 0 {
                guard let tl0 = payload.byte(at: at) else { return PacketLayer() }
                layer.tl0 = tl0
                layer.tl0At = UInt8(truncatingIfNeeded: at)
                at += 1
            }
        }
        let isPredicted = first & Bit.isPredicted != 0
        if first & Bit.isFlexible != 0, isPredicted {
            guard let end = readReferences(payload, at, &layer, &flags) else { return PacketLayer() }
            at = end
        }
        if first & Bit.startsFrame != 0 { flags.insert(.startsPicture) }
        if first & Bit.endsFrame != 0 { flags.insert(.endsPicture) }
        if layer.temporal == 0 { flags.insert(.allowsTemporalStart) }
        if !isPredicted {
            flags.insert(.allowsSpatialStart)
            if first & Bit.isFlexible != 0 { flags.insert(.namesReferences) }
            if layer.spatial == 0 {
                flags.insert(.isKeyframe)
                if first & Bit.startsFrame != 0, payload.count > 1 { flags.insert(.startsKeyframe) }
            }
        }
        let own = UInt8(1) << layer.spatial
        layer.neededBy = first & Bit.isNotForUpperLayers != 0 ? own : 0 &- own
        layer.flags = flags
        learnSizes(payload, at, first, layer, &sizes)
        return layer
    }

    /// P_DIFF, up to three; where they end.
    private static func readReferences(
        _ payload: UnsafeRawBufferPointer, _ start: Int, _ layer: inout PacketLayer, _ flags: inout PacketLayer.Flags
    ) -> Int? {
        flags.insert(.namesReferences)
        for index in 0..<3 {
            guard let field = payload.byte(at: start + index) else { return nil }
            let distance = field >> 1
            if distance >= 1, distance <= 32 {
                layer.references |= 1 << UInt32(distance - 1)
            } else {
                flags.insert(.hasFarReference)
            }
            if field & 1 == 0 { return start + index + 1 }
        }
        return start + 3
    }

    private static func learnSizes(
        _ payload: UnsafeRawBufferPointer, _ at: Int, _ first: UInt8, _ layer: PacketLayer,
        _ sizes: inout InlineArray<8, FrameSize>
    ) {
        if first & Bit.hasStructure != 0 {
            guard let head = payload.byte(at: at), head & 0x10 != 0 else { return }
            for index in 0...Int(head >> 5) {
                guard let width = payload.uint16(at: at + 1 + index * 4),
                    let height = payload.uint16(at: at + 3 + index * 4)
                else { return }
                sizes[index] = FrameSize(width: width, height: height)
            }
        } else if layer.flags.contains(.startsKeyframe), let rest = payload.part(at: at, length: payload.count - at),
            let size = keyframeSize(rest)
        {
            sizes[0] = size
        }
    }

    /// From a keyframe's uncompressed header (VP9 bitstream specification, section 6.2).
    private static func keyframeSize(_ frame: UnsafeRawBufferPointer) -> FrameSize? {
        var reader = BitReader(frame)
        guard reader.bits(2) == 2 else { return nil }
        let profile = reader.bits(1) | reader.bits(1) << 1
        if profile == 3 { reader.skip(1) }
        // Neither a frame shown again nor one that is not a keyframe.
        guard !reader.bit(), !reader.bit() else { return nil }
        reader.skip(2)
        guard reader.bits(24) == 0x498342 else { return nil }
        if profile >= 2 { reader.skip(1) }
        let isRGB = reader.bits(3) == 7
        if !isRGB { reader.skip(1) }
        if profile & 1 == 1 { reader.skip(isRGB ? 1 : 3) }
        let width = reader.bits(16) &+ 1
        let height = reader.bits(16) &+ 1
        guard !reader.isOverrun else { return nil }
        return FrameSize(width: UInt16(clamping: width), height: UInt16(clamping: height))
    }
}
