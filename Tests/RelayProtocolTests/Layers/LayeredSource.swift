import RelayProtocol
import TestSupport

/// Writes bits from the most significant on.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var free = 0

    mutating func put(_ value: Int, _ count: Int) {
        for shift in stride(from: count - 1, through: 0, by: -1) {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            free -= 1
            bytes[bytes.count - 1] |= UInt8(value >> shift & 1) << UInt8(free)
        }
    }

    /// `ns(n)` of the AV1 specification.
    mutating func put(_ value: Int, below limit: Int) {
        var width = 0
        while limit >> width != 0 { width += 1 }
        let short = 1 << width - limit
        if value < short { put(value, width - 1) } else { put(value + short, width) }
    }
}

/// A packet as it comes from a publisher, and the frame that it belongs to.
struct LayeredPacket {
    var frame: Int
    var picture: Int
    var spatial: Int
    var temporal: Int
    var isFirst: Bool
    var isLast: Bool
    var marker: Bool
    /// Of a picture that a decoder can begin with.
    var isKeyframe: Bool
    var payload: [UInt8]
    var descriptor: [UInt8] = []
    var sequence: UInt16 = 0
}

/// A synthetic encoder: the frames of its pictures with their references, and the packets that carry them.
struct LayeredSource {
    enum Codec { case vp8, vp9, vp9Flexible, av1 }

    let codec: Codec
    let spatialLayers: Int
    /// Inter-layer prediction in keyframes only.
    let isKeyOnly: Bool
    let packetsPerFrame = 2

    /// Frames by their numbers, each with those that it refers to.
    private(set) var references: [[Int]] = []
    private var picture = -1
    /// Where in the pattern 0 2 1 2 of temporal layers.
    private var phase = 0
    /// Latest frames of the four phases, by spatial layer.
    private var latest: [[Int]]
    private var tl0 = 250
    private var sequence: UInt16 = 65_500
    let firstNumber: Int

    init(_ codec: Codec, spatialLayers: Int = 1, isKeyOnly: Bool = false, firstNumber: Int = 32_700) {
        self.codec = codec
        self.spatialLayers = spatialLayers
        self.isKeyOnly = isKeyOnly
        self.firstNumber = firstNumber
        latest = Array(repeating: [], count: spatialLayers)
    }

    static let temporals = [0, 2, 1, 2]

    /// Phase whose frame one of this phase refers to.
    private static let before = [0, 0, 0, 2]

    mutating func next(isKeyframe: Bool) -> [LayeredPacket] {
        picture += 1
        phase = isKeyframe || picture == 0 ? 0 : (phase + 1) % 4
        let isKeyframe = isKeyframe || picture == 0
        let temporal = Self.temporals[phase]
        if temporal == 0 { tl0 += 1 }
        var packets: [LayeredPacket] = []
        for spatial in 0..<spatialLayers {
            let frame = references.count
            var needed: [Int] = []
            if !isKeyframe {
                needed.append(latest[spatial][Self.before[phase]])
                // VP8's second frame of the highest layer refers to the first one, too: it is no layer sync.
                if codec == .vp8, phase == 3 { needed.append(latest[spatial][1]) }
            }
            if spatial > 0, isKeyframe || !isKeyOnly { needed.append(frame - 1) }
            references.append(needed)
            if isKeyframe {
                latest[spatial] = Array(repeating: frame, count: 4)
            } else {
                latest[spatial][phase] = frame
            }
            for part in 0..<packetsPerFrame {
                var packet = LayeredPacket(
                    frame: frame, picture: picture, spatial: spatial, temporal: temporal, isFirst: part == 0,
                    isLast: part == packetsPerFrame - 1,
                    marker: part == packetsPerFrame - 1 && spatial == spatialLayers - 1,
                    isKeyframe: isKeyframe, payload: [])
                write(&packet, isKeyframe: isKeyframe)
                packet.sequence = sequence
                sequence &+= 1
                packets.append(packet)
            }
        }
        return packets
    }

    private func write(_ packet: inout LayeredPacket, isKeyframe: Bool) {
        switch codec {
        case .vp8: packet.payload = vp8(packet, isKeyframe)
        case .vp9, .vp9Flexible: packet.payload = vp9(packet, isKeyframe)
        case .av1:
            packet.payload = [isKeyframe && packet.spatial == 0 && packet.isFirst ? 0x18 : 0x10, 0x0a, 0x0b]
            packet.descriptor = descriptor(packet, isKeyframe)
        }
    }

