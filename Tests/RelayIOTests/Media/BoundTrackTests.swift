import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// What goes out on a connection is told as a list; what stands in it as before is not touched.
@MainActor @Suite(.serialized) struct BoundTrackTests {
    private func track(mid: String = "0", ssrc: UInt32 = 500) -> OutgoingTrack {
        var track = WorkerFixture.videoOut()
        track.mid = mid
        track.ssrc = ssrc
        track.retransmissionSSRC = ssrc + 1
        return track
    }

    private func watching() throws -> (WorkerFixture, TestPeer, TestPeer) {
        let fixture = try WorkerFixture()
        let (alice, bob) = (try TestPeer(), try TestPeer())
        try fixture.openPublisher(alice)
        try fixture.openSubscriber(bob, [track()])
        alice.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 1 })
        return (fixture, alice, bob)
    }

    @Test func theSameListChangesNothing() throws {
        let (fixture, alice, bob) = try watching()
        for sequence in 2...5 as ClosedRange<UInt16> {
            fixture.worker.apply([.send(fixture.subscriber, fixture.bound([track(), track(mid: "1", ssrc: 600)]))])
            alice.sendVideo(sequence)
            try #require(fixture.wait([alice, bob]) { packets(bob, of: 500).count == Int(sequence) })
        }
        #expect(steps(bob, of: 500) == [0, 1, 2, 3, 4])
        // Who was added waits for a keyframe.
        #expect(packets(bob, of: 600).isEmpty)
        alice.sendVideo(6, VP8Payload.keyframe())
        #expect(fixture.wait([alice, bob]) { packets(bob, of: 600).count == 1 && packets(bob, of: 500).count == 6 })
    }

    @Test func whatWasTakenFromTheListComesBackWithAKeyframeAndTheNextNumber() throws {
        let (fixture, alice, bob) = try watching()
        fixture.worker.apply([.send(fixture.subscriber, [])])
        alice.sendVideo(2)
        #expect(!fixture.wait([alice, bob], seconds: 0.05) { bob.media.count > 1 })
        fixture.worker.apply([.send(fixture.subscriber, fixture.bound([track()]))])
        alice.sendVideo(3)
        alice.sendVideo(4, VP8Payload.keyframe())
        try #require(fixture.wait([alice, bob]) { bob.media.count == 2 })
        #expect(payload(bob.media[1]) == VP8Payload.keyframe())
        #expect(steps(bob, of: 500) == [0, 1])
    }

    @Test func aPreferenceComesWithItsTrackAndStays() throws {
        let (fixture, alice, bob) = try watching()
        func send(_ preference: VideoPreference?) {
            let bound = BoundTrack(track(), of: fixture.publication, preference: preference)
            fixture.worker.apply([.send(fixture.subscriber, [bound])])
        }
        send(VideoPreference(isPaused: true))
        send(nil)
        alice.sendVideo(2, VP8Payload.keyframe())
        #expect(!fixture.wait([alice, bob], seconds: 0.05) { bob.media.count > 1 })
        send(VideoPreference(width: 640, height: 360))
        let consumer = try #require(fixture.worker.transports[fixture.subscriber]?.consumers.first)
        #expect(consumer.preference.width == 640 && consumer.preference.height == 360)
        alice.sendVideo(3, VP8Payload.keyframe())
        #expect(fixture.wait([alice, bob]) { bob.media.count == 2 })
        #expect(steps(bob, of: 500) == [0, 1])
    }

    @Test func aTrackOfNobodyIsSentNothing() throws {
        let (fixture, alice, bob) = try watching()
        fixture.worker.apply([
            .send(
                fixture.subscriber,
                [BoundTrack(track(), of: PublicationID(value: 77)), BoundTrack(track(mid: "1", ssrc: 600), of: nil)])
        ])
        alice.sendVideo(2, VP8Payload.keyframe())
        #expect(!fixture.wait([alice, bob], seconds: 0.05) { bob.media.count > 1 })
        bob.asksAgain(for: 1, of: 600)
        bob.sendRTCP { $0.pictureLoss(sender: 1, media: 500) }
        #expect(!fixture.wait([alice, bob], seconds: 0.05) { fixture.worker.transports.count < 2 })
    }
}
