import RelayProtocol
import TestSupport
import Testing

/// Reads one packet; the reader goes on.
func read(
    _ reader: inout LayerReader, _ payload: [UInt8], descriptor: [UInt8]? = nil, marker: Bool = false
) -> PacketLayer {
    payload.withUnsafeBytes { bytes in
        guard let descriptor else { return reader.read(bytes, dependencyDescriptor: nil, marker: marker) }
        return descriptor.withUnsafeBytes { reader.read(bytes, dependencyDescriptor: $0, marker: marker) }
    }
}

struct LayerReaderTests {
    // MARK: VP8

    @Test func readsVP8LayersAndWhereTheNumbersStand() {
        var reader = LayerReader(codec: .VP8)
        let layer = read(&reader, [0xb0, 0xf0, 0x92, 0x34, 0x07, 0xa5, 0x51, 0], marker: true)
        #expect((layer.number, layer.numberBits, layer.numberAt) == (0x1234, 15, 2))
        #expect((layer.tl0, layer.tl0At, layer.temporal, layer.spatial) == (7, 4, 2, 0))
        #expect(
            layer.flags == [
                .countsEveryPicture, .startsPicture, .endsPicture, .isDiscardable, .allowsTemporalStart,
            ])
        let short = read(&reader, [0x80, 0xe0, 0x45, 0x08, 0x40, 0x51, 0])
        #expect((short.number, short.numberBits, short.numberAt, short.tl0At, short.temporal) == (0x45, 7, 2, 3, 1))
        #expect(short.flags == [.countsEveryPicture])
        let plain = read(&reader, [0x10, 0x51])
        #expect((plain.numberBits, plain.tl0At, plain.temporal) == (0, 0, 0))
        #expect(read(&reader, [0x90, 0xe0, 0x92, 0x34]) == PacketLayer())
    }

    @Test func learnsVP8SizesFromKeyframes() {
        var reader = LayerReader(codec: .VP8)
        #expect(!reader.frameSize(ofSpatial: 0).isKnown)
        // 640×360 with scaling bits, behind a picture id.
        let key = read(&reader, [0x90, 0x80, 0x81, 0x02, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x68, 0x81])
        #expect(key.flags.contains(.startsKeyframe))
        #expect(reader.frameSize(ofSpatial: 0) == FrameSize(width: 640, height: 360))
        #expect(reader.frameSize(ofSpatial: 200) == FrameSize())
    }

    // MARK: VP9

    @Test func readsVP9LayersInBothModes() {
        var reader = LayerReader(codec: .VP9)
        // Non-flexible: I, P, L, B, E; T2, U, S1, D.
        let fixed = read(&reader, [0xec, 0x92, 0x34, 0x53, 0x09, 0xaa])
        #expect((fixed.number, fixed.numberBits, fixed.numberAt, fixed.tl0, fixed.tl0At) == (0x1234, 15, 1, 9, 4))
        #expect((fixed.spatial, fixed.temporal, fixed.neededBy) == (1, 2, 0xfe))
        #expect(fixed.flags == [.startsPicture, .endsPicture, .opensTemporalLayers, .needsLayerBelow])
        // Flexible: I, P, L, F, B, Z; T1, S2; references 1, 3 and 40 back.
        let flexible = read(&reader, [0xf9, 0x45, 0x24, 0x03, 0x07, 0x50, 0xaa])
        #expect((flexible.number, flexible.numberBits, flexible.tl0At, flexible.references) == (0x45, 7, 0, 0b101))
        #expect((flexible.spatial, flexible.temporal, flexible.neededBy) == (2, 1, 0b100))
        #expect(flexible.flags == [.startsPicture, .namesReferences, .hasFarReference])
        // Without prediction the lowest layer is a keyframe, the others are where one can step up.
        let low = read(&reader, [0xa8, 0x92, 0x34, 0x00, 0x09, 0xaa])
        #expect(low.flags.isSuperset(of: [.startsKeyframe, .isKeyframe, .allowsSpatialStart, .allowsTemporalStart]))
        let upper = read(&reader, [0xa8, 0x92, 0x34, 0x03, 0x09, 0xaa])
        #expect(upper.flags == [.startsPicture, .allowsSpatialStart, .allowsTemporalStart, .needsLayerBelow])
    }

    @Test func learnsVP9SizesFromTheStructureOrTheKeyframe() {
        var reader = LayerReader(codec: .VP9)
        _ = read(
            &reader,
            [
                0xaa, 0x92, 0x34, 0x00, 0x09, 0x50, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 0x05, 0x00, 0x02,
                0xd0,
            ])
        #expect(reader.frameSize(ofSpatial: 0) == FrameSize(width: 320, height: 180))
        #expect(reader.frameSize(ofSpatial: 2) == FrameSize(width: 1280, height: 720))
        var other = LayerReader(codec: .VP9)
        // Profile 0, keyframe shown, sync code, colour space 2, 1280×720.
        var frame = BitWriter()
        for (value, count) in [(2, 2), (0, 2), (0, 1), (0, 1), (1, 1), (0, 1), (0x498342, 24), (2, 3), (0, 1)] {
            frame.put(value, count)
        }
        frame.put(1279, 16)
        frame.put(719, 16)
        _ = read(&other, [0x88, 0x92, 0x34] + frame.bytes)
        #expect(other.frameSize(ofSpatial: 0) == FrameSize(width: 1280, height: 720))
    }

    // MARK: H.264

    @Test func takesUnreferencedH264PicturesForAHigherLayer() {
        var reader = LayerReader(codec: .H264)
        let steps: [([UInt8], Bool, UInt8)] = [
            // Parameters, an IDR picture in fragments, then a picture that nobody needs in two slices.
            ([0x67, 0x42], false, 0), ([0x7c, 0x85, 0x88], false, 0), ([0x7c, 0x45, 0x88], true, 0),
            ([0x01, 0x9a], false, 1), ([0x01, 0x42], true, 1),
            // Supplemental information in front: the picture stays whole.
            ([0x06, 0x05], false, 0), ([0x01, 0x9a], true, 0),
            // Fragments of one that nobody needs; then one that is needed, with its parameters, behind a lost marker.
            ([0x1c, 0x81, 0x9a], false, 1), ([0x1c, 0x01, 0x9a], false, 1), ([0x68, 0xce], false, 0),
            ([0x41, 0x9a], true, 0),
        ]
        for (payload, marker, temporal) in steps {
            let layer = read(&reader, payload, marker: marker)
            #expect(layer.temporal == temporal, "\(payload)")
            #expect(layer.flags.contains(.endsPicture) == marker)
        }
    }

    @Test func readsTheTemporalLayerOfAPrefixUnit() {
        var reader = LayerReader(codec: .H264)
        // STAP-A: prefix unit with temporal_id 2, slice.
        let layer = read(&reader, [0x78, 0, 4, 0x6e, 0x80, 0x00, 0x47, 0, 2, 0x61, 0x9a], marker: true)
        #expect(layer.temporal == 2)
        #expect(!layer.flags.contains(.allowsTemporalStart))
        #expect(read(&reader, [0x61, 0x9a], marker: true).temporal == 0)
    }

    @Test(
        arguments: [
            // Baseline, and high profile with cropping.
            ("6742c01f8c8d40501ed00f08846a", 640, 480),
            ("67640028acd940780227e5c044000003000400000300f03c60c658", 1920, 1080),
            // Emulation prevention before the size.
            ("674200000301016805005b90", 1280, 720),
        ])
    func learnsH264SizesFromItsParameters(hex: String, width: UInt16, height: UInt16) {
        var reader = LayerReader(codec: .H264)
        let unit = bytes(hex: hex)
        let payload = [0x78, 0, UInt8(unit.count)] + unit + [0, 2, 0x68, 0xce]
        #expect(read(&reader, payload).flags.contains(.startsKeyframe))
        #expect(reader.frameSize(ofSpatial: 0) == FrameSize(width: width, height: height))
    }

    // MARK: AV1

    @Test func remembersTheStructureOfDependencyDescriptors() {
        var source = LayeredSource(.av1, spatialLayers: 3, firstNumber: 65_534)
        var reader = LayerReader(codec: .AV1)
        let key = source.next(isKeyframe: true).map { read(&reader, $0.payload, descriptor: $0.descriptor) }
        #expect(key.map(\.spatial) == [0, 0, 1, 1, 2, 2])
        #expect(key.map(\.number) == [65_534, 65_534, 65_535, 65_535, 0, 0])
        #expect(key.map(\.references) == [0, 0, 1, 1, 1, 1])
        #expect(key[0].flags.isSuperset(of: [.startsKeyframe, .isKeyframe, .startsPicture, .allowsSpatialStart]))
        #expect(key[0].neededBy == 0xff)
        #expect(reader.frameSize(ofSpatial: 0) == FrameSize(width: 320, height: 180))
        #expect(reader.frameSize(ofSpatial: 2) == FrameSize(width: 1280, height: 720))
        let next = source.next(isKeyframe: false).map { read(&reader, $0.payload, descriptor: $0.descriptor) }
        #expect(next.map(\.temporal) == [2, 2, 2, 2, 2, 2])
        #expect(next.map(\.neededBy) == [0xff, 0xff, 0xfe, 0xfe, 0xfc, 0xfc])
        #expect(next.map(\.references) == [0b100, 0b100, 0b101, 0b101, 0b101, 0b101])
    }

    @Test func readsOldPacketsAgainWithoutForgettingNewerOnes() {
        var source = LayeredSource(.av1, spatialLayers: 3)
        var reader = LayerReader(codec: .AV1)
        let packets = (0..<8).flatMap { source.next(isKeyframe: $0 == 0 || $0 == 5) }
        let (old, new) = (packets[..<45], packets[45...])
        let layers = old.map { read(&reader, $0.payload, descriptor: $0.descriptor) }
        for (packet, layer) in zip(old, layers) {
            let again = packet.payload.withUnsafeBytes { payload in
                packet.descriptor.withUnsafeBytes { reader.readAgain(payload, dependencyDescriptor: $0) }
            }
            #expect((again.spatial, again.temporal, again.number) == (layer.spatial, layer.temporal, layer.number))
            #expect(again.flags.contains(.endsPicture) == layer.flags.contains(.endsPicture))
        }
        #expect(read(&reader, new[45].payload, descriptor: new[45].descriptor).spatial == UInt8(new[45].spatial))
    }

    @Test func takesAV1WithoutDescriptorForOneLayer() {
        var reader = LayerReader(codec: .AV1)
        // A sequence header of its own length, reduced still picture header off, one operating point, 640×360.
        var header = BitWriter()
        for (value, count) in [(0, 3), (0, 1), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (4, 5), (9, 4), (8, 4)] {
            header.put(value, count)
        }
        header.put(639, 10)
        header.put(359, 9)
        header.put(0, 8)
        let payload = [0x28, UInt8(header.bytes.count + 1), 0x08] + header.bytes + [0x30, 1, 2, 3]
        let layer = read(&reader, payload)
        #expect(layer.flags == [.startsKeyframe, .isKeyframe])
        #expect((layer.spatial, layer.numberBits) == (0, 0))
        #expect(reader.frameSize(ofSpatial: 0) == FrameSize(width: 640, height: 360))
        // A descriptor that refers to a structure which never came says nothing.
        #expect(read(&reader, [0x10, 1], descriptor: [0x81, 0, 1]) == PacketLayer())
    }

    // MARK: Garbage

    @Test func neverTrapsOnGarbageOrOnWhatIsCutShort() {
        var random = SeededRandom(seed: 12)
        var sources = [
            LayeredSource(.vp8), LayeredSource(.vp9, spatialLayers: 3), LayeredSource(.vp9Flexible, spatialLayers: 3),
            LayeredSource(.av1, spatialLayers: 3),
        ]
        var readers = [CodecName.VP8, .VP9, .VP9, .AV1, .H264].map { LayerReader(codec: $0) }
        var scratch = [UInt8](repeating: 0, count: PacketLayer.longestRewritten)
        var rewritten = 0
        for step in 0..<60_000 {
            let index = step % 5
            var payload = random.bytes(Int.random(in: 0...40, using: &random))
            var descriptor: [UInt8]? =
                Bool.random(using: &random) ? random.bytes(Int.random(in: 0...60, using: &random)) : nil
            if index < 4, Bool.random(using: &random) {
                let packets = sources[index].next(isKeyframe: Bool.random(using: &random))
                let packet = packets[Int.random(in: 0..<packets.count, using: &random)]
                payload = Array(packet.payload.prefix(Int.random(in: 0...12, using: &random)))
                descriptor = Array(packet.descriptor.prefix(Int.random(in: 0...90, using: &random)))
                if descriptor?.isEmpty == false, Bool.random(using: &random) {
                    let at = Int.random(in: 0..<(descriptor?.count ?? 1), using: &random)
                    descriptor?[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
                }
            }
            let layer = read(&readers[index], payload, descriptor: descriptor, marker: Bool.random(using: &random))
            let length = payload.withUnsafeBytes { bytes in
                scratch.withUnsafeMutableBytes { out in
                    out.baseAddress.map { layer.rewrite(bytes, by: PictureOffset(id: 5, tl0: 6), into: $0) } ?? 0
                }
            }
            if length > payload.count { Issue.record("\(length) of \(payload.count) bytes rewritten") }
            if length > 0 { rewritten += 1 }
        }
        #expect(rewritten > 5_000)
    }
}
