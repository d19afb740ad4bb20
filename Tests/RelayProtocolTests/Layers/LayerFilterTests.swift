import RelayProtocol
import TestSupport
import Testing

/// What a consumer gets, checked against what each frame really refers to.
private struct Watcher {
    var reader: LayerReader
    var filter = LayerFilter()
    /// By frame.
    var decisions: [Int: Bool] = [:]
    /// Frames some of whose packets went another way than the first one.
    var torn: Set<Int> = []
    /// By picture, whether the last packet that was forwarded bore the marker, and how many bore it.
    var endings: [Int: (isMarked: Bool, count: Int)] = [:]
    var highest: UInt16?

    init(_ source: LayeredSource) {
        let codec: CodecName =
            switch source.codec {
            case .vp8: .VP8
            case .vp9, .vp9Flexible: .VP9
            case .av1: .AV1
            }
        reader = LayerReader(codec: codec)
    }

    mutating func take(_ packet: LayeredPacket) {
        let layer = packet.payload.withUnsafeBytes { payload in
            packet.descriptor.withUnsafeBytes { descriptor in
                reader.read(
                    payload, dependencyDescriptor: descriptor.isEmpty ? nil : descriptor, marker: packet.marker)
            }
        }
        let isLate = highest.map { Int16(bitPattern: packet.sequence &- $0) < 0 } ?? false
        if !isLate { highest = packet.sequence }
        let decision = filter.decide(layer, isLate: isLate)
        let isForwarded = decision != .leaveOut
        if let before = decisions[packet.frame], before != isForwarded { torn.insert(packet.frame) }
        decisions[packet.frame] = decisions[packet.frame] ?? isForwarded
        guard isForwarded else { return }
        let marker = packet.marker || decision == .forwardAsLast
        let count = (endings[packet.picture]?.count ?? 0) + (marker ? 1 : 0)
        endings[packet.picture] = (marker, count)
    }

    var forwarded: Set<Int> { Set(decisions.filter(\.value).keys) }

    /// Frames that were sent although something that they refer to was left out.
    func undecodable(_ source: LayeredSource) -> [Int] {
        forwarded.filter { frame in source.references[frame].contains { decisions[$0] == false } }.sorted()
    }
}

struct LayerFilterTests {
    private static let sources: [LayeredSource] = [
        LayeredSource(.vp8), LayeredSource(.vp9), LayeredSource(.vp9, spatialLayers: 3),
        LayeredSource(.vp9, spatialLayers: 3, isKeyOnly: true), LayeredSource(.vp9Flexible, spatialLayers: 3),
        LayeredSource(.vp9Flexible, spatialLayers: 3, isKeyOnly: true), LayeredSource(.av1, firstNumber: 65_400),
        LayeredSource(.av1, spatialLayers: 3, firstNumber: 65_000),
        LayeredSource(.av1, spatialLayers: 3, isKeyOnly: true, firstNumber: 65_000),
    ]

    /// Runs pictures; keyframes come four pictures after the filter began to want one.
    private func run(
        _ source: inout LayeredSource, _ watcher: inout Watcher, pictures: Int, wait: inout Int,
        each: (inout [LayeredPacket]) -> Void = { _ in }
    ) {
        for _ in 0..<pictures {
            if watcher.filter.needsKeyframe { wait += 1 } else { wait = 0 }
            let isDue = wait > 4
            if isDue { wait = 0 }
            var packets = source.next(isKeyframe: isDue)
            each(&packets)
            for packet in packets { watcher.take(packet) }
        }
    }

    @Test(arguments: 0..<9)
    func sendsOnlyWhatCanBeDecodedWhateverIsWanted(index: Int) {
        var source = Self.sources[index]
        var random = SeededRandom(seed: 900 + UInt64(index))
        var watcher = Watcher(source)
        var wait = 0
        for _ in 0..<60 {
            watcher.filter.wanted = (
                UInt8.random(in: 0..<UInt8(source.spatialLayers), using: &random),
                UInt8.random(in: 0...2, using: &random)
            )
            run(&source, &watcher, pictures: Int.random(in: 1...40, using: &random), wait: &wait)
        }
        #expect(watcher.undecodable(source) == [])
        #expect(watcher.torn == [])
        #expect(watcher.forwarded.count > 300)
        #expect(watcher.forwarded.count < source.references.count)
    }

