import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

@Suite(.serialized) struct WorkerTests {
    private func header(_ packet: [UInt8]) -> PacketHeader? { packet.withUnsafeBytes { PacketHeader($0) } }

    @Test func closingGivesEverythingBack() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        for number in 0..<20 as Range<UInt16> {
            alice.sendVideo(number, number == 0 ? VP8Payload.keyframe() : VP8Payload.delta(), marker: number < 19)
        }
        try #require(fixture.wait([alice, bob]) { bob.media.count == 20 })
        weak let publisher = fixture.worker.transports[fixture.publisher]
        weak let subscriber = fixture.worker.transports[fixture.subscriber]
        #expect(publisher != nil && subscriber != nil)
        fixture.worker.apply([
            .close(fixture.subscriber), .close(fixture.publisher), .endPublication(fixture.publication),
        ])
        let worker = fixture.worker
        #expect(
            worker.transports.isEmpty && worker.byPath.isEmpty && worker.byUfrag.isEmpty && worker.publications.isEmpty)
        #expect(worker.speakers.isEmpty && worker.dirty.isEmpty)
        // The batch that receives next holds its own.
        #expect(worker.pool.used <= 32)
        #expect(publisher == nil)
        #expect(subscriber == nil)
        #expect(fixture.wait([alice, bob]) { bob.dtls?.state == .closed && alice.dtls?.state == .closed })
        let farewell = bob.control.contains { packet in
            packet.withUnsafeBytes { bytes in
                var reader = RTCPReader(bytes)
                while let item = reader.next() { if case .goodbye = item { return true } }
                return false
            }
        }
        #expect(farewell)
    }

    @Test func aSubscribersAssociationIsFreedAfterAWhileAndMediaGoesOn() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        let (publishing, subscribing) = (
            try #require(fixture.worker.transports[fixture.publisher]),
            try #require(fixture.worker.transports[fixture.subscriber])
        )
        for transport in [publishing, subscribing] { transport.connectedAt = fixture.worker.now + .seconds(-11) }
        #expect(fixture.wait([alice, bob]) { subscribing.dtls?.isSettled == true })
        #expect(publishing.dtls?.isSettled == false)
        alice.sendVideo(1, VP8Payload.keyframe())
        #expect(fixture.wait([alice, bob]) { bob.media.count == 1 })
        fixture.worker.apply([.close(fixture.subscriber)])
        #expect(fixture.wait([bob]) { bob.dtls?.state == .closed })
    }

    @Test func anUnreadableGoodbyeIsBelievedWhereTheChecksStopToo() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        let transport = try #require(fixture.worker.transports[fixture.subscriber])
        transport.dtls?.settle()
        bob.send([21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 1, 0])
        #expect(fixture.wait([alice, bob]) { transport.alertedAt != nil })
        // Somebody else's forgery: the peer goes on checking.
        bob.check()
        #expect(fixture.wait([alice, bob]) { transport.alertedAt == nil })
        bob.dtls?.close()
        bob.dtls?.drain { bob.send(Array($0)) }
        #expect(fixture.wait([alice, bob]) { transport.alertedAt != nil })
        #expect(transport.state == .connected)
        transport.alertedAt = fixture.worker.now + .seconds(-9)
        transport.paths = aged(transport.paths, to: fixture.worker.now + .seconds(-10))
        #expect(fixture.wait([alice, bob]) { fixture.states(of: fixture.subscriber).last == .closed })
    }

    /// The same selected path, last checked at `then`.
    private func aged(_ paths: AddressSet, to then: Instant) -> AddressSet {
        var set = AddressSet()
        if let selected = paths.selected { _ = set.checked(on: selected, useCandidate: true, at: then) }
        return set
    }

    @Test func aPublisherMayLeaveBeforeItsSubscribers() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        alice.sendVideo(1, VP8Payload.keyframe(), marker: false)
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        alice.closeDTLS()
        #expect(fixture.wait([alice, bob]) { fixture.worker.transports.count == 1 })
        #expect(fixture.states(of: fixture.publisher).last == .closed)
        // Everything that is said to it now is nobody's.
        fixture.worker.apply([
            .connect(fixture.publisher, fixture.remote(alice)), .receive(fixture.publisher, []),
            .restart(fixture.publisher, ufrag: "x", password: "y"), .select(fixture.publication, .all),
            .close(fixture.publisher),
        ])
        #expect(fixture.worker.byUfrag.count == 1)
        bob.sendRTCP { $0.pictureLoss(sender: 1, media: 500) }
        #expect(!fixture.wait([bob], seconds: 0.05) { fixture.worker.transports.isEmpty })
        fixture.worker.apply([.endPublication(fixture.publication), .close(fixture.subscriber)])
        #expect(fixture.worker.transports.isEmpty)
        #expect(fixture.worker.pool.used <= 32)
    }

    @Test func aReplacedPublisherGoesOnUnderTheSameNumbers() throws {
        let fixture = try WorkerFixture()
        let (alice, again, bob) = (try TestPeer(), try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        alice.sendVideo(10, VP8Payload.keyframe(), timestamp: 50_000)
        alice.sendVideo(11, timestamp: 53_000)
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        let before = fixture.worker.now
        try fixture.openPublisher(again, id: TransportID(value: 3), ufrag: "pub2")
        fixture.worker.apply([.close(fixture.publisher)])
        // The same SSRC, as fixed pipelines have it: a decoder still begins at a keyframe.
        again.sendVideo(30_000, timestamp: 9_000_000)
        again.sendVideo(30_001, VP8Payload.keyframe(), timestamp: 9_003_000)
        again.sendVideo(30_002, timestamp: 9_006_000)
        try #require(fixture.wait([again, bob]) { bob.media.count >= 4 })
        let headers = bob.media.compactMap { header($0) }
        #expect(headers.map { $0.sequence &- headers[0].sequence } == [0, 1, 2, 3])
        #expect(Set(headers.map(\.ssrc)) == [500])
        let step = headers[2].timestamp &- headers[1].timestamp
        let elapsed = (fixture.worker.now - before).microseconds
        #expect(step > 0 && Int64(step) <= elapsed * 90 / 1000 + 9000)
        #expect(headers[3].timestamp &- headers[2].timestamp == 3000)
        #expect(bob.dtls?.state == .connected)
    }

    @Test func aSilentStreamGivesTheSlotsOfItsHistoryBack() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice)
        for number in 0..<200 as Range<UInt16> { alice.sendVideo(number, VP8Payload.keyframe()) }
        #expect(fixture.wait([alice]) { fixture.worker.pool.used >= 200 })
        #expect(fixture.wait([alice], seconds: 2) { fixture.worker.pool.used <= 32 })
    }

    @Test func aTrackHasBoundedlyManyStreams() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice)
        for ssrc in 0..<100 as Range<UInt32> {
            alice.sendVideo(1, VP8Payload.keyframe(), ssrc: 10_000 + ssrc)
            _ = fixture.wait([alice], seconds: 0.001) { false }
        }
        #expect(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == 100 })
        #expect(fixture.worker.transports[fixture.publisher]?.inbound?.streams.count == 16)
    }

    @Test func aReplayIsKnownAfterARenegotiation() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice)
        let datagram = alice.sendVideo(1, VP8Payload.keyframe())
        #expect(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == 1 })
        fixture.worker.apply([.receive(fixture.publisher, [WorkerFixture.videoTrack(format: "max-fr=30")])])
        let refused = fixture.worker.totals.datagramsRefused
        alice.send(datagram)
        #expect(fixture.wait([alice]) { fixture.worker.totals.datagramsRefused == refused + 1 })
        #expect(fixture.worker.totals.packetsReceived == 1)
        alice.sendVideo(2)
        #expect(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == 2 })
    }

    @Test func theRolloverCountSurvivesARenegotiation() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice)
        for sequence in [60_000, 20_000, 40_000] as [UInt16] {
            alice.sendVideo(sequence, VP8Payload.keyframe())
            let expected = fixture.worker.totals.packetsReceived + 1
            #expect(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == expected })
        }
        fixture.worker.apply([.receive(fixture.publisher, [WorkerFixture.videoTrack(format: "max-fr=30")])])
        alice.sendVideo(40_001, VP8Payload.keyframe())
        #expect(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == 4 })
    }

    @Test func manyIceRestartsLeaveNothingBehind() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice)
        for number in 0..<50 {
            fixture.worker.apply([
                .restart(fixture.publisher, ufrag: "r\(number)", password: WorkerFixture.password("r\(number)"))
            ])
        }
        #expect(fixture.worker.byUfrag.count <= 4)
        // One in the middle is used: what came before it retires, what came after it waits.
        try alice.connect(to: fixture.description(ufrag: "r48"))
        alice.forgetReplies()
        alice.check()
        #expect(fixture.wait([alice]) { alice.isChecked })
        #expect(Set(fixture.worker.byUfrag.keys) == ["r48", "r49"])
        fixture.worker.apply([.close(fixture.publisher)])
        #expect(fixture.worker.byUfrag.isEmpty)
    }

    @Test func mediaAndDTLSCountOnlyFromAnAddressThatWasChecked() throws {
        let fixture = try WorkerFixture()
        let (alice, stranger) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try stranger.connect(to: fixture.description(ufrag: "pub"))
        stranger.startDTLS()
        #expect(!fixture.wait([stranger], seconds: 0.05) { stranger.mediaDatagrams > 0 || stranger.sealer != nil })
        let refused = fixture.worker.totals.datagramsRefused
        #expect(refused > 0)
        // Even the publisher's own packet, replayed from elsewhere before it was seen.
        let datagram = alice.sendVideo(1, VP8Payload.keyframe())
        #expect(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == 1 })
        stranger.send(datagram)
        #expect(fixture.wait([]) { fixture.worker.totals.datagramsRefused == refused + 1 })
        #expect(fixture.worker.totals.packetsReceived == 1)
    }

    @Test func nominationFromAnotherAddressMovesTheMedia() throws {
        let fixture = try WorkerFixture()
        let (alice, bob, elsewhere) = (try TestPeer(), try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        try elsewhere.connect(to: fixture.description(ufrag: "sub"))
        elsewhere.check(useCandidate: false)
        #expect(fixture.wait([elsewhere]) { elsewhere.isChecked })
        alice.sendVideo(2)
        try #require(fixture.wait([alice, bob, elsewhere]) { bob.media.count == 2 })
        #expect(elsewhere.mediaDatagrams == 0)
        elsewhere.forgetReplies()
        elsewhere.check(useCandidate: true)
        #expect(fixture.wait([elsewhere]) { elsewhere.isChecked })
        alice.sendVideo(3)
        #expect(fixture.wait([alice, bob, elsewhere]) { elsewhere.mediaDatagrams == 1 })
        #expect(bob.media.count == 2)
    }

    @Test func strangersGetBoundedlyManyReplies() throws {
        let fixture = try WorkerFixture()
        let (alice, stranger) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try stranger.connect(to: fixture.description(ufrag: "nobody"))
        for _ in 0..<30 {
            for _ in 0..<50 { stranger.check() }
            _ = fixture.wait([stranger], seconds: 0.002) { false }
        }
        _ = fixture.wait([stranger], seconds: 0.05) { false }
        #expect(!stranger.isChecked)
        // 200 a second, and a second may have begun meanwhile.
        #expect(stranger.stunReplies.count >= 200 && stranger.stunReplies.count <= 600)
        #expect(stranger.stunReplies.count < 1500)
        alice.forgetReplies()
        alice.check()
        #expect(fixture.wait([alice]) { alice.isChecked })
    }

    @Test func aSilentPeerIsWorriedAboutAndThenGivenUp() throws {
        let fixture = try WorkerFixture(consentTimeout: .milliseconds(1000))
        let alice = try TestPeer()
        try fixture.openPublisher(alice)
        #expect(fixture.wait([alice], seconds: 3) { fixture.worker.transports.isEmpty })
        #expect(fixture.states(of: fixture.publisher) == [.connecting, .connected, .disconnected, .closed])
    }

    @Test(arguments: SRTPProfile.allCases) func mediaFlowsUnderEveryProfile(_ profile: SRTPProfile) throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(profiles: profile.name), try TestPeer(profiles: profile.name))
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob)
        #expect(bob.sealer?.profile == profile)
        for number in 0..<5 as Range<UInt16> {
            alice.sendVideo(65_533 &+ number, VP8Payload.keyframe(), timestamp: UInt32(number) * 3000)
        }
        try #require(fixture.wait([alice, bob]) { bob.media.count == 5 })
    }

    @Test func theRelayMayBeTheDTLSClient() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try alice.connect(to: fixture.description(ufrag: "pub"), isClient: false)
        fixture.worker.apply([
            .open(
                fixture.publisher,
                role: .publisher(fixture.publication, room: RoomID("r"), participant: ParticipantID("p")), ufrag: "pub",
                password: WorkerFixture.password("pub")),
            .connect(fixture.publisher, fixture.remote(alice, weAreClient: true)),
            .receive(fixture.publisher, [WorkerFixture.videoTrack()]),
        ])
        alice.check()
        #expect(fixture.wait([alice]) { alice.sealer != nil })
        #expect(fixture.wait([alice]) { fixture.states(of: fixture.publisher).last == .connected })
        alice.sendVideo(1, VP8Payload.keyframe())
        #expect(fixture.wait([alice]) { fixture.worker.totals.packetsReceived == 1 })
    }

    @Test func anotherCertificateThanAnnouncedEndsTheConnection() throws {
        let fixture = try WorkerFixture()
        let (alice, other) = (try TestPeer(), try TestPeer())
        fixture.worker.apply([
            .open(
                fixture.publisher,
                role: .publisher(fixture.publication, room: RoomID("r"), participant: ParticipantID("p")), ufrag: "pub",
                password: WorkerFixture.password("pub")),
            .connect(fixture.publisher, fixture.remote(other)),
        ])
        try alice.connect(to: fixture.description(ufrag: "pub"))
        alice.check()
        #expect(fixture.wait([alice]) { alice.isChecked })
        alice.startDTLS()
        #expect(fixture.wait([alice]) { fixture.worker.transports.isEmpty })
        #expect(fixture.states(of: fixture.publisher) == [.connecting, .closed])
    }

    @Test func aLossyHandshakeIsCompletedByRetransmission() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        alice.losesDTLS = { $0 == 1 || $0 == 4 }
        try fixture.openPublisher(alice)
        #expect(fixture.wait([alice]) { fixture.states(of: fixture.publisher).last == .connected })
    }

    @Test func whoWaitsForAKeyframeThatWasLostIsAskedForAgain() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        alice.sendVideo(1)
        try fixture.openSubscriber(bob)
        func requests() -> Int {
            alice.control.reduce(0) { sum, packet in
                packet.withUnsafeBytes { bytes in
                    var reader = RTCPReader(bytes)
                    var count = sum
                    while let item = reader.next() { if case .pictureLoss = item { count += 1 } }
                    return count
                }
            }
        }
        #expect(fixture.wait([alice, bob]) { requests() == 1 })
        // The keyframe's first packet comes late, by retransmission: nobody can begin with it.
        alice.sendVideo(3)
        #expect(fixture.wait([alice, bob]) { fixture.worker.totals.packetsReceived == 2 })
        alice.sendVideo(2, VP8Payload.keyframe())
        var next: UInt16 = 4
        #expect(
            fixture.wait([alice, bob], seconds: 2) {
                if fixture.worker.ticks % 10 == 0 {
                    alice.sendVideo(next)
                    next += 1
                }
                return requests() >= 2
            })
        #expect(bob.media.isEmpty)
    }

    @Test func noKeyframesAreAskedForThatNobodySees() throws {
        let fixture = try WorkerFixture()
        let alice = try TestPeer()
        try fixture.openPublisher(alice)
        for round in 0..<30 as Range<UInt16> {
            for ssrc in 1...3 as ClosedRange<UInt32> { alice.sendVideo(round, VP8Payload.keyframe(), ssrc: ssrc) }
            _ = fixture.wait([alice], seconds: 0.01) { false }
        }
        #expect(fixture.worker.totals.keyframeRequests == 0)
    }
}
