import Loop
import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// An engine with two workers, each on its own thread, and one room on both.
@MainActor @Suite(.serialized) struct SeveralWorkersTests {
    private let alice = ParticipantID("alice")

    private func engine(spread: Int = 1) throws -> EngineFixture {
        try EngineFixture {
            $0.workers = 2
            $0.roomSpread = spread
        }
    }

    private func header(_ packet: [UInt8]) -> PacketHeader? { packet.withUnsafeBytes { PacketHeader($0) } }

    private func port(_ peer: TestPeer) -> UInt16? { peer.server?.address.port }

    private func expectContinuous(_ peer: TestPeer, payloadType: UInt8) {
        let found = peer.media.compactMap { header($0) }.filter { $0.payloadType == payloadType }
        for (one, next) in zip(found, found.dropFirst()) { #expect(next.sequence == one.sequence &+ 1) }
    }

    @Test func aRoomBeyondItsSpreadUsesBothWorkersAndEverythingArrives() throws {
        let fixture = try engine(spread: 2)
        let publisher = try fixture.publisher()
        let subscribers = try (0..<6).map { try fixture.subscriber("subscriber-\($0)") }
        #expect(fixture.engine.connectionsByWorker == [4, 3])
        // Descriptions name the port of the worker.
        #expect(port(subscribers[0]) == port(publisher))
        #expect(Set(subscribers.map { port($0) }).count == 2)
        let total = 200
        for number in 0..<UInt16(total) {
            publisher.sendRTP(
                payloadType: 111, sequence: number, timestamp: UInt32(number) * 960, ssrc: 1111, marker: false,
                payload: [UInt8(truncatingIfNeeded: number)])
            publisher.sendVideo(number, number == 0 ? VP8Payload.keyframe() : VP8Payload.delta())
            if number % 20 == 19 {
                #expect(
                    fixture.wait([publisher] + subscribers) {
                        subscribers.allSatisfy { $0.media.count == 2 * (Int(number) + 1) }
                    })
            }
        }
        for subscriber in subscribers {
            #expect(subscriber.media.count == 2 * total)
            expectContinuous(subscriber, payloadType: 111)
            expectContinuous(subscriber, payloadType: 96)
        }
        // Numbers come about once a second, of each worker and each connection by itself.
        func forwarded(_ number: Int) -> [UInt64] {
            fixture.engine.statistics(room: fixture.room, participant: ParticipantID("subscriber-\(number)"))
                .consume.map(\.statistics.packets)
        }
        #expect(
            fixture.wait([publisher] + subscribers) {
                fixture.engine.totals.packetsSent == UInt64(12 * total)
                    && fixture.engine.totals.handedOver == UInt64(2 * total)
                    && (0..<6).allSatisfy { forwarded($0) == [UInt64(2 * total)] }
            })
        #expect(fixture.engine.totals.handOverDrops == 0)
    }

    @Test func allOfAParticipantsConnectionsLiveOnOneWorkerForLife() throws {
        let fixture = try engine()
        let first = try fixture.publisher("alice")
        let second = try fixture.publisher("bob")
        #expect(port(first) != port(second))
        let bobsView = try fixture.subscriber("bob", of: "alice")
        let alicesView = try fixture.subscriber("alice", of: "bob")
        #expect(port(bobsView) == port(second) && port(alicesView) == port(first))
        // A reloaded page is a new connection on the same worker.
        let new = try TestPeer()
        let offer = EngineFixture.offer(of: new).replacing("4611731400430051336", with: "99")
        let production = try fixture.engine.produce(room: fixture.room, participant: alice, offer: offer, wanted: nil)
        #expect(production.change == .replaced)
        try new.connect(to: production.answer)
        #expect(port(new) == port(first))
        #expect(fixture.engine.connectionsByWorker == [2, 2])
        fixture.engine.remove(participant: alice, room: fixture.room)
        #expect(fixture.engine.connectionsByWorker == [0, 1])
        fixture.engine.remove(room: fixture.room)
        #expect(fixture.engine.connectionsByWorker == [0, 0])
    }

    @Test func aMuteIsToldToWorkersThatMirror() throws {
        let fixture = try engine()
        let publisher = try fixture.publisher()
        let subscriber = try fixture.subscriber()
        #expect(port(publisher) != port(subscriber))
        func isSentVideo() -> Bool {
            let found = fixture.engine.statistics(room: fixture.room, participant: ParticipantID("bob")).consume
            return found.first?.statistics.tracks.contains { $0.layer != nil } ?? false
        }
        var sequence: UInt16 = 0
        func sends() {
            publisher.sendVideo(sequence, sequence == 0 ? VP8Payload.keyframe() : VP8Payload.delta())
            sequence += 1
        }
        try #require(
            fixture.wait([publisher, subscriber], seconds: 8) {
                sends()
                return isSentVideo()
            })
        // The last packet has been: only a command can say it.
        _ = try fixture.engine.select(
            room: fixture.room, participant: alice, wanted: TrackSelection(audio: true, video: false))
        #expect(fixture.wait([publisher, subscriber]) { !isSentVideo() })
    }

    @Test func aRefusedOfferPlacesNobody() throws {
        let fixture = try engine()
        _ = try fixture.publisher()
        #expect(throws: RelayError.self) {
            _ = try fixture.engine.produce(
                room: fixture.room, participant: ParticipantID("bob"), offer: "nonsense", wanted: nil)
        }
        #expect(fixture.engine.connectionsByWorker == [1, 0])
        #expect(fixture.engine.rooms[fixture.room]?.workers.count == 1)
    }

    @Test func smallRoomsShareTheWorkersWithoutSpanningThem() throws {
        let fixture = try engine(spread: 128)
        for number in 0..<4 {
            let room = RoomID("room-\(number)")
            for name in ["alice", "bob"] {
                _ = try fixture.engine.produce(
                    room: room, participant: ParticipantID(name), offer: EngineFixture.offer(of: try TestPeer()),
                    wanted: nil)
            }
            #expect(Set(fixture.engine.rooms[room]?.workers.values ?? [:].values).count == 1)
        }
        #expect(fixture.engine.connectionsByWorker == [4, 4])
    }

    @Test func peopleComeAndGoOnBothWorkersWhileMediaFlows() throws {
        let fixture = try engine()
        let publisher = try fixture.publisher()
        var present: [(name: String, peer: TestPeer)] = []
        var sequence: UInt16 = 0
        func flow(_ packets: Int) {
            for _ in 0..<packets {
                publisher.sendVideo(sequence, sequence % 5 == 0 ? VP8Payload.keyframe() : VP8Payload.delta())
                sequence += 1
            }
            _ = fixture.wait([publisher] + present.map(\.peer), seconds: 0.004) { false }
        }
        for round in 0..<12 {
            let name = "subscriber-\(round)"
            present.append((name, try fixture.subscriber(name)))
            flow(10)
            if present.count > 3 {
                let gone = present.removeFirst()
                fixture.engine.remove(participant: ParticipantID(gone.name), room: fixture.room)
                flow(10)
            }
        }
        for (_, peer) in present { peer.forgetMedia() }
        flow(10)
        #expect(
            fixture.wait([publisher] + present.map(\.peer)) { present.allSatisfy { $0.peer.media.count >= 10 } })
        for (_, peer) in present { expectContinuous(peer, payloadType: 96) }
        #expect(fixture.engine.connectionsByWorker.reduce(0, +) == 4)
    }

    @Test func workersMayEndWhileMediaFlowsBetweenThem() throws {
        let fixture = try engine()
        let publisher = try fixture.publisher()
        let subscriber = try fixture.subscriber()
        publisher.sendVideo(0, VP8Payload.keyframe())
        try #require(fixture.wait([publisher, subscriber]) { subscriber.media.count == 1 })
        var hasEnded = false
        for number in 1..<200 as Range<UInt16> {
            publisher.sendVideo(number)
            if number == 100 { fixture.engine.shutDown { hasEnded = true } }
        }
        #expect(fixture.wait([publisher, subscriber]) { hasEnded })
        #expect(fixture.wait([subscriber]) { subscriber.dtls?.state == .closed })
    }

    @Test func theSpeakerOfARoomOnBothWorkersIsOnePerson() throws {
        let fixture = try engine()
        let first = try speaker(fixture, "alice")
        let second = try speaker(fixture, "bob")
        #expect(port(first) != port(second))
        var sequence: UInt16 = 0
        var nextAt = fixture.loop.now
        /// - Parameter loud: who speaks; the other is silent.
        func speak(_ loud: TestPeer, until condition: @escaping () -> Bool) -> Bool {
            fixture.wait([first, second]) {
                if fixture.loop.now >= nextAt {
                    nextAt += 20_000
                    for peer in [first, second] {
                        peer.sendRTP(
                            payloadType: 111, sequence: sequence, timestamp: UInt32(sequence) * 960, ssrc: 1111,
                            marker: false,
                            extensions: [(4, [sequence > 10 && peer === loud ? 0x80 | 20 : 0x7f])], payload: [1])
                    }
                    sequence += 1
                }
                return condition()
            }
        }
        func speakers() -> [ParticipantID?] {
            fixture.events.compactMap { if case .activeSpeaker(_, let who) = $0 { .some(who) } else { nil } }
        }
        #expect(speak(second) { !speakers().isEmpty })
        #expect(speakers() == [ParticipantID("bob")])
        #expect(speak(first) { speakers().count == 2 })
        #expect(speakers() == [ParticipantID("bob"), ParticipantID("alice")])
    }

    private func speaker(_ fixture: EngineFixture, _ name: String) throws -> TestPeer {
        let peer = try TestPeer()
        let offer = EngineFixture.offer(of: peer).replacing(
            "a=rtpmap:111 opus/48000/2\r\n",
            with: "a=rtpmap:111 opus/48000/2\r\na=extmap:4 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n")
        let production = try fixture.engine.produce(
            room: fixture.room, participant: ParticipantID(name), offer: offer, wanted: nil)
        try peer.connect(to: production.answer)
        try #require(fixture.handshake(peer))
        return peer
    }
}