    private func vp8(_ packet: LayeredPacket, _ isKeyframe: Bool) -> [UInt8] {
        let number = (firstNumber + packet.picture) & 0x7fff
        let isSync = phase == 1 || phase == 2
        return [
            packet.isFirst ? 0x90 : 0x80, 0xe0, UInt8(0x80 | number >> 8), UInt8(number & 0xff), UInt8(tl0 & 0xff),
            UInt8(packet.temporal << 6) | (isSync ? 0x20 : 0), isKeyframe ? 0x50 : 0x51, 9, 9, 9,
        ]
    }

    private func vp9(_ packet: LayeredPacket, _ isKeyframe: Bool) -> [UInt8] {
        let number = (firstNumber + packet.picture) & 0x7fff
        let isFlexible = codec == .vp9Flexible
        let usesBelow = packet.spatial > 0 && (isKeyframe || !isKeyOnly)
        let isUsedAbove = packet.spatial < spatialLayers - 1 && (isKeyframe || !isKeyOnly)
        var first: UInt8 = 0xa0
        if !isKeyframe { first |= 0x40 }
        if isFlexible { first |= 0x10 }
        if packet.isFirst { first |= 0x08 }
        if packet.isLast { first |= 0x04 }
        if !isUsedAbove { first |= 0x01 }
        let layers = packet.temporal << 5 | (isFlexible ? 0 : 0x10) | packet.spatial << 1 | (usesBelow ? 1 : 0)
        var bytes = [first, UInt8(0x80 | number >> 8), UInt8(number & 0xff), UInt8(layers)]
        if !isFlexible { bytes.append(UInt8(tl0 & 0xff)) }
        if isFlexible, !isKeyframe { bytes.append(UInt8([4, 1, 2, 1][phase] << 1)) }
        return bytes + [9, 9, 9]
    }

    // MARK: Dependency descriptor

    /// Five templates for each spatial layer: 0 for keyframes, and one more than the phase.
    static let templateOffset = 62

    private func indication(_ spatial: Int, _ template: Int, target: Int) -> Int {
        let temporal = template == 0 ? 0 : Self.temporals[template - 1]
        let (targetSpatial, targetTemporal) = (target / 3, target % 3)
        guard targetSpatial >= spatial, targetTemporal >= temporal else { return 0 }
        if targetSpatial == spatial { return temporal > 0 && targetTemporal == temporal ? 1 : 2 }
        if template == 0 { return 2 }
        return isKeyOnly ? 0 : 3
    }

    private func descriptor(_ packet: LayeredPacket, _ isKeyframe: Bool) -> [UInt8] {
        var writer = BitWriter()
        writer.put(packet.isFirst ? 1 : 0, 1)
        writer.put(packet.isLast ? 1 : 0, 1)
        let place = Self.order.firstIndex(of: isKeyframe ? 0 : phase + 1) ?? 0
        writer.put((Self.templateOffset + packet.spatial * 5 + place) % 64, 6)
        writer.put((firstNumber + packet.frame) & 0xffff, 16)
        guard isKeyframe, packet.spatial == 0, packet.isFirst else { return writer.bytes }
        writer.put(0b10000, 5)
        writer.put(Self.templateOffset, 6)
        writer.put(spatialLayers * 3 - 1, 5)
        writeStructure(&writer)
        return writer.bytes
    }

    /// Templates stand in the order of their layers, so that the two phases of the highest temporal layer are neighbours.
    static let order = [0, 1, 3, 2, 4]

    private func writeStructure(_ writer: inout BitWriter) {
        // 0: the same layer, 1: the next temporal, 2: the next spatial one, 3: no more.
        for spatial in 0..<spatialLayers {
            for step in [0, 1, 1, 0] { writer.put(step, 2) }
            writer.put(spatial == spatialLayers - 1 ? 3 : 2, 2)
        }
        let distance = spatialLayers
        for spatial in 0..<spatialLayers {
            for template in Self.order {
                for target in 0..<spatialLayers * 3 { writer.put(indication(spatial, template, target: target), 2) }
            }
        }
        for spatial in 0..<spatialLayers {
            for template in Self.order {
                let pictures = template == 0 ? 0 : [4, 1, 2, 1][template - 1]
                if pictures > 0 { writer.put(1 << 4 | (pictures * distance - 1), 5) }
                if spatial > 0, template == 0 || !isKeyOnly { writer.put(1 << 4, 5) }
                writer.put(0, 1)
            }
        }
        writer.put(spatialLayers, below: spatialLayers * 3 + 1)
        for target in 0..<spatialLayers * 3 { writer.put(target / 3, below: spatialLayers) }
        for _ in 0..<spatialLayers * 5 * spatialLayers { writer.put(0, 4) }
        writer.put(1, 1)
        for spatial in 0..<spatialLayers {
            writer.put(320 << spatial - 1, 16)
            writer.put(180 << spatial - 1, 16)
        }
    }
}
