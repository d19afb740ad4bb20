import Loop
import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// Commands, letters and what is in the rings come by different ways, and so in any order.
@Suite(.serialized) struct BorderOrderTests {
    private func track(payloadType: UInt8) -> IncomingTrack {
        var track = WorkerFixture.videoTrack()
        track.codec.payloadType = payloadType
        track.codec.retransmissionPayloadType = nil
        return track
    }

    private func sequences(_ peer: TestPeer) -> [UInt16] {
        peer.media.compactMap { $0.withUnsafeBytes { PacketHeader($0) } }.filter { $0.ssrc == 500 }.map(\.sequence)
    }

    private func connected(rtx: Bool = true) throws -> (fixture: BorderFixture, alice: TestPeer, bob: TestPeer) {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(
            alice, bob, [WorkerFixture.videoTrack(rtx: rtx)], to: [WorkerFixture.videoOut(rtx: rtx)])
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        return (fixture, alice, bob)
    }

    // MARK: Following

    @Test func aTrackIsFollowedThoughItWasAskedForBeforeItsWorkerHeardOfIt() throws {
        let (fixture, alice, bob) = try connected()
        let track = track(payloadType: 98)
        fixture.mirror([track])
        let isAsked = fixture.wait([alice, bob]) {
            fixture.there.wishes.values.contains { $0.wish.codec.payloadType == 98 }
        }
        #expect(isAsked && fixture.there.followed.isEmpty)
        fixture.origin.worker.apply([.receive(fixture.origin.publisher, [track])])
        #expect(fixture.there.followed.keys.elementsEqual(fixture.back.mirrors.keys))
        alice.sendRTP(
            payloadType: 98, sequence: 7, timestamp: 9000, ssrc: 77, marker: true, payload: VP8Payload.keyframe([4]))
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        #expect(sequences(bob)[1] == sequences(bob)[0] &+ 1)
    }

