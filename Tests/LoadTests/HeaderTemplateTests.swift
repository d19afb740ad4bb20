import RelayProtocol
import Testing

@testable import Load

@Suite struct HeaderTemplateTests {
    private func header(_ elements: [HeaderTemplate.Element], _ values: HeaderTemplate.Values) -> [UInt8] {
        let template = HeaderTemplate(ssrc: 0x0102_0304, payloadType: 96, elements)
        var bytes = [UInt8](repeating: 0xff, count: HeaderTemplate.maximumLength)
        let length = bytes.withUnsafeMutableBytes { memory in
            memory.baseAddress.map { template.write(values, to: $0) } ?? 0
        }
        return Array(bytes.prefix(length))
    }

    @Test func everyExtensionIsFoundUnderTheNumberThatTheOfferGivesIt() throws {
        let bytes = header(
            [.text(.mid, "1"), .text(.streamID, "q"), .transportSequence, .sendTime, .audioLevel],
            HeaderTemplate.Values(
                sequence: 7, timestamp: 8, marker: true, transportSequence: 0x1234, time: 64_000_000 + 500_000,
                audioLevel: 0x94))
        var map = ExtensionMap()
        for kind in HeaderExtension.allCases { map[kind] = SessionText.number(of: kind) }
        try bytes.withUnsafeBytes { packet in
            let header = try #require(PacketHeader(packet))
            #expect(header.ssrc == 0x0102_0304 && header.sequence == 7 && header.timestamp == 8 && header.marker)
            #expect(header.payloadType == 96 && header.length == packet.count && packet.count % 4 == 0)
            let fields = ExtensionFields(packet, header: header, table: ExtensionTable(map))
            func value(_ kind: HeaderExtension) -> [UInt8]? { fields.bytes(kind, in: packet).map { Array($0) } }
            #expect(value(.mid) == Array("1".utf8) && value(.streamID) == Array("q".utf8))
            #expect(value(.transportSequence) == [0x12, 0x34] && value(.audioLevel) == [0x94])
            // Half a second in 6.18 fixed point; 64 s are round the clock.
            #expect(value(.absoluteSendTime) == [0x02, 0, 0])
            #expect(value(.repairedStreamID) == nil)
        }
    }

    @Test func withoutExtensionsThereIsNoBlock() {
        let bytes = header([], HeaderTemplate.Values(sequence: 1, timestamp: 2, marker: false))
        #expect(bytes.count == 12 && bytes[0] == 0x80 && bytes[1] == 96)
    }

    @Test(arguments: [false, true])
    func anOfferCanBeReadAsItIsMeant(isSimulcast: Bool) throws {
        let local = SessionText.Local(ufrag: "abcd", password: "efghijklmnopqrstuvwxyz", fingerprint: "AA:BB")
        let layers = isSimulcast ? ["q", "h", "f"] : [nil]
        let sources = SessionText.Sources(
            audio: 5,
            layers: layers.enumerated().map {
                .init(rid: $0.element, ssrc: UInt32($0.offset + 10), retransmission: 20)
            },
            codec: .h264, isDiscontinuous: true)
        let media = try SessionDescription(parsing: SessionText.offer(local, session: 1, sources: sources)).media
        #expect(media.map(\.kind) == ["audio", "video"])
        let video = try RTPMedia(try #require(media.last))
        #expect(video.codecs[102]?.encoding == "H264" && video.formats[103]?["apt"] == "102")
        #expect(video.simulcast?.send ?? [] == (isSimulcast ? ["q", "h", "f"] : []))
        #expect(video.sources.isEmpty == isSimulcast)
        #expect(try RTPMedia(media[0]).formats[111]?["usedtx"] == "1")
    }
}
