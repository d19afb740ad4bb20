import RelayProtocol
import TestSupport
import Testing

@Suite struct PacketHeaderTests {
    @Test func readsAFixedHeader() throws {
        let packet = rtpPacket(
            flags: 0x20, second: 0x80 | 111, sequence: 0xfffe, timestamp: 0x8000_0001, ssrc: 0xdead_beef,
            payload: [1, 2, 3])
        let header = try #require(parsedHeader(packet))
        #expect(header.payloadType == 111)
        #expect(header.marker)
        #expect(header.hasPadding)
        #expect(header.sequence == 0xfffe)
        #expect(header.timestamp == 0x8000_0001)
        #expect(header.ssrc == 0xdead_beef)
        #expect(header.length == 12)
        #expect(header.extensionProfile == 0)
        #expect(header.extensionLength == 0)
    }

    @Test func findsThePayloadBehindContributorsAndExtensions() throws {
        let packet = rtpPacket(contributors: 15, block: (0xbede, [0x10, 7, 0x21, 8, 9]), payload: [1])
        let header = try #require(parsedHeader(packet))
        #expect(!header.marker)
        #expect(!header.hasPadding)
        #expect(header.extensionProfile == 0xbede)
        #expect(header.extensionOffset == 12 + 60 + 4)
        #expect(header.extensionLength == 8)
        #expect(header.length == packet.count - 1)
    }

    @Test func anEmptyExtensionBlockAndNoPayloadAreSound() throws {
        let header = try #require(parsedHeader(rtpPacket(block: (0x1000, []))))
        #expect(header.length == 16)
        #expect(header.extensionLength == 0)
    }

    @Test func refusesWhatEndsWithinTheHeader() {
        let packet = rtpPacket(contributors: 3, block: (0xbede, [UInt8](repeating: 0x10, count: 12)))
        for length in 0..<packet.count { #expect(parsedHeader(Array(packet.prefix(length))) == nil, "\(length) bytes") }
        #expect(parsedHeader(packet) != nil)
    }

    @Test func refusesExtensionLengthsBeyondThePacket() {
        var packet = rtpPacket(block: (0xbede, [0x10, 0, 0, 0]), payload: [UInt8](repeating: 0, count: 100))
        packet[14] = 0xff
        packet[15] = 0xff
        #expect(parsedHeader(packet) == nil)
    }

    @Test func refusesOtherVersions() {
        for version in [UInt8(0), 1, 3] {
            var packet = rtpPacket()
            packet[0] = version << 6
            #expect(parsedHeader(packet) == nil)
        }
    }

    @Test func tellsControlFromMedia() {
        for byte in UInt8.min...UInt8.max {
            #expect(PacketHeader.isRTCP(secondByte: byte) == (byte >= 192 && byte < 224))
        }
    }

    @Test func neverReachesBeyondThePacket() {
        var random = SeededRandom(seed: 40)
        for number in 0..<20_000 {
            var packet = random.bytes(Int.random(in: 0...90, using: &random))
            if number % 2 == 0, !packet.isEmpty { packet[0] = packet[0] & 0x3f | 0x80 }
            if number % 4 == 0, packet.count > 16 {
                packet[0] = 0x90
                packet[14] = 0
                packet[15] = UInt8.random(in: 0...24, using: &random)
            }
            guard let header = parsedHeader(packet) else { continue }
            #expect(header.length >= 12 && header.length <= packet.count)
            #expect(header.extensionOffset + header.extensionLength <= header.length)
        }
    }
}
