import RelayControl
import RelayProtocol
import TestSupport
import Testing

@Suite struct ExtensionReaderTests {
    private let map = extensionMap([.mid: 1, .transportSequence: 3, .audioLevel: 14, .dependencyDescriptor: 200])

    @Test func findsOneByteElements() {
        let packet = rtpPacket(
            contributors: 1, block: (0xbede, [0x12, 65, 66, 67, 0xe0, 0x85, 0x31, 9, 8]), payload: [0x10, 1])
        #expect(
            parsedExtensions(packet, map) == [.mid: [65, 66, 67], .audioLevel: [0x85], .transportSequence: [9, 8]])
    }

    @Test func findsTwoByteElementsOfAnyLength() {
        let long = [UInt8](repeating: 5, count: 255)
        for profile in UInt16(0x1000)...0x100f {
            let packet = rtpPacket(block: (profile, [1, 1, 65, 0, 200, 255] + long + [14, 0, 3, 2, 7, 6]))
            #expect(
                parsedExtensions(packet, map) == [.mid: [65], .dependencyDescriptor: long, .transportSequence: [7, 6]])
        }
    }

    @Test func skipsPaddingAndWhatWasNotNegotiated() {
        let packet = rtpPacket(block: (0xbede, [0, 0, 0x51, 1, 2, 0, 0x10, 66, 0, 0]))
        #expect(parsedExtensions(packet, map) == [.mid: [66]])
    }

    @Test func otherProfilesHaveNoElements() {
        for profile in [UInt16(0), 0x0fff, 0x1010, 0xbedf, 0xffff] {
            #expect(parsedExtensions(rtpPacket(block: (profile, [0x10, 66, 0, 0])), map) == [:])
        }
    }

    @Test func identifierFifteenEndsTheBlock() {
        #expect(parsedExtensions(rtpPacket(block: (0xbede, [0x10, 66, 0xf0, 1, 0x31, 1, 2])), map) == [.mid: [66]])
    }

    /// RFC 8285, section 4.2.
    @Test func paddingThatClaimsALengthEndsTheBlock() {
        #expect(parsedExtensions(rtpPacket(block: (0xbede, [0x10, 66, 0x01, 1, 1, 0x31, 1, 2])), map) == [.mid: [66]])
    }

    @Test func elementsBeyondTheBlockAreIgnored() {
        #expect(
            parsedExtensions(rtpPacket(block: (0xbede, [0x10, 66, 0x3f, 1]), payload: [1, 2, 3]), map) == [.mid: [66]])
        #expect(parsedExtensions(rtpPacket(block: (0x1000, [1, 1, 66, 3]), payload: [2, 2, 3]), map) == [.mid: [66]])
        #expect(
            parsedExtensions(rtpPacket(block: (0x1000, [1, 1, 66, 0, 0, 3, 3, 1]), payload: [2, 2, 3]), map) == [
                .mid: [66]
            ])
    }

    /// A second reading of RFC 8285, over plain arrays.
    private func naive(_ profile: UInt16, _ block: [UInt8], _ map: ExtensionMap) -> [HeaderExtension: [UInt8]] {
        var rest = block[...]
        var found: [HeaderExtension: [UInt8]] = [:]
        while let first = rest.popFirst() {
            if first == 0 { continue }
            let identifier: UInt8
            let length: Int
            if profile == 0xbede {
                (identifier, length) = (first / 16, Int(first % 16) + 1)
                if identifier == 0 || identifier == 15 { break }
            } else {
                guard let second = rest.popFirst() else { break }
                (identifier, length) = (first, Int(second))
            }
            guard rest.count >= length else { break }
            if length > 0, let kind = HeaderExtension.allCases.first(where: { map[$0] == identifier }) {
                found[kind] = Array(rest.prefix(length))
            }
            rest = rest.dropFirst(length)
        }
        return found
    }

    @Test func readsRandomBlocksAsANaiveReaderDoes() {
        var random = SeededRandom(seed: 41)
        for number in 0..<5_000 {
            var identifiers: [HeaderExtension: UInt8] = [:]
            var free = Array(UInt8(1)...(number % 3 == 0 ? 255 : 14)).shuffled(using: &random)
            for kind in HeaderExtension.allCases where Bool.random(using: &random) {
                identifiers[kind] = free.popLast()
            }
            let map = extensionMap(identifiers)
            let profile: UInt16 = Bool.random(using: &random) ? 0xbede : 0x1000
            var block: [UInt8] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let identifier =
                    identifiers.values.randomElement(using: &random) ?? UInt8.random(in: 0...255, using: &random)
                if profile == 0xbede {
                    let length = Int.random(in: 1...16, using: &random)
                    block += [identifier << 4 | UInt8(length - 1)] + random.bytes(length)
                } else {
                    let length = Int.random(in: 0...20, using: &random)
                    block += [identifier, UInt8(length)] + random.bytes(length)
                }
            }
            // Half of the blocks are then damaged.
            if number % 2 == 1, let at = block.indices.randomElement(using: &random) {
                block[at] = UInt8.random(in: 0...255, using: &random)
            }
            block += [UInt8](repeating: 0, count: (4 - block.count % 4) % 4)
            let packet = rtpPacket(contributors: number % 16, block: (profile, block), payload: random.bytes(4))
            #expect(parsedExtensions(packet, map) == naive(profile, block, map), "block \(number)")
        }
    }
}
