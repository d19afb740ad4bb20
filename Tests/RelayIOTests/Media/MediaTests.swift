import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

@Suite(.serialized) struct MediaTests {
    private func identifiers(_ pairs: [HeaderExtension: UInt8]) -> ExtensionMap {
        var map = ExtensionMap()
        for (kind, identifier) in pairs { map[kind] = identifier }
        return map
    }

    // MARK: Simulcast

    @Test func simulcastForwardsTheBestLayerAndStepsDownAtAKeyframeWhenItStops() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        var track = WorkerFixture.videoTrack(identifiers: identifiers([.streamID: 5]))
        track.streamIDs = ["q", "h", "f"]
        try fixture.openPublisher(alice, [track])
        try fixture.openSubscriber(bob)
        var sequence: UInt16 = 65_500
        var stamp: UInt32 = 0
        func frame(_ layers: [UInt32], keyframes: Bool) {
            for layer in layers {
                let rest = [UInt8](repeating: UInt8(layer), count: 60 * Int(layer * layer))
                alice.sendRTP(
                    payloadType: 96, sequence: sequence &+ UInt16(layer * 1000), timestamp: stamp, ssrc: layer,
                    marker: true,
                    extensions: [(5, [[113], [104], [102]][Int(layer) - 1])],
                    payload: keyframes ? VP8Payload.keyframe(rest) : VP8Payload.delta(rest))
            }
            sequence &+= 1
            stamp &+= 3000
            _ = fixture.wait([alice, bob], seconds: 0.012) { false }
        }
        func layer(_ packet: [UInt8]) -> UInt8 { payload(packet).last ?? 0 }
        for number in 0..<40 { frame([1, 2, 3], keyframes: number % 12 == 0) }
        #expect(layer(try #require(bob.media.last)) == 3)
        #expect(fixture.worker.transports[fixture.publisher]?.inbound?.streams[3]?.encoding.streamID == "f")
        let full = bob.media.count
        // The best layer is gone; the next takes over, with its keyframe and not before.
        for _ in 0..<75 { frame([1, 2], keyframes: false) }
        #expect(bob.media.count == full)
        for number in 0..<5 { frame([1, 2], keyframes: number == 0) }
        try #require(bob.media.count > full)
        #expect(layer(bob.media[full]) == 2)
        #expect(payload(bob.media[full])[1] == 0)
        let all = headers(bob)
        for (one, next) in zip(all, all.dropFirst()) {
            #expect(next.sequence == one.sequence &+ 1)
            #expect(Int32(bitPattern: next.timestamp &- one.timestamp) > 0)
        }
        for (one, next) in zip(bob.media, bob.media.dropFirst()) where layer(one) != layer(next) {
            #expect(payload(next)[1] == 0)
        }
    }

    @Test func versionsMayBeOthersAfterARenegotiation() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        var track = WorkerFixture.videoTrack(identifiers: identifiers([.streamID: 5]))
        track.streamIDs = ["q", "h", "f"]
        try fixture.openPublisher(alice, [track])
        try fixture.openSubscriber(bob)
        func send(_ ssrc: UInt32, _ sequence: UInt16, rid: UInt8) {
            alice.sendRTP(
                payloadType: 96, sequence: sequence, timestamp: UInt32(sequence) * 3000, ssrc: ssrc, marker: true,
                extensions: [(5, [rid])], payload: VP8Payload.keyframe([UInt8](repeating: 1, count: 50)))
        }
        for ssrc in 1...3 as ClosedRange<UInt32> { send(ssrc, 1, rid: [113, 104, 102][Int(ssrc) - 1]) }
        try #require(fixture.wait([alice, bob]) { !bob.media.isEmpty })
        let before = bob.media.count
        track.streamIDs = ["a", "b"]
        fixture.worker.apply([.receive(fixture.publisher, [track])])
        let inbound = try #require(fixture.worker.transports[fixture.publisher]?.inbound)
        #expect(inbound.streams.isEmpty)
        // The same SSRCs under other names, and one that is not among them.
        send(1, 2, rid: 97)
        send(2, 2, rid: 98)
        send(3, 2, rid: 102)
        #expect(fixture.wait([alice, bob]) { bob.media.count > before && inbound.streams.count == 2 })
        #expect(Set(inbound.streams.values.map(\.encoding.streamID)) == ["a", "b"])
        fixture.worker.apply([.close(fixture.publisher), .endPublication(fixture.publication)])
        #expect(fixture.wait([bob]) { fixture.worker.pool.used <= 32 })
    }

    // MARK: Audio

    private func audioTrack(red: Bool = false, extensions: ExtensionMap = ExtensionMap(), feedback: FeedbackSet = [])
        -> IncomingTrack
    {
        IncomingTrack(
            mid: "0", kind: .audio,
            codec: CodecParameters(
                name: .opus, payloadType: 111, redundancyPayloadType: red ? 63 : nil, clockRate: 48_000, channels: 2),
            extensions: extensions, feedback: feedback)
    }

    private func audioOut(red: Bool = false) -> OutgoingTrack {
        OutgoingTrack(
            mid: "a", sourceMid: "0", kind: .audio,
            codec: CodecParameters(
                name: .opus, payloadType: 96, redundancyPayloadType: red ? 97 : nil, clockRate: 48_000, channels: 2),
            extensions: ExtensionMap(), feedback: [], ssrc: 700, retransmissionSSRC: nil, canonicalName: "name")
    }

    @Test(arguments: [false, true]) func redundantAudioReachesWhoHasItAndIsUnwrappedForOthers(_ hasRED: Bool) throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice, [audioTrack(red: true)])
        try fixture.openSubscriber(bob, [audioOut(red: hasRED)])
        let red: [UInt8] = [0x80 | 111, 0x0f, 0x00, 3, 111, 1, 2, 3, 7, 8, 9, 10]
        alice.sendRTP(payloadType: 63, sequence: 1, timestamp: 960, ssrc: 9, marker: false, payload: red)
        alice.sendRTP(payloadType: 111, sequence: 2, timestamp: 1920, ssrc: 9, marker: false, payload: [5, 5])
        // Lengths that contradict the payload's.
        alice.sendRTP(
            payloadType: 63, sequence: 3, timestamp: 2880, ssrc: 9, marker: false,
            payload: [0xff, 0xff, 0xff, 0xff, 111, 1])
        alice.sendRTP(payloadType: 111, sequence: 4, timestamp: 3840, ssrc: 9, marker: false, payload: [6])
        try #require(fixture.wait([alice, bob]) { bob.media.count == 3 })
        #expect(headers(bob).map(\.payloadType) == [hasRED ? 97 : 96, 96, 96])
        #expect(bob.media.map { payload($0) } == [hasRED ? red : [7, 8, 9, 10], [5, 5], [6]])
    }

    @Test func audioGoesOnWhenItsSourceChanges() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice, [audioTrack()])
        try fixture.openSubscriber(bob, [audioOut()])
        alice.sendRTP(payloadType: 111, sequence: 1, timestamp: 0, ssrc: 9, marker: false, payload: [1])
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        var sequence: UInt16 = 500
        try #require(
            fixture.wait([alice, bob], seconds: 2) {
                if fixture.worker.ticks % 4 == 0 {
                    alice.sendRTP(
                        payloadType: 111, sequence: sequence, timestamp: UInt32(sequence) * 960, ssrc: 10,
                        marker: false, payload: [2])
                    sequence += 1
                }
                return bob.media.count > 1
            })
        #expect(headers(bob)[1].sequence == headers(bob)[0].sequence &+ 1)
        #expect(headers(bob)[1].ssrc == 700)
    }

    // MARK: Reports

    @Test func senderReportsAreTranslatedAndTheirEchoGivesTheRoundTrip() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice, [audioTrack()])
        try fixture.openSubscriber(bob, [audioOut()])
        alice.sendRTP(payloadType: 111, sequence: 1, timestamp: 96_000, ssrc: 9, marker: false, payload: [1, 2, 3])
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        let ntp: UInt64 = 0x1234_5678_9abc_def0
        alice.sendRTCP {
            $0.senderReport(SenderInfo(ssrc: 9, ntpTime: ntp, rtpTime: 96_480, packetCount: 50, octetCount: 5000))
        }
        var found: SenderInfo?
        var names: [UInt32: [UInt8]] = [:]
        #expect(
            fixture.wait([alice, bob]) {
                control(bob) { item in
                    if case .senderReport(let report) = item { found = report.info }
                    if case .sourceDescription(let description) = item {
                        for source in description { names[source.ssrc] = Array(source.canonicalName) }
                    }
                }
                return found != nil
            })
        let info = try #require(found)
        #expect(info.ssrc == 700)
        #expect(info.ntpTime == ntp)
        #expect(info.rtpTime == headers(bob)[0].timestamp &+ 480)
        #expect(info.packetCount == 1)
        #expect(info.octetCount == 3)
        #expect(names == [700: Array("name".utf8)])

        bob.sendRTCP { writer in
            writer.receiverReport(sender: 1)
                && writer.reportBlock(
                    ReportBlock(
                        ssrc: 700, fractionLost: 0, cumulativeLost: 4, highestSequence: 1, jitter: 0,
                        lastSenderReport: info.compactNTPTime,
                        delaySinceLastSenderReport: 0))
        }
        let consumer = try #require(fixture.worker.transports[fixture.subscriber]?.consumers.first)
        #expect(fixture.wait([bob]) { consumer.roundTrip.smoothed != nil })
        #expect(consumer.cumulativeLost == 4)
        #expect((consumer.roundTrip.smoothed?.seconds ?? 9) < 1)
    }

    @Test func thePublisherGetsReceiverReports() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice, [audioTrack()])
        for sequence in [1, 2, 5] as [UInt16] {
            alice.sendRTP(
                payloadType: 111, sequence: sequence, timestamp: 960 * UInt32(sequence), ssrc: 9, marker: false,
                payload: [1])
        }
        var blocks: [ReportBlock] = []
        #expect(
            fixture.wait([alice], seconds: 2.5) {
                blocks = []
                control(alice) {
                    if case .receiverReport(let report) = $0 { for block in report.blocks { blocks.append(block) } }
                }
                return !blocks.isEmpty
            })
        #expect(blocks.first?.ssrc == 9)
        #expect(blocks.first?.cumulativeLost == 2)
        #expect(blocks.first.map { $0.highestSequence & 0xffff } == 5)
    }

    @Test func transportWideFeedbackNamesWhatArrived() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(
            alice,
            [
                audioTrack(
                    extensions: identifiers([.transportSequence: 3]), feedback: [.transportWide, .receiverEstimate])
            ])
        for number in [100, 101, 103] as [UInt16] {
            alice.sendRTP(
                payloadType: 111, sequence: number, timestamp: 960 * UInt32(number), ssrc: 9, marker: false,
                extensions: [(3, [UInt8(number >> 8), UInt8(number & 255)])], payload: [1])
        }
        var arrived: Set<UInt16> = []
        var estimates = 0
        #expect(
            fixture.wait([alice]) {
                control(alice) { item in
                    if case .transportFeedback(let report) = item {
                        for status in report where status.arrival != nil { arrived.insert(status.sequence) }
                    }
                    if case .receiverEstimate = item { estimates += 1 }
                }
                return arrived == [100, 101, 103]
            })
        #expect(estimates == 0)
    }

    @Test func anEstimateIsSentWhereOnlyThatWasNegotiated() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice, [audioTrack(feedback: [.receiverEstimate])])
        alice.sendRTP(payloadType: 111, sequence: 1, timestamp: 0, ssrc: 9, marker: false, payload: [1])
        var bitrate: UInt64?
        var sources: [UInt32] = []
        #expect(
            fixture.wait([alice], seconds: 2.5) {
                control(alice) { item in
                    if case .receiverEstimate(let estimate) = item {
                        bitrate = estimate.bitrate
                        sources = Array(IteratorSequence(estimate.sources))
                    }
                }
                return sources == [9]
            })
        #expect((bitrate ?? 0) >= 1_000_000)
    }

    // MARK: Sealing

    /// Without a retransmission stream a packet is resent as it was, or not at all: one SRTP index never protects two packets.
    @Test func aPlainRetransmissionIsTheSamePacketOrNone() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice, [WorkerFixture.videoTrack(rtx: false)])
        try fixture.openSubscriber(bob, [WorkerFixture.videoOut(rtx: false)])
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        let first = try #require(headers(bob).first)
        func ask() {
            bob.sendRTCP { writer in
                [first.sequence].withUnsafeBufferPointer { writer.nack(sender: 1, media: 500, sequences: $0) }
            }
        }
        // Our own replay window refuses what is the same, so datagrams are counted.
        ask()
        #expect(fixture.wait([alice, bob]) { bob.mediaDatagrams - bob.control.count == 2 })
        #expect(fixture.worker.forwarder.retransmissions == 1)
        // The publisher's numbers come around while nothing is forwarded; then the same number means another packet.
        fixture.worker.apply([.select(fixture.publication, .none)])
        for sequence in [30_000, 60_000] as [UInt16] {
            alice.sendVideo(sequence)
            let expected = fixture.worker.totals.packetsReceived + 1
            #expect(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == expected })
        }
        #expect(fixture.wait([alice, bob], seconds: 1.15) { false } == false)
        alice.sendVideo(60_001)
        alice.sendVideo(1, VP8Payload.delta([6, 6, 6]))
        #expect(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == 5 })
        fixture.worker.apply([.select(fixture.publication, .all)])
        alice.sendVideo(2, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        ask()
        _ = fixture.wait([alice, bob], seconds: 0.1) { false }
        #expect(fixture.worker.forwarder.retransmissions == 1)
    }

    /// The numbers come round every 65,536 packets; what was sent under another header stays where it was, long ago.
    @Test func plainRetransmissionsGoOnLongAfterTheHeaderChanged() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice, [WorkerFixture.videoTrack(rtx: false)])
        try fixture.openSubscriber(bob, [WorkerFixture.videoOut(rtx: false)])
        let consumer = try #require(fixture.worker.transports[fixture.subscriber]?.consumers.first)
        consumer.map.begin(source: 7)
        func send(_ number: Int) throws -> UInt16 {
            let time = Instant.zero + .milliseconds(Int64(number))
            let mapped = consumer.map.forward(
                source: 7, sequence: UInt16(truncatingIfNeeded: number), timestamp: 0, at: time)
            let index = mapped.flatMap { consumer.sealed.claim($0.sequence) }
            try #require(index != nil)
            return try #require(mapped).sequence
        }
        var last: UInt16 = 0
        for number in 0..<100 { last = try send(number) }
        #expect(consumer.resendable(last) != nil)
        consumer.headerChanged()
        #expect(consumer.resendable(last) == nil)
        let before = last
        var refused = 0
        for number in 100..<140_000 {
            let sequence = try send(number)
            if consumer.resendable(sequence) == nil { refused += 1 }
            if number == 300 { #expect(consumer.resendable(before) == nil) }
        }
        #expect(refused == 0)
        // New keys begin with new indices.
        consumer.headerChanged()
        consumer.resetSealing()
        #expect(consumer.resendable(try send(140_000)) != nil)
    }

    @Test func paddingIsValidForTheReceiver() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        let lengths = [100, 100, 101, 102, 103, 90]
        for (number, length) in lengths.enumerated() {
            let rest = [UInt8](repeating: UInt8(number), count: length)
            alice.sendVideo(
                UInt16(number), number == 0 ? VP8Payload.keyframe(rest) : VP8Payload.delta(rest), timestamp: 90,
                marker: number == lengths.count - 1)
        }
        try #require(fixture.wait([alice, bob]) { bob.media.count == lengths.count })
        for (number, packet) in bob.media.enumerated() {
            let header = headers(bob)[number]
            var bytes = payload(packet)
            if header.hasPadding {
                let count = Int(bytes.last ?? 0)
                #expect((1...3).contains(count))
                bytes.removeLast(min(count, bytes.count))
            }
            #expect(bytes.count == lengths[number] + 2)
            #expect(bytes.dropFirst(2).allSatisfy { $0 == UInt8(number) })
        }
    }
}
