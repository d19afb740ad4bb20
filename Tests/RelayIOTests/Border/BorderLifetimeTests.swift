import Loop
import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// What is lent across the border comes back, whoever leaves first.
@Suite(.serialized) struct BorderLifetimeTests {
    private func sequences(_ peer: TestPeer) -> [UInt16] {
        peer.media.compactMap { $0.withUnsafeBytes { PacketHeader($0) } }.filter { $0.ssrc == 500 }.map(\.sequence)
    }

    @Test func withoutSubscribersThereNothingIsHandedOver() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        #expect(fixture.there.followed.count == 1)
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        fixture.far.worker.apply([.close(fixture.far.subscriber)])
        #expect(fixture.wait([alice, bob]) { fixture.there.followed.isEmpty })
        #expect(fixture.back.mirrors.isEmpty)
        #expect(fixture.deliver(1, [alice, bob]) { alice.sendVideo(2, VP8Payload.keyframe()) })
        #expect(fixture.there.packets == 1)
    }

    @Test func slotsAreTheFirstWorkersAgainOnceForwarded() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        for number in 0..<30 as Range<UInt16> {
            alice.sendVideo(number, number == 0 ? VP8Payload.keyframe() : VP8Payload.delta(), marker: number % 6 == 5)
        }
        try #require(fixture.wait([alice, bob]) { bob.media.count == 30 })
        fixture.origin.worker.apply([
            .close(fixture.origin.publisher), .endPublication(fixture.publication),
        ])
        // The batch that receives next holds its own.
        #expect(fixture.wait([alice, bob]) { fixture.origin.worker.pool.used <= 32 })
        #expect(fixture.there.followed.isEmpty)
        fixture.far.worker.apply([.close(fixture.far.subscriber), .endPublication(fixture.publication)])
        #expect(fixture.back.mirrors.isEmpty && fixture.far.worker.publications.isEmpty)
    }

    @Test func aPublicationMayEndOnEitherSideWhilePacketsAreUnderWay() throws {
        for endsFarFirst in [true, false] {
            let fixture = try BorderFixture()
            let (alice, bob) = (try TestPeer(), try TestPeer())
            try fixture.connect(alice, bob)
            alice.sendVideo(1, VP8Payload.keyframe())
            try #require(fixture.wait([alice, bob], onlyOrigin: true) { fixture.there.packets == 1 })
            let far: [WorkerCommand] = [.close(fixture.far.subscriber), .endPublication(fixture.publication)]
            let near: [WorkerCommand] = [.close(fixture.origin.publisher), .endPublication(fixture.publication)]
            if endsFarFirst {
                fixture.far.worker.apply(far)
                #expect(fixture.wait([alice, bob]) { fixture.isQuiet && fixture.there.followed.isEmpty })
                fixture.origin.worker.apply(near)
            } else {
                fixture.origin.worker.apply(near)
                // It was handed over before the end, so it still arrives.
                #expect(fixture.wait([alice, bob]) { bob.media.count == 1 })
                fixture.far.worker.apply(far)
            }
            #expect(fixture.wait([alice, bob]) { fixture.origin.worker.pool.used <= 32 })
        }
    }

    @Test func aWorkerThatStandsStillMissesPacketsAndFetchesThemLaterAndPinsNoMoreThanARing() throws {
        let fixture = try BorderFixture()
        // All at once is nothing that a narrow path would take.
        fixture.far.worker.bandwidth.start = .megabitsPerSecond(100)
        fixture.far.worker.bandwidth.maximum = .megabitsPerSecond(100)
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(0, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        let total = Inlet.capacity + 200
        for number in 1...UInt16(total) {
            alice.sendVideo(number, VP8Payload.delta([UInt8(truncatingIfNeeded: number)]))
            if number % 25 == 0 {
                _ = fixture.wait([alice], onlyOrigin: true) {
                    fixture.there.packets + fixture.there.drops > UInt64(number)
                }
            }
        }
        #expect(
            fixture.wait([alice], onlyOrigin: true) { fixture.there.packets + fixture.there.drops == UInt64(total + 1) }
        )
        #expect(fixture.there.drops >= 200)
        #expect(fixture.there.packets <= UInt64(Inlet.capacity + 1))
        fixture.origin.worker.apply([.close(fixture.origin.publisher), .endPublication(fixture.publication)])
        #expect(fixture.origin.worker.pool.used <= Inlet.capacity + 32)
        // It moves again: everything that is in the ring arrives, in order.
        let arrived = Int(fixture.there.packets)
        #expect(fixture.wait([alice, bob], seconds: 10) { bob.media.count == arrived })
        let numbers = sequences(bob)
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 &+ 1 })
        #expect(fixture.wait([alice, bob]) { fixture.origin.worker.pool.used <= 32 })
    }

    @Test func aFullRingsLossIsAGapThatASubscriberCanHaveFilled() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(0, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        // As if the ring had been full: what is told leaves half to media, so that takes two kinds.
        let filler = Crossing.level(PublicationID(value: 99), 0)
        while fixture.there.tell(filler) {}
        var fill: UInt16 = 1
        while fixture.there.drops == 0 {
            alice.sendVideo(fill, VP8Payload.delta([UInt8(truncatingIfNeeded: fill)]))
            _ = fixture.wait([alice], onlyOrigin: true) {
                fixture.there.packets + fixture.there.drops > UInt64(fill)
            }
            fill += 1
        }
        let lost = fill - 1
        _ = fixture.wait([alice, bob]) { bob.media.count == Int(lost) }
        alice.sendVideo(fill, VP8Payload.delta([1]))
        try #require(fixture.wait([alice, bob]) { bob.media.count == Int(lost) + 1 })
        let numbers = sequences(bob)
        let missing = numbers[numbers.count - 2] &+ 1
        #expect(numbers.last == missing &+ 1)
        bob.sendRTCP { writer in
            [missing].withUnsafeBufferPointer { writer.nack(sender: 1, media: 500, sequences: $0) }
        }
        #expect(fixture.wait([alice, bob]) { bob.media.count == Int(lost) + 2 })
        #expect(bob.media.last?.last == UInt8(truncatingIfNeeded: lost))
    }

    @Test func aRingOutlivesTheWorkerThatFilledIt() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(0, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob], onlyOrigin: true) { fixture.there.packets == 1 })
        fixture.origin.worker.apply([.shutDown])
        fixture.origin.loop.close()
        #expect(
            { () -> Bool in
                for _ in 0..<200 where bob.media.isEmpty {
                    fixture.far.loop.runOnce(waiting: false)
                    bob.pump()
                }
                return bob.media.count == 1
            }())
    }
}