    @Test func aTrackThatWasAnotherMeanwhileIsFollowedAsBefore() throws {
        let (fixture, alice, bob) = try connected()
        fixture.origin.worker.apply([
            .receive(fixture.origin.publisher, [track(payloadType: 98)]),
            .receive(fixture.origin.publisher, [WorkerFixture.videoTrack()]),
        ])
        #expect(fixture.there.followed.count == 1)
        // Another producer, so nothing but a keyframe can be next.
        #expect(fixture.deliver(1, [alice, bob]) { alice.sendVideo(2) })
        #expect(bob.media.count == 1)
        alice.sendVideo(3, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        #expect(sequences(bob)[1] == sequences(bob)[0] &+ 1)
    }

    @Test func aWishIsKeptUntilItIsWithdrawnOrThePublicationEnds() throws {
        let (fixture, alice, bob) = try connected()
        fixture.mirror([track(payloadType: 98)])
        fixture.mirror([track(payloadType: 99)])
        let isAsked = fixture.wait([alice, bob]) {
            fixture.there.wishes.values.contains { $0.wish.codec.payloadType == 99 }
        }
        #expect(isAsked && fixture.there.wishes.count == 1)
        fixture.origin.worker.apply([.endPublication(fixture.publication)])
        #expect(fixture.there.wishes.isEmpty)
        // It asks once more before it has heard of the end.
        fixture.mirror([track(payloadType: 100)])
        #expect(fixture.wait([alice, bob]) { !fixture.there.wishes.isEmpty })
        fixture.far.worker.apply([.endPublication(fixture.publication)])
        #expect(fixture.wait([alice, bob]) { fixture.there.wishes.isEmpty })
    }

    // MARK: Turns

    @Test func aTurnIsOverWhenItsTimeIsAndItsFrameIsComplete() throws {
        let (fixture, alice, bob) = try connected()
        let inlet = try #require(fixture.far.worker.border.inlet)
        let mirror = try #require(fixture.far.worker.publications[fixture.publication]?.producers.first)
        let before = fixture.far.worker.forwarder.packets
        for number in 2..<14 as Range<UInt16> { alice.sendVideo(number, marker: number % 3 == 1) }
        try #require(fixture.wait([alice], onlyOrigin: true) { fixture.there.packets == 13 })
        for frame in 1...3 as ClosedRange<UInt64> {
            fixture.far.worker.readClock()
            fixture.far.worker.answer(inlet, within: .milliseconds(0))
            #expect(fixture.far.worker.forwarder.packets == before + 3 * frame)
            #expect(mirror.encodings[0].pendingCount == 0)
        }
        // The rest comes though nobody rings.
        #expect(fixture.wait([bob]) { bob.media.count == 13 })
    }

    @Test func whoWasCutOffIsNotTheFirstOfTheNextTurn() throws {
        let border = Border(of: 0, inlets: try Inlet.all(workers: 3), pool: PacketPool())
        #expect((0..<6).map { _ in border.nextNeighbour()?.number } == [1, 2, nil, 1, 2, nil])
    }

    // MARK: What is under way

    @Test func aMirrorThatNobodyNeedsKeepsNoPacketOfAnUnfinishedFrame() throws {
        let (fixture, _, _) = try connected()
        let mirror = try #require(fixture.far.worker.publications[fixture.publication]?.producers.first)
        let pool = PacketPool()
        let slot = try #require(pool.take())
        let memory = pool.memory(slot)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        memory.put(UInt8(0x80), at: 0)
        let bytes = UnsafeRawBufferPointer(start: memory, count: 64)
        let header = try #require(PacketHeader(bytes))
        _ = mirror.take(
            PendingPacket(
                slot: slot, memory: memory, header: header,
                fields: ExtensionFields(bytes, header: header, table: mirror.table),
                payloadLength: bytes.count - header.length, startsKeyframe: true, isLate: false),
            at: fixture.far.worker.now)
        try #require(mirror.encodings[0].pendingCount == 1)
        fixture.far.worker.apply([.send(fixture.far.subscriber, [])])
        #expect(mirror.encodings[0].pendingCount == 0)
    }

    @Test func whatComesAgainForAMirrorThatIsGoneIsNotSent() throws {
        let (fixture, alice, bob) = try connected(rtx: false)
        let first = sequences(bob)
        bob.sendRTCP { writer in
            first.withUnsafeBufferPointer { writer.nack(sender: 1, media: 500, sequences: $0) }
        }
        try #require(fixture.reportToFar(bob, lost: 1))
        try #require(fixture.wait([alice], onlyOrigin: true) { !fixture.back.incoming.isEmpty })
        // The same subscriber, of another mirror.
        fixture.mirror([track(payloadType: 98)])
        #expect(fixture.wait([alice, bob]) { fixture.isQuiet })
        #expect(fixture.far.worker.forwarder.retransmissions == 0)
    }

    @Test func whatWaitsForItsFrameLeavesBeforeHeadersChange() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        var track = WorkerFixture.videoTrack(rtx: false)
        try fixture.openPublisher(alice, [track])
        try fixture.openSubscriber(bob, [WorkerFixture.videoOut(rtx: false)])
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        alice.sendVideo(2, marker: false)
        let producer = try #require(fixture.worker.publications[fixture.publication]?.producers.first)
        for _ in 0..<100 where producer.encodings[0].pendingCount == 0 { fixture.loop.runOnce(waiting: false) }
        track.extensions[.videoOrientation] = 3
        try #require(producer.encodings[0].pendingCount == 1)
        fixture.worker.apply([.receive(fixture.publisher, [track])])
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        // It is not known any more what its header looked like.
        let late = sequences(bob)[1]
        bob.sendRTCP { writer in
            [late].withUnsafeBufferPointer { writer.nack(sender: 1, media: 500, sequences: $0) }
        }
        let consumer = try #require(fixture.worker.transports[fixture.subscriber]?.consumers.first)
        bob.sendReport(lost: 1)
        #expect(fixture.wait([alice, bob]) { consumer.cumulativeLost == 1 })
        #expect(fixture.worker.forwarder.retransmissions == 0)
    }
}
