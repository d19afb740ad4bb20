import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// The engine as the orchestrator sees it.
@MainActor @Suite(.serialized) struct RelayEngineTests {
    private let alice = ParticipantID("alice")
    private let bob = ParticipantID("bob")

    private func header(_ packet: [UInt8]) -> PacketHeader? { packet.withUnsafeBytes { PacketHeader($0) } }

    private func audio(_ peer: TestPeer, _ sequence: UInt16) {
        peer.sendRTP(
            payloadType: 111, sequence: sequence, timestamp: UInt32(sequence) * 960, ssrc: 1111, marker: false,
            payload: [1, 2, 3])
    }

    @Test func aReloadedPublisherReplacesItsConnectionAndSubscribersKeepTheirs() throws {
        let fixture = try EngineFixture()
        let old = try fixture.publisher()
        let subscriber = try fixture.subscriber()
        audio(old, 1)
        try #require(fixture.wait([old, subscriber]) { subscriber.media.count == 1 })
        let new = try TestPeer()
        let offer = EngineFixture.offer(of: new).replacingSession(with: "99")
        let production = try fixture.engine.produce(room: fixture.room, participant: alice, offer: offer, wanted: nil)
        #expect(production.change == .replaced)
        try new.connect(to: production.answer)
        #expect(fixture.handshake(new))
        audio(new, 40_000)
        try #require(fixture.wait([old, new, subscriber]) { subscriber.media.count == 2 })
        let headers = subscriber.media.compactMap { header($0) }
        #expect(headers[1].sequence == headers[0].sequence &+ 1)
        #expect(headers[1].ssrc == headers[0].ssrc)
        #expect(Int32(bitPattern: headers[1].timestamp &- headers[0].timestamp) > 0)
        #expect(fixture.wait([old]) { old.dtls?.state == .closed })
        #expect(subscriber.dtls?.state == .connected)
        // Replacing is no event of the new connection's end.
        #expect(
            !fixture.events.contains(
                .transportState(room: fixture.room, participant: alice, producer: nil, state: .closed)))
    }

    @Test func aDescriptionBeyondItsLimitIsRefusedByTheSettingsName() throws {
        let fixture = try EngineFixture { $0.maximumDescriptionBytes = 4096 }
        let long = String(repeating: "a=x\r\n", count: 1_000)
        let peer = try TestPeer()
        #expect(throws: RelayError.limit(name: "sdp.max-bytes", value: 4096)) {
            _ = try fixture.engine.produce(
                room: fixture.room, participant: alice, offer: EngineFixture.offer(of: peer) + long, wanted: nil)
        }
        _ = try fixture.engine.produce(
            room: fixture.room, participant: alice, offer: EngineFixture.offer(of: peer), wanted: nil)
        let offer = try fixture.engine.offer(room: fixture.room, subscriber: bob, producer: alice, restart: false)
        let answer = EngineFixture.answer(of: try TestPeer(), to: offer)
        #expect(throws: SubscriptionFailure(producer: alice, reason: .limit(name: "sdp.max-bytes", value: 4096))) {
            _ = try fixture.engine.consume(
                room: fixture.room, subscriber: bob, answers: [SubscriberAnswer(producer: alice, sdp: answer + long)])
        }
        _ = try fixture.engine.consume(
            room: fixture.room, subscriber: bob, answers: [SubscriberAnswer(producer: alice, sdp: answer)])
    }

    @Test func roomsAreIsolated() throws {
        let fixture = try EngineFixture()
        let one = try fixture.publisher()
        let subscriber = try fixture.subscriber()
        let other = try TestPeer()
        let production = try fixture.engine.produce(
            room: RoomID("other"), participant: alice, offer: EngineFixture.offer(of: other), wanted: nil)
        try other.connect(to: production.answer)
        #expect(fixture.handshake(other))
        audio(other, 1)
        #expect(
            !fixture.wait([one, other, subscriber], seconds: 0.1) {
                subscriber.mediaDatagrams > subscriber.control.count
            })
        #expect(throws: RelayError.notProducing(ParticipantID("carol"))) {
            _ = try fixture.engine.offer(
                room: RoomID("other"), subscriber: bob, producer: ParticipantID("carol"), restart: false)
        }
        fixture.engine.remove(room: RoomID("other"))
        #expect(fixture.wait([other]) { other.dtls?.state == .closed })
        audio(one, 1)
        try #require(fixture.wait([one, subscriber]) { subscriber.media.count == 1 })
    }

    @Test func removingAParticipantSaysGoodbyeToAllItsConnections() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher()
        let subscriber = try fixture.subscriber()
        fixture.engine.remove(participant: alice, room: fixture.room)
        #expect(
            fixture.wait([publisher, subscriber]) {
                publisher.dtls?.state == .closed && subscriber.dtls?.state == .closed
            })
        let farewells = [publisher, subscriber].map { peer in
            peer.control.contains { packet in
                packet.withUnsafeBytes { bytes in
                    var reader = RTCPReader(bytes)
                    while let item = reader.next() { if case .goodbye = item { return true } }
                    return false
                }
            }
        }
        #expect(farewells == [true, true])
        #expect(fixture.engine.statistics(room: fixture.room, participant: alice).produce == nil)
        #expect(throws: RelayError.notProducing(alice)) {
            try fixture.engine.stopProducing(room: fixture.room, participant: alice)
        }
        #expect(fixture.engine.rooms.isEmpty)
    }

    @Test func anIceRestartKeepsKeysAndMediaAndRetiresTheOldCredentials() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher()
        let subscriber = try fixture.subscriber()
        audio(publisher, 1)
        try #require(fixture.wait([publisher, subscriber]) { subscriber.media.count == 1 })
        let old = try #require(publisher.server)
        let offer = EngineFixture.offer(of: publisher)
            .replacing("a=ice-ufrag:peer\r\n", with: "a=ice-ufrag:anew\r\n")
            .replacing("a=ice-pwd:\(publisher.password)", with: "a=ice-pwd:anotherpasswordanotherpass")
        let production = try fixture.engine.produce(room: fixture.room, participant: alice, offer: offer, wanted: nil)
        #expect(production.change == .renegotiated)
        let new = TestPeer.Server(sdp: production.answer)
        #expect(new.ufrag != old.ufrag && new.password != old.password)
        // The old ones hold until the new ones are used.
        publisher.forgetReplies()
        publisher.check()
        #expect(fixture.wait([publisher]) { publisher.isChecked })
        try publisher.connect(to: production.answer)
        publisher.forgetReplies()
        for _ in 0..<50 where !publisher.isChecked {
            publisher.check()
            _ = fixture.wait([publisher], seconds: 0.05) { publisher.isChecked }
        }
        audio(publisher, 2)
        try #require(fixture.wait([publisher, subscriber]) { subscriber.media.count == 2 })
        let stale = try TestPeer()
        try stale.connect(
            to:
                "a=ice-ufrag:\(old.ufrag)\na=ice-pwd:\(old.password)\na=fingerprint:sha-256 \(old.fingerprint)\na=candidate:1 1 udp 1 127.0.0.1 \(old.address.port) typ host"
        )
        stale.check()
        #expect(fixture.wait([stale]) { !stale.stunReplies.isEmpty })
        #expect(!stale.isChecked)
    }

    @Test func limitsAreNamedAndDeadConnectionsDoNotCount() throws {
        let fixture = try EngineFixture { $0.maximumTransports = 2 }
        let publisher = try fixture.publisher()
        _ = try fixture.subscriber()
        let limit = RelayError.limit(name: "media.max-transports", value: 2)
        #expect(throws: limit) {
            _ = try fixture.engine.offer(
                room: fixture.room, subscriber: ParticipantID("c"), producer: alice, restart: false)
        }
        #expect(throws: limit) {
            _ = try fixture.engine.produce(
                room: RoomID("new"), participant: alice, offer: EngineFixture.offer(of: publisher), wanted: nil)
        }
        #expect(fixture.engine.rooms[RoomID("new")] == nil)
        publisher.closeDTLS()
        let closed = RelayEvent.transportState(room: fixture.room, participant: alice, producer: nil, state: .closed)
        #expect(fixture.wait([publisher]) { fixture.events.contains(closed) })
        _ = try fixture.engine.offer(
            room: fixture.room, subscriber: ParticipantID("c"), producer: alice, restart: false)
        // Its place is taken: coming back is one too many.
        #expect(throws: limit) {
            _ = try fixture.engine.produce(
                room: fixture.room, participant: alice, offer: EngineFixture.offer(of: publisher), wanted: nil)
        }
    }

    @Test func aDeadSubscriptionIsOfferedAnewAndItsNumbersAreForgotten() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher()
        let subscriber = try fixture.subscriber()
        subscriber.closeDTLS()
        let closed = RelayEvent.transportState(room: fixture.room, participant: bob, producer: alice, state: .closed)
        #expect(fixture.wait([subscriber]) { fixture.events.contains(closed) })
        #expect(
            fixture.engine.statistics(room: fixture.room, participant: bob).consume.first?.statistics.state == .closed)
        #expect(throws: SubscriptionFailure(producer: alice, reason: .superseded)) {
            _ = try fixture.engine.consume(
                room: fixture.room, subscriber: bob, answers: [SubscriberAnswer(producer: alice, sdp: "v=0")])
        }
        let again = try fixture.subscriber()
        audio(publisher, 1)
        #expect(fixture.wait([publisher, again]) { again.media.count == 1 })
        #expect(fixture.engine.statistics(room: fixture.room, participant: bob).consume.count == 1)
        #expect(fixture.engine.rememberedStatistics == 2)
    }

    @Test func aConnectionClosedBeforeTheAnswerMakesWayForANewOne() throws {
        let fixture = try EngineFixture { $0.maximumTransports = 2 }
        let publisher = try fixture.publisher()
        let old = try fixture.subscriber()
        let offer = try fixture.engine.offer(room: fixture.room, subscriber: bob, producer: alice, restart: true)
        old.closeDTLS()
        let closed = RelayEvent.transportState(room: fixture.room, participant: bob, producer: alice, state: .closed)
        try #require(fixture.wait([old]) { fixture.events.contains(closed) })
        func consume(_ peer: TestPeer) throws {
            _ = try fixture.engine.consume(
                room: fixture.room, subscriber: bob,
                answers: [SubscriberAnswer(producer: alice, sdp: EngineFixture.answer(of: peer, to: offer))])
        }
        #expect(throws: SubscriptionFailure(producer: alice, reason: .superseded)) { try consume(old) }
        let new = try TestPeer()
        try consume(new)
        try new.connect(to: offer)
        try #require(fixture.handshake(new))
        audio(publisher, 1)
        #expect(fixture.wait([publisher, new]) { new.media.count == 1 })
        #expect(fixture.engine.rememberedStatistics <= 2)
    }

    @Test func statisticsHaveARowAConnection() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher()
        let subscriber = try fixture.subscriber()
        for sequence in 1...5 as ClosedRange<UInt16> { audio(publisher, sequence) }
        let found = fixture.wait([publisher, subscriber], seconds: 3) {
            let row = fixture.engine.statistics(room: fixture.room, participant: bob).consume.first?.statistics
            return row?.packets == 5
                && fixture.engine.statistics(room: fixture.room, participant: alice).produce?.packets == 5
        }
        #expect(found)
        let bobs = fixture.engine.statistics(room: fixture.room, participant: bob)
        #expect(bobs.produce == nil)
        #expect(bobs.consume.map(\.producer) == [alice])
        #expect(bobs.consume.first?.statistics.state == .connected)
        #expect(fixture.engine.totals.transports == 2)
        #expect(fixture.engine.totals.packetsReceived == 5)
        #expect(fixture.engine.totals.packetsSent == 5)
        #expect(fixture.engine.statistics(room: RoomID("nowhere"), participant: bob).consume.isEmpty)
    }

    @Test func mediaFlowsOverIPv6() throws {
        guard (try? MediaSocket.bind(Endpoint(address: "::1", port: 0)!)) != nil else { return }
        let fixture = try EngineFixture { $0.announced = [.init(advertised: "::1", local: "::1")] }
        let peer = try TestPeer(host: "::1")
        let production = try fixture.engine.produce(
            room: fixture.room, participant: alice, offer: EngineFixture.offer(of: peer), wanted: nil)
        try peer.connect(to: production.answer)
        #expect(fixture.handshake(peer))
    }

    @Test func shuttingDownTellsEveryPeer() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher()
        var isOver = false
        fixture.engine.shutDown { isOver = true }
        #expect(fixture.wait([publisher]) { isOver && publisher.dtls?.state == .closed })
    }
}

extension String {
    fileprivate func replacing(_ part: String, with other: String) -> String {
        var result = ""
        var rest = self[...]
        while let found = rest.firstRange(of: part) {
            result += rest[..<found.lowerBound] + other
            rest = rest[found.upperBound...]
        }
        return result + rest
    }

    fileprivate func replacingSession(with session: String) -> String {
        replacing("o=- 4611731400430051336", with: "o=- \(session)")
    }
}
