import RelayControl
import RelayProtocol
import TestSupport
import Testing

@Suite struct HeaderWriterTests {
    private func values(_ sequence: UInt16 = 7, marker: Bool = false, padding: Bool = false) -> HeaderWriter.Values {
        HeaderWriter.Values(
            sequence: sequence, timestamp: 0x0102_0304, marker: marker, hasPadding: padding,
            transportSequence: sequence &+ 1,
            sendTime: 0x00ab_cdef)
    }

    /// What `writer` makes of `source`, read with the publisher's identifiers; nil where it wrote more than it may.
    private func written(
        _ writer: HeaderWriter, _ values: HeaderWriter.Values, source: [UInt8] = rtpPacket(),
        _ sourceMap: ExtensionMap = ExtensionMap()
    ) -> [UInt8]? {
        var memory = [UInt8](repeating: 0xa5, count: 4096)
        let length: Int? = source.withUnsafeBytes { bytes in
            guard let header = PacketHeader(bytes) else { return nil }
            let fields = ExtensionFields(bytes, header: header, table: ExtensionTable(sourceMap))
            return memory.withUnsafeMutableBytes { out in
                out.baseAddress.map { writer.write(values, source: bytes, fields: fields, to: $0) }
            }
        }
        guard let length, memory[HeaderWriter.maximumLength...].allSatisfy({ $0 == 0xa5 }) else { return nil }
        return Array(memory.prefix(length))
    }