    @Test(arguments: 0..<9)
    func reachesWhatIsWantedAndMarksTheEndOfEachPicture(index: Int) {
        var source = Self.sources[index]
        let top = UInt8(source.spatialLayers - 1)
        for wanted: LayerFilter.Layers in [(0, 0), (top, 2), (0, 2), (top, 0), (top, 1), (0, 1), (255, 255), (0, 0)] {
            var watcher = Watcher(source)
            watcher.filter.wanted = (min(1, top), 1)
            for packet in source.next(isKeyframe: true) { watcher.take(packet) }
            var wait = 0
            run(&source, &watcher, pictures: 20, wait: &wait)
            watcher.filter.wanted = wanted
            run(&source, &watcher, pictures: 60, wait: &wait)
            #expect(!watcher.filter.needsKeyframe)
            let settled = source.references.count
            watcher.decisions = [:]
            watcher.endings = [:]
            var expected: Set<Int> = []
            let spatial = min(wanted.spatial, top)
            let isKeyOnly = source.isKeyOnly
            run(&source, &watcher, pictures: 40, wait: &wait) { packets in
                for packet in packets where packet.temporal <= wanted.temporal {
                    // Between keyframes a layer that no other needs is not sent along, unless everything is wanted.
                    let isNeeded =
                        isKeyOnly && wanted.spatial != 255
                        ? packet.spatial == spatial : packet.spatial <= spatial
                    if isNeeded { expected.insert(packet.frame) }
                }
            }
            #expect(watcher.forwarded == expected, "wanted \(wanted)")
            #expect(watcher.forwarded.allSatisfy { $0 >= settled })
            #expect(watcher.endings.values.allSatisfy { $0.isMarked && $0.count == 1 })
            if wanted.spatial != 255 {
                #expect(watcher.filter.current.spatial == spatial)
                #expect(watcher.filter.current.temporal == wanted.temporal)
            }
        }
    }

    /// The decoder's needs hold under loss and reordering as well, and every packet of a frame goes the same way.
    @Test(arguments: 0..<9)
    func staysDecodableThroughLossAndReordering(index: Int) {
        var source = Self.sources[index]
        var random = SeededRandom(seed: 1_700 + UInt64(index))
        var watcher = Watcher(source)
        var wait = 0
        var late: [LayeredPacket] = []
        for _ in 0..<60 {
            watcher.filter.wanted = (
                UInt8.random(in: 0..<UInt8(source.spatialLayers), using: &random),
                UInt8.random(in: 0...2, using: &random)
            )
            run(&source, &watcher, pictures: Int.random(in: 1...30, using: &random), wait: &wait) { packets in
                var kept: [LayeredPacket] = []
                for packet in packets {
                    // A keyframe's first packet tells what the others mean, so that losing it is another matter.
                    let isHead = packet.isFirst && packet.isKeyframe && packet.spatial == 0
                    switch isHead ? 99 : Int.random(in: 0..<40, using: &random) {
                    case 0: break
                    case 1: late.append(packet)
                    default: kept.append(packet)
                    }
                }
                if !late.isEmpty, Bool.random(using: &random) { kept.append(late.removeFirst()) }
                packets = kept
            }
        }
        #expect(watcher.undecodable(source) == [])
        #expect(watcher.torn == [])
        #expect(watcher.forwarded.count > 200)
    }

    @Test func letsEverythingThroughWithoutLookingWhereEverythingIsWanted() {
        var filter = LayerFilter()
        #expect(filter.isTransparent)
        filter.wanted = (1, 255)
        #expect(!filter.isTransparent)
        filter.wanted = (255, 255)
        // What was left out may be needed, until a keyframe comes.
        #expect(!filter.isTransparent)
        var layer = PacketLayer()
        layer.flags = [.startsPicture, .startsKeyframe, .isKeyframe]
        filter.begin(at: layer)
        #expect(filter.isTransparent)
        #expect(filter.decide(layer) == .forward)
    }

    @Test func asksForAKeyframeOnlyWhereItHelps() {
        var source = LayeredSource(.vp9, spatialLayers: 3)
        var watcher = Watcher(source)
        watcher.filter.wanted = (0, 0)
        for index in 0..<12 { for packet in source.next(isKeyframe: index == 0) { watcher.take(packet) } }
        #expect(!watcher.filter.needsKeyframe)
        watcher.filter.wanted = (0, 2)
        #expect(!watcher.filter.needsKeyframe)
        watcher.filter.wanted = (1, 2)
        #expect(watcher.filter.needsKeyframe)
        watcher.filter.wanted = (2, 2)
        #expect(watcher.filter.needsKeyframe)
        for packet in source.next(isKeyframe: true) { watcher.take(packet) }
        #expect(!watcher.filter.needsKeyframe)
        // Down goes without.
        watcher.filter.wanted = (1, 2)
        for packet in source.next(isKeyframe: false) { watcher.take(packet) }
        #expect(!watcher.filter.needsKeyframe)
        #expect(watcher.filter.current.spatial == 2)
        for packet in source.next(isKeyframe: false) { watcher.take(packet) }
        #expect(watcher.filter.current.spatial == 1)
    }

