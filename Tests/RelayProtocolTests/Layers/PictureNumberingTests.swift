import RelayProtocol
import TestSupport
import Testing

struct PictureNumberingTests {
    /// The payload as the consumer gets it.
    private func rewritten(_ payload: [UInt8], _ layer: PacketLayer, by offset: PictureOffset) -> [UInt8] {
        var scratch = [UInt8](repeating: 0xee, count: PacketLayer.longestRewritten)
        let length = payload.withUnsafeBytes { bytes in
            scratch.withUnsafeMutableBytes { out in
                out.baseAddress.map { layer.rewrite(bytes, by: offset, into: $0) } ?? 0
            }
        }
        return Array(scratch[..<length]) + payload[length...]
    }

    @Test func rewritesOnlyTheNumbers() {
        var vp8 = LayerReader(codec: .VP8)
        var vp9 = LayerReader(codec: .VP9)
        let long: [UInt8] = [0x90, 0xf0, 0xff, 0xff, 0xff, 0xa5, 0x51, 0x77]
        #expect(
            rewritten(long, read(&vp8, long), by: .init(id: 2, tl0: 3)) == [
                0x90, 0xf0, 0x80, 0x01, 0x02, 0xa5, 0x51, 0x77,
            ])
        let short: [UInt8] = [0x90, 0x80, 0x7f, 0x51, 0x77]
        #expect(rewritten(short, read(&vp8, short), by: .init(id: 2, tl0: 3)) == [0x90, 0x80, 0x01, 0x51, 0x77])
        let layered: [UInt8] = [0xe8, 0x92, 0x34, 0x50, 0x09, 0xaa]
        #expect(
            rewritten(layered, read(&vp9, layered), by: .init(id: 0xffff, tl0: 0xff)) == [
                0xe8, 0x92, 0x33, 0x50, 0x08, 0xaa,
            ])
        // Nothing to add, or nothing to add to.
        let layer = read(&vp8, long)
        let untouched = long.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { out in
                out.baseAddress.map { layer.rewrite(bytes, by: .init(), into: $0) } ?? -1
            }
        }
        #expect(untouched == 0)
        #expect(rewritten([0x10, 0x51], read(&vp8, [0x10, 0x51]), by: .init(id: 9)) == [0x10, 0x51])
    }

    /// Two sources, one after the other and back, of which a consumer gets two of three temporal layers: what it sees is numbered
    /// without gaps, and a packet that is resent bears the numbers that it had.
    @Test func aVP8ConsumerSeesNeitherChangesNorWhatIsLeftOut() {
        var sources = [LayeredSource(.vp8, firstNumber: 32_760), LayeredSource(.vp8, firstNumber: 5)]
        var readers = [LayerReader(codec: .VP8), LayerReader(codec: .VP8)]
        var filter = LayerFilter()
        var numbering = PictureNumbering()
        var map = SequenceMap(sequence: 0, timestamp: 0, clockRate: 90_000)
        var sent: [UInt16: (payload: [UInt8], source: UInt32, sequence: UInt16, plain: [UInt8], layer: PacketLayer)] =
            [:]
        var pictures: [(id: Int, tl0: Int, temporal: Int)] = []
        var current = -1
        for step in 0..<400 {
            let index = step / 50 % 2
            filter.wanted = (0, UInt8(step / 20 % 3))
            for packet in sources[index].next(isKeyframe: index != current) {
                let layer = read(&readers[index], packet.payload, marker: packet.marker)
                let source = UInt32(index + 1)
                if index != current {
                    current = index
                    filter.begin(at: layer)
                    map.begin(source: source, pictures: numbering.begin(at: layer))
                }
                guard filter.decide(layer) != .leaveOut else {
                    map.leaveOut(source: source, sequence: packet.sequence, pictures: numbering.leaveOut(layer))
                    continue
                }
                numbering.forward(layer)
                let now = Instant(microseconds: Int64(step) * 33_333)
                guard
                    let mapped = map.forward(
                        source: source, sequence: packet.sequence, timestamp: UInt32(step) * 3_000, at: now)
                else {
                    Issue.record("picture \(step) has no place")
                    return
                }
                let payload = rewritten(packet.payload, layer, by: mapped.pictures)
                sent[mapped.sequence] = (payload, source, packet.sequence, packet.payload, layer)
                let id = Int(payload[2] & 0x7f) << 8 | Int(payload[3])
                if pictures.last?.id != id { pictures.append((id, Int(payload[4]), Int(payload[5] >> 6))) }
            }
        }
        #expect(pictures.count > 150)
        for (before, after) in zip(pictures, pictures.dropFirst()) {
            #expect(after.id == (before.id + 1) & 0x7fff)
            #expect(after.tl0 == (before.tl0 + (after.temporal == 0 ? 1 : 0)) & 0xff)
        }
        var resent = 0
        for (sequence, was) in sent {
            guard let origin = map.origin(of: sequence) else { continue }
            resent += 1
            #expect((origin.source, origin.sequence) == (was.source, was.sequence))
            #expect(rewritten(was.plain, was.layer, by: origin.pictures) == was.payload)
        }
        #expect(resent > 100)
    }

    /// A receiver of VP9 and AV1 finds references by their distance, so that nothing moves within one source.
    @Test func otherCodecsKeepTheirDistances() {
        for (codec, kind) in [(CodecName.VP9, LayeredSource.Codec.vp9), (.AV1, .av1)] {
            var reader = LayerReader(codec: codec)
            var source = LayeredSource(kind, spatialLayers: 2)
            var numbering = PictureNumbering()
            let first = source.next(isKeyframe: true).map { read(&reader, $0.payload, descriptor: $0.descriptor) }
            #expect(numbering.begin(at: first[0]) == PictureOffset())
            for layer in first { numbering.forward(layer) }
            for packet in source.next(isKeyframe: false) {
                #expect(
                    numbering.leaveOut(read(&reader, packet.payload, descriptor: packet.descriptor)) == PictureOffset())
            }
            // What comes after a pause follows what was sent.
            let later = source.next(isKeyframe: true).map { read(&reader, $0.payload, descriptor: $0.descriptor) }
            let offset = numbering.begin(at: later[0])
            #expect(later[0].number &+ offset.id == first[first.count - 1].number &+ 1)
            if codec == .VP9 { #expect(later[0].tl0 &+ offset.tl0 == first[0].tl0 &+ 1) }
        }
    }
}
