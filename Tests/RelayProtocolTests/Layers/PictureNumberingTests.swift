import RelayProtocol
import TestSupport
import Testing

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

/// One consumer of several VP8 sources, of which it gets one at a time.
private struct Consumer {
    struct Sent {
        var source: UInt32
        var packet: LayeredPacket
        var layer: PacketLayer
        var payload: [UInt8]
    }

    var filter = LayerFilter()
    var map = SequenceMap(sequence: 0, timestamp: 0, clockRate: 90_000)
    private(set) var sent: [UInt16: Sent] = [:]
    private var readers = [LayerReader(codec: .VP8), LayerReader(codec: .VP8)]
    private var numbering = PictureNumbering()
    private var current = -1

    /// - Returns: its payload; nil where it is left out.
    mutating func take(_ packet: LayeredPacket, from index: Int, step: Int) -> [UInt8]? {
        let layer = read(&readers[index], packet.payload, marker: packet.marker)
        let source = UInt32(index + 1)
        if index != current {
            current = index
            filter.begin(at: layer)
            map.begin(source: source, pictures: numbering.begin(at: layer))
        }
        guard filter.decide(layer) != .leaveOut else {
            map.leaveOut(source: source, sequence: packet.sequence, pictures: numbering.leaveOut(layer))
            return nil
        }
        numbering.forward(layer)
        let now = Instant(microseconds: Int64(step) * 33_333)
        guard
            let mapped = map.forward(
                source: source, sequence: packet.sequence, timestamp: UInt32(step) * 3_000, at: now)
        else {
            Issue.record("picture \(step) has no place")
            return nil
        }
        let payload = rewritten(packet.payload, layer, by: mapped.pictures)
        sent[mapped.sequence] = Sent(source: source, packet: packet, layer: layer, payload: payload)
        return payload
    }
}

/// How browsers find the references of VP8 frames that come in order: one of the lowest layer refers to the one before it, a layer sync
/// to the lowest layer's latest, any other to the latest of its own layer and of those below, provided no picture in between is missing.
private struct VP8Receiver {
    private var newest: Int?
    private var missing: Set<Int> = []
    private var tl0 = 0
    /// By unwrapped TL0PICIDX: the latest picture of each temporal layer.
    private var groups: [Int: [Int: Int]] = [:]

    /// - Returns: the frame's number without wrapping, and its references; nil where it would have to wait.
    mutating func take(_ payload: [UInt8]) -> (number: Int, references: Set<Int>)? {
        let id = Int(payload[2] & 0x7f) << 8 | Int(payload[3])
        let previous = newest ?? id - 1
        let number = previous + ((id - previous) & 0x7fff)
        missing.formUnion(previous + 1..<max(number, previous + 1))
        newest = number
        tl0 += Int(Int8(truncatingIfNeeded: Int(payload[4]) - tl0))
        let temporal = Int(payload[5] >> 6)
        if payload[6] & 1 == 0 {
            groups[tl0] = [0: number]
            return (number, [])
        }
        guard var layers = groups[temporal == 0 ? tl0 - 1 : tl0], let lowest = layers[0] else { return nil }
        defer { groups[tl0] = layers }
        if temporal == 0 || payload[5] & 0x20 != 0 {
            layers[temporal] = number
            return (number, [lowest])
        }
        var found: Set<Int> = []
        for layer in 0...temporal {
            guard let latest = layers[layer], missing.isDisjoint(with: latest..<number) else { return nil }
            found.insert(latest)
        }
        layers[temporal] = number
        return (number, found)
    }
}

struct PictureNumberingTests {
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

    /// Two sources, one after the other and back, of which a consumer gets one to three temporal layers: what it sees is numbered
    /// without gaps, and a packet that is resent bears the numbers that it had.
    @Test func aVP8ConsumerSeesNeitherChangesNorWhatIsLeftOut() {
        var sources = [LayeredSource(.vp8, firstNumber: 32_760), LayeredSource(.vp8, firstNumber: 5)]
        var consumer = Consumer()
        var pictures: [(id: Int, tl0: Int, temporal: Int)] = []
        for step in 0..<400 {
            let index = step / 50 % 2
            consumer.filter.wanted = (0, UInt8(step / 20 % 3))
            for packet in sources[index].next(isKeyframe: step % 50 == 0) {
                guard let payload = consumer.take(packet, from: index, step: step) else { continue }
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
        for (sequence, was) in consumer.sent {
            guard let origin = consumer.map.origin(of: sequence) else { continue }
            resent += 1
            #expect((origin.source, origin.sequence) == (was.source, was.packet.sequence))
            #expect(rewritten(was.packet.payload, was.layer, by: origin.pictures) == was.payload)
        }
        #expect(resent > 100)
    }

    /// A receiver guesses a VP8 frame's references from its numbers. It has to find all that the frame really has, and must not wait for
    /// any picture that never comes.
    @Test func aVP8ReceiverFindsTheReferencesOfWhatItGets() {
        var sources = [LayeredSource(.vp8, firstNumber: 32_760), LayeredSource(.vp8, firstNumber: 5)]
        var random = SeededRandom(seed: 51)
        var consumer = Consumer()
        var receiver = VP8Receiver()
        var numbers: [[Int: Int]] = [[:], [:]]
        var frames = 0
        for step in 0..<2_000 {
            let index = step / 150 % 2
            if step % 7 == 0 { consumer.filter.wanted = (0, UInt8.random(in: 0...2, using: &random)) }
            for packet in sources[index].next(isKeyframe: step % 150 == 0) {
                guard let payload = consumer.take(packet, from: index, step: step), packet.isFirst else { continue }
                frames += 1
                guard let (number, found) = receiver.take(payload) else {
                    Issue.record("picture \(step) waits for another one")
                    return
                }
                numbers[index][packet.frame] = number
                let needed = sources[index].references[packet.frame].map { numbers[index][$0] ?? -1 }
                #expect(found.isSuperset(of: needed), "picture \(step)")
            }
        }
        #expect(frames > 800)
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
