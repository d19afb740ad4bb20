import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// Redundant audio (RFC 2198) from a publisher's offer to its subscribers, across lost packets.
@MainActor @Suite(.serialized) struct RedundancyTests {
    private func withRedundancy(_ sdp: String) -> String {
        sdp.replacing("UDP/TLS/RTP/SAVPF 111\r\n", with: "UDP/TLS/RTP/SAVPF 111 63\r\n")
            .replacing(
                "a=rtpmap:111 opus/48000/2\r\n",
                with: "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
                    + "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n")
    }

    private func publisher(_ fixture: EngineFixture) throws -> TestPeer {
        let peer = try TestPeer()
        let production = try fixture.engine.produce(
            room: fixture.room, participant: ParticipantID("alice"),
            offer: withRedundancy(EngineFixture.offer(of: peer)), wanted: nil)
        try peer.connect(to: production.answer)
        try #require(fixture.handshake(peer))
        return peer
    }

    private func subscriber(_ name: String, _ fixture: EngineFixture, takesRedundancy: Bool) throws -> TestPeer {
        let peer = try TestPeer()
        let offer = try fixture.engine.offer(
            room: fixture.room, subscriber: ParticipantID(name), producer: ParticipantID("alice"), restart: false)
        #expect(offer.contains("red/48000/2") && offer.contains("useinbandfec=1"))
        var answer = EngineFixture.answer(of: peer, to: offer)
        if !takesRedundancy {
            answer = answer.split(separator: "\r\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix("a=rtpmap:63") && !$0.hasPrefix("a=fmtp:63") }.joined(separator: "\r\n")
                .replacing("SAVPF 111 63", with: "SAVPF 111")
        }
        _ = try fixture.engine.consume(
            room: fixture.room, subscriber: ParticipantID(name),
            answers: [SubscriberAnswer(producer: ParticipantID("alice"), sdp: answer)])
        try peer.connect(to: offer)
        try #require(fixture.handshake(peer))
        return peer
    }

    /// Packet `number` of a stream with one older block in each packet.
    private func redundant(_ number: UInt8) -> [UInt8] {
        let offset: UInt32 = 960 << 10 | 3
        return [0x80 | 111, UInt8(offset >> 16), UInt8(offset >> 8 & 255), UInt8(offset & 255), 111]
            + block(number &- 1) + block(number)
    }

    private func block(_ number: UInt8) -> [UInt8] { [0xfc, number, 1] }

    @Test func olderBlocksSurviveALostPacketAndWhoHasNoREDGetsThePrimaries() throws {
        let fixture = try EngineFixture()
        let alice = try publisher(fixture)
        let bob = try subscriber("bob", fixture, takesRedundancy: true)
        let carol = try subscriber("carol", fixture, takesRedundancy: false)
        let lost: Set<UInt8> = [4, 7, 11]
        let sent = (UInt8(1)...12).filter { !lost.contains($0) }
        for number in sent {
            alice.sendRTP(
                payloadType: 63, sequence: 65_530 &+ UInt16(number), timestamp: UInt32(number) * 960, ssrc: 1111,
                marker: false, payload: redundant(number))
        }
        try #require(fixture.wait([alice, bob, carol]) { bob.media.count == 9 && carol.media.count == 9 })
        #expect(bob.media.map { payload($0) } == sent.map { redundant($0) })
        #expect(carol.media.map { payload($0) } == sent.map { block($0) })
        #expect(headers(bob).allSatisfy { $0.payloadType == 63 })
        #expect(headers(carol).allSatisfy { $0.payloadType == 111 })
        // Every block of those that were lost is in the packet that follows, and the gaps show where.
        let blocks = Set(bob.media.flatMap { packet in [payload(packet)[6], payload(packet)[9]] })
        #expect(blocks.isSuperset(of: Array(1...12)))
        for peer in [bob, carol] {
            let first = try #require(headers(peer).first)
            #expect(headers(peer).map { $0.sequence &- first.sequence } == sent.map { UInt16($0 - 1) })
            #expect(headers(peer).map { $0.timestamp &- first.timestamp } == sent.map { UInt32($0 - 1) * 960 })
        }
    }

    @Test func inbandCorrectionIsOpaqueAndReachesSubscribersBitByBit() throws {
        let fixture = try EngineFixture()
        let alice = try publisher(fixture)
        let bob = try subscriber("bob", fixture, takesRedundancy: false)
        // SILK at 20 ms whose first bytes would bear the copy of the frame before; one is lost.
        let packets = (UInt8(0)..<20).filter { $0 != 9 }.map { [0x48] + (0..<60).map { $0 ^ UInt8(3) } + [UInt8($0)] }
        for (index, bytes) in packets.enumerated() {
            alice.sendRTP(
                payloadType: 111, sequence: UInt16(bytes[bytes.count - 1]), timestamp: UInt32(index) * 960, ssrc: 1111,
                marker: false, payload: bytes)
        }
        try #require(fixture.wait([alice, bob]) { bob.media.count == packets.count })
        #expect(bob.media.map { payload($0) } == packets)
    }
}
