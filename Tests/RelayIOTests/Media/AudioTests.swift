import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// What of a room's audio is forwarded, by a worker.
@MainActor @Suite(.serialized) struct AudioTests {
    private let levels: ExtensionMap = {
        var map = ExtensionMap()
        map[.audioLevel] = 1
        return map
    }()

    private func track() -> IncomingTrack {
        IncomingTrack(
            mid: "0", kind: .audio,
            codec: CodecParameters(name: .opus, payloadType: 111, clockRate: 48_000, channels: 2),
            extensions: levels, feedback: [])
    }

    private func out() -> OutgoingTrack {
        OutgoingTrack(
            mid: "a", sourceMid: "0", kind: .audio,
            codec: CodecParameters(name: .opus, payloadType: 96, clockRate: 48_000, channels: 2),
            extensions: ExtensionMap(), feedback: [], ssrc: 700, retransmissionSSRC: nil, canonicalName: "name")
    }

    @Test func silenceAtFullRateIsThinnedAndSpeechBehindItFollowsWithoutAGap() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice, [track()])
        try fixture.openSubscriber(bob, [out()])
        func send(_ number: UInt16, level: UInt8, _ payload: [UInt8]) {
            alice.sendRTP(
                payloadType: 111, sequence: 65_500 &+ number, timestamp: UInt32(number) * 960, ssrc: 9, marker: false,
                extensions: [(1, [level])], payload: payload)
        }
        for number in 0..<UInt16(10) { send(number, level: 30, [0xfc, 1, 2, 3, UInt8(number)]) }
        for number in 10..<UInt16(210) { send(number, level: 127, [0xfc, 0xff, 0xfe]) }
        for number in 210..<UInt16(220) { send(number, level: 30, [0xfc, 1, 2, 3, UInt8(number)]) }
        try #require(fixture.wait([alice, bob]) { bob.media.last.map { payload($0).last == 219 } ?? false })
        let found = headers(bob)
        // 10 of speech, 10 of silence as they were, one of twenty of the 190 others, 10 of speech.
        #expect((38...41).contains(found.count))
        for (one, next) in zip(found, found.dropFirst()) { #expect(next.sequence == one.sequence &+ 1) }
        let spurt = found.count - 10
        #expect(found[spurt].marker && found.filter(\.marker).count == 1)
        #expect(found[spurt].timestamp &- found[0].timestamp == 210 * 960)
        #expect(bob.media[20..<spurt].allSatisfy { payload($0) == [0xfc] })
    }

    @Test func theLoudestOfTheLastSecondIsReported() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice, [track()])
        for (number, level) in ([80, 0x80 | 25, 60] as [UInt8]).enumerated() {
            alice.sendRTP(
                payloadType: 111, sequence: UInt16(number), timestamp: UInt32(number) * 960, ssrc: 9, marker: false,
                extensions: [(1, [level])], payload: [0xfc, 1, 2, 3])
        }
        try #require(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == 3 })
        let producer = try #require(fixture.worker.publications[fixture.publication]?.producers.first)
        #expect(producer.takeLoudest() == 25)
        #expect(producer.takeLoudest() == nil)
    }

    @Test func anotherStreamsSilenceIsNotJudgedByTheFormerOnesTimestamps() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice, [track()])
        try fixture.openSubscriber(bob, [out()])
        func send(_ numbers: Range<UInt16>, ssrc: UInt32, from timestamp: UInt32, level: UInt8, _ payload: [UInt8]) {
            for number in numbers {
                alice.sendRTP(
                    payloadType: 111, sequence: number, timestamp: timestamp &+ UInt32(number) * 960, ssrc: ssrc,
                    marker: false, extensions: [(1, [level])], payload: payload)
            }
        }
        send(0..<10, ssrc: 9, from: 0x6000_0000, level: 30, [0xfc, 1, 2, 3, 4])
        try #require(fixture.wait([alice, bob]) { bob.media.count == 10 })
        let publication = try #require(fixture.worker.publications[fixture.publication])
        publication.producers[0].forgetStreams()
        fixture.worker.transports[fixture.publisher]?.inbound?.renegotiated()
        // The page was reloaded: its timestamps begin anywhere, here behind the former ones.
        send(0..<100, ssrc: 10, from: 0x1000_0000, level: 127, [0xfc, 0xff, 0xfe])
        try #require(fixture.wait([alice, bob]) { fixture.worker.totals.packetsReceived == 110 })
        #expect(fixture.wait([alice, bob]) { bob.media.count >= 23 })
        let found = headers(bob)
        for (one, next) in zip(found, found.dropFirst()) { #expect(next.sequence == one.sequence &+ 1) }
    }

    /// Without a retransmission stream the same SRTP index is used again, so it has to be the same packet.
    @Test func whatIsResentIsWhatWasSentThoughItWasShortenedOrMarked() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        var incoming = track()
        incoming.feedback = [.nack]
        var outgoing = out()
        outgoing.feedback = [.nack]
        try fixture.openPublisher(alice, [incoming])
        try fixture.openSubscriber(bob, [outgoing])
        func send(_ number: UInt16, level: UInt8, _ payload: [UInt8]) {
            alice.sendRTP(
                payloadType: 111, sequence: number, timestamp: UInt32(number) * 960, ssrc: 9, marker: false,
                extensions: [(1, [level])], payload: payload)
        }
        // Everybody's resends are of the newest run: first of the shortened packet, then of the marked one.
        for number in 0..<UInt16(31) { send(number, level: 127, [0xfc, 0xff, 0xfe]) }
        try #require(fixture.wait([alice, bob]) { bob.media.last.map { payload($0) == [0xfc] } ?? false })
        var resent: [Int32] = []
        for isSpeech in [false, true] {
            if isSpeech { send(31, level: 20, [0xfc, 8, 8, 8, 8]) }
            try #require(
                fixture.wait([alice, bob]) { !isSpeech || bob.media.last.map { payload($0).count } ?? 0 == 5 })
            let consumer = try #require(fixture.worker.transports[fixture.subscriber]?.consumers.first)
            let sequence = try #require(headers(bob).last?.sequence)
            let origin = try #require(consumer.resendable(sequence))
            let producer = try #require(consumer.producer)
            let held = try #require(fixture.worker.heldPacket(origin.sequence, source: 9, of: producer))
            #expect(held.payloadLength == (isSpeech ? 5 : 1))
            #expect(held.header.marker == isSpeech && headers(bob).last?.marker == isSpeech)
            resent.append(held.slot)
        }
        #expect(resent.count == 2)
    }

    /// Two publish, one is audible.
    @Test func onlyTheLoudestAreForwardedAndWhoComesInAgainIsContinuous() throws {
        let fixture = try EngineFixture { $0.maximumAudible = 1 }
        let names = ["alice", "carol"]
        let publishers = try names.map { name in
            let peer = try TestPeer()
            let offer = EngineFixture.offer(of: peer).replacing(
                "a=rtpmap:111 opus/48000/2\r\n",
                with: "a=rtpmap:111 opus/48000/2\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n")
            let production = try fixture.engine.produce(
                room: fixture.room, participant: ParticipantID(name), offer: offer, wanted: nil)
            try peer.connect(to: production.answer)
            try #require(fixture.handshake(peer))
            return peer
        }
        let listeners = try names.map { try fixture.subscriber("bob", of: $0) }
        var number: UInt16 = 0
        func speak(_ packets: Int, levels: [UInt8]) throws {
            for _ in 0..<packets {
                for (peer, level) in zip(publishers, levels) {
                    peer.sendRTP(
                        payloadType: 111, sequence: number, timestamp: UInt32(number) * 960, ssrc: 1111, marker: false,
                        extensions: [(1, [level])], payload: [0xfc, 9, 9, 9, UInt8(truncatingIfNeeded: number)])
                }
                number += 1
                _ = fixture.wait(publishers + listeners, seconds: 0.003) { false }
            }
        }
        try speak(10, levels: [30, 90])
        #expect(listeners[0].media.count == 10 && listeners[1].media.isEmpty)
        // The second is clearly louder, and then the first again.
        try speak(30, levels: [60, 20])
        try speak(30, levels: [1, 40])
        _ = fixture.wait(publishers + listeners, seconds: 0.1) { false }
        #expect((25...30).contains(listeners[1].media.count))
        #expect((38...46).contains(listeners[0].media.count))
        for listener in listeners {
            let found = headers(listener)
            for (one, next) in zip(found, found.dropFirst()) { #expect(next.sequence == one.sequence &+ 1) }
            let numbers = listener.media.map { UInt32(payload($0)[4]) }
            for index in found.indices {
                #expect(found[index].timestamp &- found[0].timestamp == (numbers[index] - numbers[0]) * 960)
            }
        }
        #expect(headers(listeners[0])[10...].first { $0.marker } != nil)
    }
}
