import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// Subscribers of lossy paths are told to hold back more.
@MainActor @Suite(.serialized) struct HeldBackVideoTests {
    private static let identifiers: ExtensionMap = {
        var map = ExtensionMap()
        map[.playoutDelay] = 8
        return map
    }()

    private static func track(rtx: Bool = true) -> OutgoingTrack {
        var track = WorkerFixture.videoOut(rtx: rtx)
        track.extensions = identifiers
        return track
    }

    /// The extension of each packet that came; nil where it is missing.
    private func delays(_ peer: TestPeer) -> [[UInt8]?] {
        peer.media.map { packet in
            packet.withUnsafeBytes { bytes in
                guard let header = PacketHeader(bytes) else { return nil }
                let fields = ExtensionFields(bytes, header: header, table: ExtensionTable(Self.identifiers))
                return fields.bytes(.playoutDelay, in: bytes).map { Array($0) }
            }
        }
    }

    /// Two reports on 200 packets, of which so many got lost; then the next packet is forwarded.
    private func report(
        lost: Int32, by bob: TestPeer, _ alice: TestPeer, _ fixture: WorkerFixture, next: UInt16
    ) throws {
        let consumer = try #require(fixture.worker.transports[fixture.subscriber]?.consumers.first)
        let before = consumer.reported
        let highest = (before?.highestSequence ?? 1_000) + 200
        if before == nil {
            bob.sendReport(lost: 0, highest: highest - 200)
            try #require(fixture.wait([bob]) { consumer.reported != nil })
        }
        bob.sendReport(lost: (before?.cumulativeLost ?? 0) + lost, highest: highest)
        try #require(fixture.wait([bob]) { consumer.reported?.highestSequence == highest })
        let count = bob.media.count
        alice.sendVideo(next)
        try #require(fixture.wait([alice, bob]) { bob.media.count == count + 1 })
    }

    @Test func whoReportsLossIsToldToHoldBackMoreAndNothingElseChanges() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob, [Self.track()])
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        try report(lost: 10, by: bob, alice, fixture, next: 2)
        // At first 50 ms, and at most 10 s.
        let told = try #require(delays(bob).last ?? nil)
        #expect(told == [0x00, 0x53, 0xe8])
        #expect(delays(bob) == [nil, told])
        fixture.worker.apply([.send(fixture.subscriber, fixture.bound([Self.track()]))])
        try report(lost: 10, by: bob, alice, fixture, next: 3)
        // More by and by; no packet without it.
        let (before, after) = (told.map(Int.init), try #require(delays(bob).last ?? nil).map(Int.init))
        #expect(after[0] << 8 | after[1] >= before[0] << 8 | before[1])
        #expect(after[1] & 0xf == before[1] & 0xf && after[2] == before[2])
        let found = headers(bob)
        #expect(found.map { $0.sequence &- found[0].sequence } == [0, 1, 2])
        #expect(found.map { $0.timestamp &- found[0].timestamp } == [0, 3_000, 6_000])
        #expect(bob.media.dropFirst().map { payload($0) } == [VP8Payload.delta(), VP8Payload.delta()])
    }

    @Test func whoReportsNoneIsToldNothing() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob, [Self.track()])
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        for next in 2...4 as ClosedRange<UInt16> { try report(lost: 0, by: bob, alice, fixture, next: next) }
        #expect(delays(bob) == [nil, nil, nil, nil])
    }

    /// What is resent on the same SSRC has to be the same to the last bit.
    @Test func whoGetsNoRetransmissionStreamIsNotTold() throws {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob, [Self.track(rtx: false)])
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        for next in 2...4 as ClosedRange<UInt16> { try report(lost: 10, by: bob, alice, fixture, next: next) }
        #expect(delays(bob) == [nil, nil, nil, nil])
    }
}