    /// A publisher whose uplink no longer carries the highest layer stops sending it.
    @Test func noticesThatALayerIsNoLongerSent() {
        for isKeyOnly in [false, true] {
            var source = LayeredSource(.vp9, spatialLayers: 3, isKeyOnly: isKeyOnly)
            var watcher = Watcher(source)
            watcher.filter.wanted = (2, 2)
            for _ in 0..<20 { for packet in source.next(isKeyframe: false) { watcher.take(packet) } }
            watcher.decisions = [:]
            for _ in 0..<8 {
                for packet in source.next(isKeyframe: false) where packet.spatial < 2 { watcher.take(packet) }
            }
            // Layers of which each stands for itself after a keyframe were left out, so that only another one helps.
            #expect(watcher.filter.needsKeyframe == isKeyOnly)
            #expect(watcher.forwarded.isEmpty == isKeyOnly)
            watcher.decisions = [:]
            for index in 0..<8 {
                for packet in source.next(isKeyframe: index == 0) where packet.spatial < 2 { watcher.take(packet) }
            }
            #expect(!watcher.filter.needsKeyframe)
            #expect(watcher.forwarded.count == (isKeyOnly ? 9 : 16))
        }
    }

    /// A packet that was lost on its way to the relay had a sequence number kept for it, whether or not its frame is forwarded.
    @Test func knowsOfALostPacketWhetherItsFrameWasLeftOut() {
        var source = LayeredSource(.vp8)
        var watcher = Watcher(source)
        watcher.filter.wanted = (0, 1)
        var lost: [LayeredPacket] = []
        for index in 0..<24 {
            for packet in source.next(isKeyframe: false) {
                // The second packet of some pictures, all of another two.
                if index % 5 == 3 && !packet.isFirst || index == 9 || index == 10 {
                    lost.append(packet)
                } else {
                    watcher.take(packet)
                }
            }
        }
        #expect(lost.count == 9)
        for packet in lost {
            let layer = packet.payload.withUnsafeBytes { watcher.reader.readAgain($0, dependencyDescriptor: nil) }
            #expect(watcher.filter.leftOut(layer) == (packet.temporal == 2))
        }
    }

    @Test func knowsWhichPacketsEndedAPictureWhenTheyAreAskedForAgain() {
        var source = LayeredSource(.av1, spatialLayers: 3)
        var watcher = Watcher(source)
        var packets: [LayeredPacket] = []
        for index in 0..<16 {
            // A step down in the middle: what was sent before stays what it was.
            watcher.filter.wanted = (index < 8 ? 1 : 0, 2)
            for packet in source.next(isKeyframe: false) {
                packets.append(packet)
                watcher.take(packet)
            }
        }
        for packet in packets {
            let layer = packet.payload.withUnsafeBytes { payload in
                packet.descriptor.withUnsafeBytes { watcher.reader.readAgain(payload, dependencyDescriptor: $0) }
            }
            let last = packet.picture < 8 ? 1 : 0
            #expect(watcher.filter.endedPicture(layer) == (packet.isLast && packet.spatial == last), "\(packet)")
        }
    }

    @Test func survivesAnyLayer() {
        var random = SeededRandom(seed: 4)
        var filter = LayerFilter()
        var numbering = PictureNumbering()
        var counts = [0, 0]
        for step in 0..<200_000 {
            if step % 100 == 0 {
                filter.wanted = (UInt8.random(in: 0...255, using: &random), UInt8.random(in: 0...255, using: &random))
            }
            var layer = PacketLayer()
            let bits = random.next()
            layer.flags = PacketLayer.Flags(rawValue: UInt16(truncatingIfNeeded: bits) & 0x1fff)
            if step % 50 != 0 { layer.flags.remove(.isKeyframe) }
            // Half of them such as there are, the others beyond any limit.
            let mask: UInt8 = step % 2 == 0 ? 3 : 0xff
            layer.references = step % 2 == 0 ? 0 : UInt32(truncatingIfNeeded: bits >> 16)
            layer.spatial = UInt8(truncatingIfNeeded: bits >> 48) & mask
            layer.temporal = UInt8(truncatingIfNeeded: bits >> 56) & mask
            layer.neededBy = UInt8(truncatingIfNeeded: bits >> 40)
            layer.numberBits = [0, 7, 15, 16][Int(bits >> 14 & 3)]
            layer.number =
                step % 3 == 0 ? UInt16(truncatingIfNeeded: random.next()) : UInt16(truncatingIfNeeded: step / 3)
            if step % 500 == 0 {
                filter.begin(at: layer)
                _ = numbering.begin(at: layer)
            }
            if filter.decide(layer, isLate: bits & 0x8000 != 0) == .leaveOut {
                counts[0] += 1
                _ = numbering.leaveOut(layer)
            } else {
                counts[1] += 1
                numbering.forward(layer)
            }
        }
        #expect(counts[0] > 1_000 && counts[1] > 1_000)
    }
}
