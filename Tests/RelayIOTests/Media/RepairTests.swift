import Loop
import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// Repair between a publisher and its subscribers, by a worker.
@MainActor @Suite(.serialized) struct RepairTests {
    /// Bob has seen Alice's first picture.
    private func watching() throws -> (WorkerFixture, alice: TestPeer, bob: TestPeer) {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        return (fixture, alice, bob)
    }

    private func pictureLosses(_ peer: TestPeer) -> Int {
        var count = 0
        control(peer) { if case .pictureLoss = $0 { count += 1 } }
        return count
    }

    @Test func thePublisherIsAskedForItsRoundTripAndItsAnswerIsReported() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice)
        alice.sendVideo(1, VP8Payload.keyframe())
        var time: (sender: UInt32, reference: UInt64)?
        try #require(
            fixture.wait([alice]) {
                control(alice) { packet in
                    if case .extendedReport(let report) = packet, let found = report.referenceTime {
                        time = (report.sender, found)
                    }
                }
                return time != nil
            })
        let asked = try #require(time)
        alice.sendRTCP {
            $0.answer(
                sender: 2222, to: asked.sender, lastReference: UInt32(truncatingIfNeeded: asked.reference >> 16),
                delay: 0)
        }
        try #require(
            fixture.wait([alice]) {
                fixture.worker.transports[fixture.publisher]?.reported?.roundTripMilliseconds != nil
            })
        let measured = fixture.worker.transports[fixture.publisher]?.reported?.roundTripMilliseconds ?? -1
        #expect(measured >= 0 && measured < 5_000)
    }

    @Test func aSubscriberThatKeepsAskingForKeyframesCostsThePublisherFew() throws {
        let (fixture, alice, bob) = try watching()
        _ = fixture.wait([alice], seconds: 0.7) { false }
        alice.forgetMedia()
        var sequence: UInt16 = 2
        for _ in 0..<120 {
            bob.sendRTCP { $0.pictureLoss(sender: 1, media: 500) }
            let before = pictureLosses(alice)
            _ = fixture.wait([alice, bob], seconds: 0.02) { false }
            if pictureLosses(alice) > before {
                alice.sendVideo(sequence, VP8Payload.keyframe())
                sequence += 1
            }
        }
        // In some 2.4 s: at once and after a second; every 500 ms without that bound.
        #expect((1...3).contains(pictureLosses(alice)))
        // What was asked for last is not forgotten, though nobody asks any more.
        let asked = pictureLosses(alice)
        #expect(fixture.wait([alice, bob], seconds: 5) { pictureLosses(alice) > asked })
    }

    /// Who loses the picture again and again, by a narrow path or by pausing, does not make keyframes for everybody each time.
    @Test(arguments: [true, false]) func aSubscriberThatKeepsStartingAnewCostsThePublisherFew(_ pauses: Bool) throws {
        let (fixture, alice, bob) = try watching()
        _ = fixture.wait([alice], seconds: 0.7) { false }
        alice.forgetMedia()
        bob.forgetMedia()
        let consumer = try #require(fixture.worker.transports[fixture.subscriber]?.consumers.first)
        var sequence: UInt16 = 2
        var answered = 0
        func sendFrame() {
            _ = fixture.wait([alice, bob], seconds: 0.01) { false }
            let isAsked = pictureLosses(alice) > answered
            if isAsked { answered += 1 }
            alice.sendVideo(sequence, isAsked ? VP8Payload.keyframe() : VP8Payload.delta())
            sequence += 1
        }
        let begin = fixture.loop.now
        var next = begin
        while fixture.loop.now - begin < 2_400_000 {
            if fixture.loop.now >= next {
                next += 50_000
                if pauses {
                    for isPaused in [true, false] {
                        fixture.worker.apply([.prefer(fixture.subscriber, VideoPreference(isPaused: isPaused))])
                    }
                } else {
                    consumer.starve()
                }
            }
            sendFrame()
        }
        // At once and after a second; every 500 ms without that bound.
        #expect((1...3).contains(pictureLosses(alice)))
        #expect(!bob.media.isEmpty)
        // It is served once it lets itself be.
        bob.forgetMedia()
        let end = fixture.loop.now + 4_000_000
        while bob.media.isEmpty, fixture.loop.now < end { sendFrame() }
        #expect(!bob.media.isEmpty)
    }

    @Test func reportsOfWhatWasNeverSentAreNotReadWithoutEnd() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        let path = try #require(fixture.worker.transports[fixture.subscriber]?.feedback)
        /// None of so many packets has arrived.
        func report(_ packets: Int) -> [UInt8] {
            var chunks: [UInt8] = []
            for begin in stride(from: 0, to: packets, by: 0x1fff) {
                let run = min(packets - begin, 0x1fff)
                chunks += [UInt8(run >> 8), UInt8(run & 0xff)]
            }
            while chunks.count % 4 != 0 { chunks.append(0) }
            let words = UInt8(4 + chunks.count / 4)
            return [0x8f, 205, 0, words] + [0, 0, 0, 1, 0, 0, 1, 244, 0, 0]
                + [UInt8(packets >> 8), UInt8(packets & 0xff), 0, 0, 0, 0] + chunks
        }
        let refused = fixture.worker.totals.datagramsRefused
        bob.sendRTCP((0..<30).flatMap { _ in report(65_535) })
        #expect(fixture.wait([alice, bob]) { fixture.worker.totals.datagramsRefused == refused + 1 })
        #expect(path.reportedAt == nil)
        bob.sendRTCP(report(100))
        #expect(fixture.wait([alice, bob]) { path.reportedAt != nil })
        #expect(fixture.worker.totals.datagramsRefused == refused + 1)
    }

    @Test func whoAsksForMoreThanCouldBeMissingIsHeardInPart() throws {
        let (fixture, alice, bob) = try watching()
        let sent = headers(bob)[0].sequence
        func ask(_ numbers: [UInt16]) {
            bob.sendRTCP { writer in
                numbers.withUnsafeBufferPointer { writer.nack(sender: 1, media: 500, sequences: $0) }
            }
        }
        let refused = fixture.worker.totals.datagramsRefused
        ask((1...3_000).map { sent &+ $0 } + [sent])
        #expect(fixture.wait([alice, bob]) { fixture.worker.totals.datagramsRefused == refused + 1 })
        #expect(bob.media.count == 1)
        _ = fixture.wait([alice, bob], seconds: 0.05) { false }
        ask([sent])
        #expect(fixture.wait([alice, bob]) { bob.media.count == 2 })
        #expect(fixture.worker.totals.datagramsRefused == refused + 1)
    }

    @Test func whatWasForwardedLateJustNowIsNotSentOnceMore() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        alice.sendVideo(1, VP8Payload.keyframe())
        alice.sendVideo(3)
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        let consumer = try #require(fixture.worker.transports[fixture.subscriber]?.consumers.first)
        for _ in 0..<20 { consumer.roundTrip.add(.milliseconds(400)) }
        alice.sendRTP(
            payloadType: 97, sequence: 50, timestamp: 6000, ssrc: 2223, marker: true,
            payload: [0, 2] + VP8Payload.delta())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 3 })
        let missing = headers(bob)[0].sequence &+ 1
        #expect(headers(bob)[2].sequence == missing)
        func ask() {
            bob.sendRTCP { writer in
                [missing].withUnsafeBufferPointer { writer.nack(sender: 1, media: 500, sequences: $0) }
            }
        }
        // This request crossed the packet on its way.
        ask()
        #expect(!fixture.wait([alice, bob], seconds: 0.15) { bob.media.count > 3 })
        _ = fixture.wait([alice, bob], seconds: 0.4) { false }
        ask()
        #expect(fixture.wait([alice, bob]) { bob.media.count == 4 })
        #expect(headers(bob)[3].payloadType == 101)
    }

    @Test func whoJoinsLateGetsTheLastKeyframeAndWhatFollowedWhereThatIsKept() throws {
        var settings = MediaSettings()
        settings.keyframeCache = .seconds(5)
        let fixture = try WorkerFixture(media: settings)
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        alice.sendVideo(1, VP8Payload.keyframe())
        for sequence in 2...6 as ClosedRange<UInt16> { alice.sendVideo(sequence) }
        _ = fixture.wait([alice], seconds: 0.2) { false }
        try fixture.openSubscriber(bob)
        try #require(fixture.wait([alice, bob]) { bob.media.count == 6 })
        #expect(payload(bob.media[0]) == VP8Payload.keyframe())
        alice.sendVideo(7)
        try #require(fixture.wait([alice, bob]) { bob.media.count == 7 })
        let found = headers(bob)
        #expect(found.map { $0.sequence &- found[0].sequence } == Array(0...6))
        // Frames of the replay are a millisecond apart; the live one keeps its distance.
        #expect(found.map { $0.timestamp &- found[0].timestamp } == [0, 90, 180, 270, 360, 450, 3_450])
        #expect(pictureLosses(alice) == 0)
    }

    /// What was given up in favour of a keyframe behind it would be asked for, and sent again ahead of that.
    @Test func whatIsCutFromTheQueueIsNotMissed() throws {
        let fixture = try WorkerFixture()
        fixture.worker.bandwidth.startWithoutFeedback = .kilobitsPerSecond(100)
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        let transport = try #require(fixture.worker.transports[fixture.subscriber])
        let consumer = try #require(transport.consumers.first)
        let pacer = try #require(transport.subscriber?.pacer)
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        // At 250 kbit/s 350 ms are 10 of these.
        let picture = [UInt8](repeating: 9, count: 1_000)
        for sequence in 2...9 as ClosedRange<UInt16> { alice.sendVideo(sequence, VP8Payload.delta(picture)) }
        alice.sendVideo(10, VP8Payload.keyframe(picture))
        for sequence in 11...15 as ClosedRange<UInt16> { alice.sendVideo(sequence, VP8Payload.delta(picture)) }
        #expect(fixture.wait([alice, bob]) { consumer.counts.heldBack > 0 && pacer.queuedBytes == 0 })
        _ = fixture.wait([alice, bob], seconds: 0.1) { false }
        let found = headers(bob)
        #expect(found.count < 15)
        #expect(found.map { $0.sequence &- found[0].sequence } == Array(0..<UInt16(found.count)))
        let keyframe = bob.media.lastIndex { payload($0) == VP8Payload.keyframe(picture) } ?? 0
        #expect(keyframe == found.count - 6)
        // Timestamps go on as the publisher's.
        let last = try #require(found.last)
        #expect(last.timestamp &- found[0].timestamp == 42_000)
        #expect(pacer.streamCount == 1)
        fixture.worker.apply([.send(fixture.subscriber, [])])
        #expect(pacer.streamCount == 0)
    }
}
