import Loop
import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// A publication whose subscribers are on another worker.
@Suite(.serialized) struct BorderTests {
    private func pictureLosses(_ peer: TestPeer) -> Int {
        var count = 0
        control(peer) { if case .pictureLoss = $0 { count += 1 } }
        return count
    }

    private func expectContinuous(_ peer: TestPeer) {
        let all = headers(peer)
        for (one, next) in zip(all, all.dropFirst()) { #expect(next.sequence == one.sequence &+ 1) }
    }

    @Test func packetsReachSubscribersOfBothWorkersUnchangedAndOnce() throws {
        let fixture = try BorderFixture()
        let (alice, near, distant) = (try TestPeer(), try TestPeer(), try TestPeer())
        try fixture.connect(alice, distant)
        try fixture.origin.openSubscriber(near)
        var sequence: UInt16 = 65_520
        for frame in 0..<12 {
            for part in 0..<7 as Range<UInt8> {
                let rest = [UInt8](repeating: UInt8(frame) &* 16 &+ part, count: 100 + Int(part) / 4)
                alice.sendVideo(
                    sequence, frame == 0 && part == 0 ? VP8Payload.keyframe(rest) : VP8Payload.delta(rest),
                    timestamp: UInt32(frame) * 3000, marker: part == 6)
                sequence &+= 1
            }
        }
        #expect(fixture.wait([alice, near, distant]) { near.media.count == 84 && distant.media.count == 84 })
        #expect(near.media.map { payload($0).prefix(100) } == distant.media.map { payload($0).prefix(100) })
        expectContinuous(distant)
        #expect(fixture.there.packets == 84 && fixture.there.drops == 0)
        #expect(headers(distant).map(\.ssrc).allSatisfy { $0 == 500 })
    }

    @Test func aKeyframeIsAskedOfThePublisherAcrossTheBorder() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.origin.openPublisher(alice)
        // Something has to arrive before it is known whom to ask.
        alice.sendVideo(1, VP8Payload.delta())
        #expect(
            fixture.wait([alice]) {
                fixture.origin.worker.publications[fixture.publication]?.producers[0].streams.count == 1
            })
        fixture.mirror()
        try fixture.far.openSubscriber(bob)
        #expect(fixture.wait([alice, bob]) { pictureLosses(alice) == 1 })
        #expect(bob.media.isEmpty)
        alice.sendVideo(2, VP8Payload.keyframe())
        #expect(fixture.wait([alice, bob]) { bob.media.count == 1 })
        alice.forgetMedia()
        bob.sendRTCP { $0.pictureLoss(sender: 1, media: 500) }
        #expect(fixture.wait([alice, bob]) { pictureLosses(alice) == 1 })
    }

    @Test func whoWaitsForAPictureIsNotForgottenAcrossTheBorder() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        var sequence: UInt16 = 1
        // Nothing but deltas: what the subscriber was promised never came.
        let isReminded = fixture.wait([alice, bob]) {
            alice.sendVideo(sequence)
            sequence += 1
            return pictureLosses(alice) >= 2
        }
        #expect(isReminded && bob.media.isEmpty)
    }

    @Test(arguments: [true, false]) func whatASubscriberMissesIsFetchedFromTheOtherWorker(_ hasRTX: Bool) throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(
            alice, bob, [WorkerFixture.videoTrack(rtx: hasRTX)], to: [WorkerFixture.videoOut(rtx: hasRTX)])
        for number in 0..<5 as Range<UInt16> {
            alice.sendVideo(number, number == 0 ? VP8Payload.keyframe() : VP8Payload.delta([UInt8(number)]))
        }
        try #require(fixture.wait([alice, bob]) { bob.media.count == 5 })
        let lost = headers(bob)[2].sequence
        func ask(_ sequence: UInt16) {
            bob.sendRTCP { writer in
                [sequence].withUnsafeBufferPointer { writer.nack(sender: 1, media: 500, sequences: $0) }
            }
        }
        ask(lost)
        if hasRTX {
            try #require(fixture.wait([alice, bob]) { bob.media.count == 6 })
            let again = headers(bob)[5]
            #expect(again.ssrc == 501 && again.payloadType == 101)
            #expect(payload(bob.media[5]) == [UInt8(lost >> 8), UInt8(lost & 0xff)] + payload(bob.media[2]))
        } else {
            // The same packet to the last bit: its number has been seen, so that the peer's SRTP drops it.
            let before = bob.mediaDatagrams
            try #require(fixture.wait([alice, bob]) { bob.mediaDatagrams == before + 1 })
        }
        #expect(fixture.far.worker.forwarder.retransmissions == 1)
        // What was never sent is nobody's, here or there.
        ask(lost &+ 1000)
        #expect(fixture.report(bob, lost: 1, [alice, bob]))
        #expect(fixture.far.worker.forwarder.retransmissions == 1)
    }

    @Test func oneWhoAsksForEverythingDoesNotFillTheBorder() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        for number in 0..<400 as Range<UInt16> {
            alice.sendVideo(number, number == 0 ? VP8Payload.keyframe() : VP8Payload.delta())
            if number % 20 == 19 { _ = fixture.wait([alice, bob]) { bob.media.count == Int(number) + 1 } }
        }
        try #require(bob.media.count == 400)
        let all = headers(bob).map(\.sequence)
        for _ in 0..<20 {
            bob.sendRTCP { writer in
                all.withUnsafeBufferPointer { writer.nack(sender: 1, media: 500, sequences: $0) }
            }
        }
        #expect(fixture.report(bob, lost: 1, [alice, bob]))
        // A quarter of a second of 10 Mbit/s at once.
        #expect((1...300).contains(fixture.far.worker.forwarder.retransmissions))
        alice.sendVideo(400)
        #expect(
            fixture.wait([alice, bob]) { headers(bob).contains { $0.ssrc == 500 && $0.sequence == all[399] &+ 1 } })
    }

    @Test func whoAsksForKeyframesAllTheTimeDoesNotFillTheBorderAndIsServed() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        let following = try #require(
            fixture.far.worker.publications[fixture.publication]?.producers.first?.following)
        fixture.back.settle()
        let before = fixture.there.incoming.free
        let start = fixture.origin.loop.now
        for _ in 0..<20 {
            bob.sendRTCP { writer in
                (0..<50).allSatisfy { _ in writer.pictureLoss(sender: 1, media: 500) }
            }
        }
        try #require(fixture.reportToFar(bob, lost: 1))
        // No more than the time allows; who asks too early is owed.
        let allowed = 2 + Int((fixture.origin.loop.now - start) / 100_000)
        let asked = before - fixture.there.incoming.free
        #expect(asked <= allowed && (asked > 0 || following.owesRequest(of: 0)))
        #expect(fixture.wait([alice, bob]) { !following.owesRequest(of: 0) && pictureLosses(alice) > 0 })
        #expect(before - fixture.there.incoming.free <= 2 + Int((fixture.origin.loop.now - start) / 100_000))
    }

    @Test func aMutedTrackPicksUpAtAKeyframeWithoutAGap() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        fixture.origin.worker.apply([.select(fixture.publication, TrackSelection(audio: true, video: false))])
        let isMuted = fixture.deliver(2, [alice, bob]) {
            alice.sendVideo(2)
            alice.sendVideo(3)
        }
        #expect(isMuted && bob.media.count == 1)
        fixture.origin.worker.apply([.select(fixture.publication, .all)])
        #expect(fixture.deliver(1, [alice, bob]) { alice.sendVideo(4) })
        #expect(bob.media.count == 1)
        alice.sendVideo(5, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        expectContinuous(bob)
    }

    /// The workers hear of a mute at different times.
    @Test(arguments: [true, false]) func aMutedTrackTakesNoPartOfAMirrorsBudget(_ farFirst: Bool) throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        let transport = try #require(fixture.far.worker.transports[fixture.far.subscriber])
        let subscriber = try #require(transport.subscriber)
        let consumer = try #require(transport.consumers.first)
        fixture.far.worker.allocate(subscriber)
        #expect((subscriber.estimator.wanted ?? .zero) > .zero)
        func select(_ selection: TrackSelection) {
            let workers = [fixture.origin.worker, fixture.far.worker]
            for worker in farFirst ? workers.reversed() : workers {
                worker.apply([.select(fixture.publication, selection)])
            }
        }
        select(TrackSelection(audio: true, video: false))
        #expect(fixture.deliver(1, [alice, bob]) { alice.sendVideo(2) })
        fixture.far.worker.allocate(subscriber)
        #expect(subscriber.estimator.wanted == subscriber.unaskedRate(at: fixture.far.worker.now))
        #expect(consumer.awaitsStart && bob.media.count == 1)
        alice.forgetMedia()
        select(.all)
        fixture.far.worker.allocate(subscriber)
        #expect((subscriber.estimator.wanted ?? .zero) > .zero)
        #expect(fixture.deliver(1, [alice, bob]) { alice.sendVideo(3) })
        #expect(bob.media.count == 1)
        #expect(
            fixture.wait([alice, bob], seconds: 2) {
                _ = alice.sendVideo(4)
                return pictureLosses(alice) > 0
            })
        alice.sendVideo(5, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        expectContinuous(bob)
    }

    @Test func aReplacedPublisherGoesOnUnderTheSameNumbers() throws {
        let fixture = try BorderFixture()
        let (alice, again, bob) = (try TestPeer(), try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(10, VP8Payload.keyframe(), timestamp: 50_000)
        alice.sendVideo(11, timestamp: 53_000)
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        let second = TransportID(value: 9)
        try fixture.origin.openPublisher(again, id: second, ufrag: "again")
        fixture.mirror()
        fixture.origin.worker.apply([.close(fixture.origin.publisher)])
        // The same SSRC, and numbers that would be a jump.
        #expect(fixture.deliver(1, [again, bob]) { again.sendVideo(40_000, timestamp: 7) })
        #expect(bob.media.count == 2)
        again.sendVideo(40_001, VP8Payload.keyframe(), timestamp: 3007)
        again.sendVideo(40_002, timestamp: 6007)
        try #require(fixture.wait([again, bob]) { bob.media.count == 4 })
        expectContinuous(bob)
        let stamps = headers(bob).map(\.timestamp)
        #expect(zip(stamps, stamps.dropFirst()).allSatisfy { Int32(bitPattern: $1 &- $0) > 0 })
    }

    @Test func aTrackWithAnotherCodecIsFollowedAnew() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        var track = WorkerFixture.videoTrack()
        track.codec.payloadType = 98
        track.codec.retransmissionPayloadType = nil
        fixture.origin.worker.apply([.receive(fixture.origin.publisher, [track])])
        fixture.mirror([track])
        #expect(fixture.wait([alice, bob]) { fixture.there.followed.keys.elementsEqual(fixture.back.mirrors.keys) })
        alice.sendRTP(
            payloadType: 98, sequence: 7, timestamp: 9000, ssrc: 77, marker: true, payload: VP8Payload.keyframe([4]))
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        expectContinuous(bob)
        #expect(fixture.back.mirrors.count == 1)
    }

    @Test func packetsWithoutPayloadLeaveNoGap() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(1, VP8Payload.keyframe())
        alice.sendVideo(2, [], marker: false)
        alice.sendVideo(3, [], marker: false)
        alice.sendVideo(4)
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        expectContinuous(bob)
    }

    @Test func senderReportsAreTranslatedAndTheirEchoGivesTheRoundTrip() throws {
        let fixture = try BorderFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.connect(alice, bob)
        alice.sendVideo(1, VP8Payload.keyframe(), timestamp: 96_000)
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        let ntp: UInt64 = 0x1234_5678_9abc_def0
        alice.sendRTCP {
            $0.senderReport(SenderInfo(ssrc: 2222, ntpTime: ntp, rtpTime: 96_480, packetCount: 5, octetCount: 50))
        }
        var found: SenderInfo?
        #expect(
            fixture.wait([alice, bob]) {
                control(bob) { if case .senderReport(let report) = $0 { found = report.info } }
                return found != nil
            })
        #expect(found?.ssrc == 500 && found?.ntpTime == ntp && found?.packetCount == 1)
        #expect(found?.rtpTime == headers(bob)[0].timestamp &+ 480)
        bob.sendRTCP { writer in
            writer.receiverReport(sender: 1)
                && writer.reportBlock(
                    ReportBlock(
                        ssrc: 500, fractionLost: 0, cumulativeLost: 3, highestSequence: 1, jitter: 0,
                        lastSenderReport: UInt32(truncatingIfNeeded: ntp >> 16), delaySinceLastSenderReport: 0))
        }
        let consumer = try #require(fixture.far.worker.transports[fixture.far.subscriber]?.consumers.first)
        #expect(fixture.wait([alice, bob]) { consumer.roundTrip.smoothed != nil && consumer.cumulativeLost == 3 })
    }

    @Test func audioLevelsReachTheWorkerThatLooksForTheSpeaker() throws {
        let fixture = try BorderFixture()
        let alice = try TestPeer()
        var identifiers = ExtensionMap()
        identifiers[.audioLevel] = 1
        let track = IncomingTrack(
            mid: "0", kind: .audio,
            codec: CodecParameters(name: .opus, payloadType: 111, clockRate: 48_000, channels: 2),
            extensions: identifiers, feedback: [])
        try fixture.origin.openPublisher(alice, [track])
        fixture.far.worker.apply([.listen(to: fixture.publication, RoomID("r"), ParticipantID("p"))])
        fixture.origin.worker.apply([.tellLevels(fixture.publication, to: 1)])
        var sequence: UInt16 = 0
        var nextAt = fixture.origin.loop.now
        func speaker(_ worker: WorkerFixture) -> [ParticipantID?] {
            worker.events.compactMap { if case .speaker(_, let who) = $0 { .some(who) } else { nil } }
        }
        let isHeard = fixture.wait([alice]) {
            if fixture.origin.loop.now >= nextAt {
                nextAt += 20_000
                alice.sendRTP(
                    payloadType: 111, sequence: sequence, timestamp: UInt32(sequence) * 960, ssrc: 9, marker: false,
                    extensions: [(1, [sequence < 10 ? 0x7f : 0x80 | 20])], payload: [1])
                sequence += 1
            }
            return !speaker(fixture.far).isEmpty
        }
        #expect(isHeard)
        #expect(speaker(fixture.far) == [ParticipantID("p")])
        #expect(speaker(fixture.origin).isEmpty && fixture.origin.worker.speakers.isEmpty)
        #expect(fixture.wait([alice]) { fixture.origin.worker.totals.packetsReceived == UInt64(sequence) })
        fixture.far.worker.apply([.endPublication(fixture.publication)])
        #expect(fixture.far.worker.speakers.isEmpty && fixture.far.worker.distantSpeakers.isEmpty)
        // What was under way is nobody's.
        let isDelivered = fixture.deliver(1, [alice]) {
            alice.sendRTP(
                payloadType: 111, sequence: sequence, timestamp: 0, ssrc: 9, marker: false,
                extensions: [(1, [0x80 | 20])], payload: [1])
        }
        // Levels wait for a tick.
        let ticks = fixture.origin.worker.ticks
        #expect(isDelivered && fixture.wait([alice]) { fixture.origin.worker.ticks > ticks && fixture.isQuiet })
        #expect(fixture.far.worker.speakers.isEmpty)
    }
}