    @Test func writesAFixedHeaderWithoutExtensions() throws {
        let writer = HeaderWriter(ssrc: 0xdead_beef, payloadType: 101, extensions: ExtensionMap(), mid: "0")
        #expect(
            written(writer, values(0xfffe, marker: true, padding: true))
                == [0xa0, 0x80 | 101, 0xff, 0xfe, 1, 2, 3, 4, 0xde, 0xad, 0xbe, 0xef])
        #expect(written(writer, values(1))?.prefix(2) == [0x80, 101])
        #expect(!writer.carriesTransportSequence)
    }

    @Test func writesOneByteElementsUnderTheConsumersIdentifiers() throws {
        let map = extensionMap([.mid: 4, .transportSequence: 14, .absoluteSendTime: 2, .audioLevel: 1])
        let writer = HeaderWriter(ssrc: 9, payloadType: 111, extensions: map, mid: "ab")
        let sourceMap = extensionMap([.mid: 1, .audioLevel: 6, .transportSequence: 5])
        let source = rtpPacket(block: (0xbede, [0x10, 55, 0x60, 0x8a, 0x51, 0xff, 0xff]))
        let header = try #require(written(writer, values(7), source: source, sourceMap))
        #expect(writer.carriesTransportSequence)
        #expect(header[12...13] == [0xbe, 0xde])
        #expect(header.count % 4 == 0)
        #expect(
            parsedExtensions(header, map) == [
                .mid: [97, 98], .transportSequence: [0, 8], .absoluteSendTime: [0xab, 0xcd, 0xef], .audioLevel: [0x8a],
            ])
    }

    /// Most headers come from a template, those with a copied extension do not: but for that one they are the same.
    @Test(arguments: [1, 2, 3, 16, 17, 30, 32]) func whatIsCopiedChangesNothingElse(_ midLength: Int) throws {
        let mid = String(repeating: "m", count: midLength)
        let own: [HeaderExtension] = [.transportSequence, .absoluteSendTime]
        for kinds in [[], [own[0]], [own[1]], own] {
            var map = extensionMap([.mid: 4, .audioLevel: 1])
            for (number, kind) in kinds.enumerated() { map[kind] = UInt8(5 + number) }
            let writer = HeaderWriter(ssrc: 9, payloadType: 111, extensions: map, mid: mid)
            let source = rtpPacket(block: (0xbede, [0x60, 0x8a]))
            let levels = extensionMap([.audioLevel: 6])
            for (marker, padding) in [(false, false), (true, false), (false, true)] {
                let numbers = values(9, marker: marker, padding: padding)
                let plain = try #require(written(writer, numbers))
                let copied = try #require(written(writer, numbers, source: source, levels))
                #expect(plain[0..<14] == copied[0..<14])
                #expect(plain[0] == (padding ? 0xb0 : 0x90))
                #expect(plain.count == 16 + 4 * Int(plain[15]))
                var expected = try #require(parsedExtensions(plain, map))
                #expect(expected[.mid] == Array(mid.utf8))
                #expect(expected[.transportSequence] == (kinds.contains(own[0]) ? [0, 10] : nil))
                #expect(expected[.absoluteSendTime] == (kinds.contains(own[1]) ? [0xab, 0xcd, 0xef] : nil))
                expected[.audioLevel] = [0x8a]
                #expect(parsedExtensions(copied, map) == expected)
            }
        }
    }

    @Test func turnsToTheTwoByteFormForLargeIdentifiersAndLongMids() throws {
        let large = extensionMap([.mid: 4, .transportSequence: 15])
        let small = extensionMap([.mid: 4, .transportSequence: 14])
        for (map, mid) in [(large, "0"), (small, "seventeen letters"), (small, String(repeating: "m", count: 32))] {
            let header = try #require(
                written(HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: mid), values(1)))
            #expect(header[12...13] == [0x10, 0])
            #expect(parsedExtensions(header, map) == [.mid: Array(mid.utf8), .transportSequence: [0, 2]])
        }
        let short = HeaderWriter(ssrc: 9, payloadType: 1, extensions: small, mid: "sixteen letters.")
        #expect(written(short, values(1))?[12...13] == [0xbe, 0xde])
    }

    @Test func leavesOutMidsThatNoElementHolds() throws {
        let map = extensionMap([.mid: 4, .transportSequence: 14])
        let writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: String(repeating: "m", count: 33))
        #expect(try parsedExtensions(#require(written(writer, values(1))), map) == [.transportSequence: [0, 2]])
    }

    @Test func copiesTheDescriptorInWhicheverFormItFits() throws {
        let map = extensionMap([.mid: 1, .dependencyDescriptor: 12, .videoOrientation: 13, .absoluteCaptureTime: 11])
        let sourceMap = extensionMap([.dependencyDescriptor: 40, .videoOrientation: 41, .absoluteCaptureTime: 42])
        let writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: "v")
        for length in [3, 16, 17, 255] {
            let descriptor = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            let time = [UInt8](1...16)
            let source = rtpPacket(
                block: (0x1000, [40, UInt8(length)] + descriptor + [41, 1, 3] + [42, 16] + time))
            let header = try #require(written(writer, values(), source: source, sourceMap), "\(length) bytes")
            #expect(header[12...13] == (length > 16 ? [0x10, 0] : [0xbe, 0xde]))
            #expect(
                parsedExtensions(header, map) == [
                    .mid: [118], .dependencyDescriptor: descriptor, .videoOrientation: [3], .absoluteCaptureTime: time,
                ])
        }
    }

    @Test func onlyTheFrameNumberOfADescriptorIsChanged() throws {
        let map = extensionMap([.mid: 1, .dependencyDescriptor: 12])
        let writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: "v")
        var changed = values()
        changed.frameNumberOffset = 0x0102
        let source = rtpPacket(block: (0xbede, [0xc4, 0x81, 0xff, 0xff, 7, 8]))
        let header = try #require(written(writer, changed, source: source, map))
        #expect(parsedExtensions(header, map) == [.mid: [118], .dependencyDescriptor: [0x81, 0x01, 0x01, 7, 8]])
        // One that is too short to have a number, and none.
        let short = rtpPacket(block: (0xbede, [0xc1, 0x81, 0xff]))
        #expect(written(writer, changed, source: short, map) == written(writer, values(), source: short, map))
        #expect(written(writer, changed) == written(writer, values()))
    }

    @Test func aLongDescriptorThatIsNotForwardedChangesNothing() throws {
        let map = extensionMap([.mid: 1])
        let sourceMap = extensionMap([.dependencyDescriptor: 40])
        let source = rtpPacket(block: (0x1000, [40, 100] + [UInt8](repeating: 1, count: 100)))
        let writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: "v")
        #expect(written(writer, values(), source: source, sourceMap) == written(writer, values()))
    }

    @Test func keepsOneLengthForWhatTheRelaySetsItself() throws {
        let map = extensionMap([.mid: 4, .transportSequence: 3, .absoluteSendTime: 2])
        let writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: "12")
        var random = SeededRandom(seed: 42)
        var lengths: Set<Int> = []
        for number in 0..<200 {
            var next = values(
                UInt16.random(in: 0...UInt16.max, using: &random), marker: number % 2 == 0, padding: number % 3 == 0)
            next.sendTime = UInt32.random(in: 0...0xff_ffff, using: &random)
            lengths.insert(try #require(written(writer, next)).count)
        }
        #expect(lengths == [12 + 4 + 3 + 3 + 4 + 2])
    }

    @Test func playoutDelayStandsInEveryPacketWhileItIsSet() throws {
        let map = extensionMap([.mid: 1, .transportSequence: 2, .absoluteSendTime: 3, .playoutDelay: 8, .audioLevel: 4])
        var writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: "0")
        let before = try #require(written(writer, values(1)))
        #expect(parsedExtensions(before, map)?[.playoutDelay] == nil)
        writer.playoutDelay = 20 << 12 | 1_000
        let set = try #require(written(writer, values(1)))
        #expect(
            Array(set[12...]) == [
                0xbe, 0xde, 0, 4, 0x10, 48, 0x21, 0, 2, 0x32, 0xab, 0xcd, 0xef, 0x82, 0x01, 0x43, 0xe8, 0, 0, 0,
            ])
        #expect(set[1..<12] == before[1..<12])
        #expect(try #require(written(writer, values(2, marker: true))).count == set.count)
        let source = rtpPacket(block: (0xbede, [0x60, 0x8a, 0x72, 1, 2, 3]))
        let copied = try #require(
            written(writer, values(1), source: source, extensionMap([.audioLevel: 6, .playoutDelay: 7])))
        var expected = try #require(parsedExtensions(set, map))
        #expect(expected[.playoutDelay] == [0x01, 0x43, 0xe8])
        expected[.audioLevel] = [0x8a]
        #expect(parsedExtensions(copied, map) == expected)
        writer.playoutDelay = 1_000
        #expect(try parsedExtensions(#require(written(writer, values(1))), map)?[.playoutDelay] == [0, 3, 0xe8])
        writer.playoutDelay = nil
        #expect(written(writer, values(1)) == before)
    }

    @Test func playoutDelayThatWasNotNegotiatedChangesNothing() throws {
        let map = extensionMap([.mid: 1, .transportSequence: 2])
        var writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: "0")
        let before = written(writer, values(1))
        writer.playoutDelay = 1_000
        #expect(written(writer, values(1)) == before)
    }

    /// With mids up to some length a header comes from the template, with longer ones it does not.
    @Test func playoutDelayComesAndGoesWhateverTheHeadersLength() throws {
        let map = extensionMap([.mid: 1, .transportSequence: 2, .absoluteSendTime: 3, .playoutDelay: 8])
        for length in 1...33 {
            let mid = String(repeating: "m", count: length)
            var writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: mid)
            let before = try #require(written(writer, values(5)))
            var expected = try #require(parsedExtensions(before, map))
            writer.playoutDelay = 1_000
            expected[.playoutDelay] = [0, 3, 0xe8]
            #expect(try parsedExtensions(#require(written(writer, values(5))), map) == expected, "\(length) bytes")
            writer.playoutDelay = nil
            #expect(written(writer, values(5)) == before)
        }
    }

    @Test func oversizedElementsOfAPublisherAreDroppedNotWritten() throws {
        let map = extensionMap([
            .mid: 1, .transportSequence: 2, .absoluteSendTime: 3, .audioLevel: 4, .videoOrientation: 5,
            .absoluteCaptureTime: 6,
            .dependencyDescriptor: 7, .playoutDelay: 200,
        ])
        let long = [UInt8](repeating: 0xee, count: 255)
        let elements: [UInt8] = (UInt8(4)...7).flatMap { (identifier: UInt8) -> [UInt8] in [identifier, 255] + long }
        var writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: String(repeating: "m", count: 32))
        writer.playoutDelay = 1_000
        let header = try #require(written(writer, values(), source: rtpPacket(block: (0x1000, elements)), map))
        #expect(header.count <= HeaderWriter.maximumLength)
        let found = try #require(parsedExtensions(header, map))
        #expect(Set(found.keys) == [.mid, .transportSequence, .absoluteSendTime, .playoutDelay, .dependencyDescriptor])
        #expect(found[.dependencyDescriptor] == long)
    }

    @Test func whatItWritesReadsBackTheSame() throws {
        var random = SeededRandom(seed: 43)
        let copied: [HeaderExtension: ClosedRange<Int>] = [
            .audioLevel: 1...255, .videoOrientation: 1...255, .absoluteCaptureTime: 1...255,
            .dependencyDescriptor: 1...255,
        ]
        for number in 0..<3_000 {
            let highest: UInt8 = number % 2 == 0 ? 14 : 255
            var free = Array(1...highest).shuffled(using: &random)
            var map = ExtensionMap()
            for kind in HeaderExtension.allCases where Bool.random(using: &random) { map[kind] = free.popLast() ?? 0 }
            var sourceMap = ExtensionMap()
            var elements: [UInt8] = []
            var expected: [HeaderExtension: [UInt8]] = [:]
            for (offset, kind) in HeaderExtension.allCases.enumerated() {
                sourceMap[kind] = UInt8(100 + offset)
                guard Bool.random(using: &random) else { continue }
                let length = Int.random(in: 1...(number % 5 == 0 ? 255 : 18), using: &random)
                let value = random.bytes(length)
                elements += [UInt8(100 + offset), UInt8(length)] + value
                if copied[kind] != nil, map[kind] != 0, kind == .dependencyDescriptor || length <= 16 {
                    expected[kind] = value
                }
            }
            let mid = String(repeating: "x", count: Int.random(in: 0...34, using: &random))
            if map[.mid] != 0, (1...32).contains(mid.utf8.count) { expected[.mid] = Array(mid.utf8) }
            if map[.transportSequence] != 0 { expected[.transportSequence] = [0, 8] }
            if map[.absoluteSendTime] != 0 { expected[.absoluteSendTime] = [0xab, 0xcd, 0xef] }
            var writer = HeaderWriter(ssrc: 9, payloadType: 1, extensions: map, mid: mid)
            if Bool.random(using: &random) {
                writer.playoutDelay = 0x123456
                if map[.playoutDelay] != 0 { expected[.playoutDelay] = [0x12, 0x34, 0x56] }
            }
            let source = rtpPacket(block: (0x1000, elements))
            let header = try #require(written(writer, values(), source: source, sourceMap), "case \(number)")
            #expect(header.count % 4 == 0)
            #expect(parsedHeader(header)?.length == header.count)
            #expect(parsedExtensions(header, map) == expected, "case \(number)")
        }
    }
}
