import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// Subscription connections: the client makes the offers.
@MainActor @Suite(.serialized) struct ViewingTests {
    private let alice = ParticipantID("alice")
    private let bob = ParticipantID("bob")

    private func keyframe(_ tag: UInt8) -> [UInt8] { VP8Payload.keyframe([tag, 1, 2]) }
    private func delta(_ tag: UInt8) -> [UInt8] { VP8Payload.delta([tag, 1, 2]) }
    private func tags(_ peer: TestPeer, _ ssrc: UInt32?) -> [UInt8] { packets(peer, of: ssrc).map { payload($0)[2] } }

    @Test func eachLineShowsTheProducerThatWasWantedThere() throws {
        let fixture = try EngineFixture()
        let (one, two) = (try fixture.publisher("alice"), try fixture.publisher("carol"))
        let (viewer, answer) = try fixture.viewer(.views("x", "y", "z"), ["y": "alice", "x": "carol"])
        #expect(answer.directions == ["x": "sendonly", "y": "sendonly", "z": "inactive"])
        one.sendVideo(1, keyframe(1))
        two.sendVideo(9, keyframe(2))
        one.sendVideo(2, delta(1))
        #expect(fixture.wait([one, two, viewer]) { viewer.media.count == 3 })
        #expect(tags(viewer, answer.sources["y"]) == [1, 1])
        #expect(tags(viewer, answer.sources["x"]) == [2])
        // Nobody's sound comes along.
        one.sendRTP(payloadType: 111, sequence: 1, timestamp: 0, ssrc: 1111, marker: false, payload: [1, 2, 3])
        #expect(!fixture.wait([one, viewer], seconds: 0.1) { viewer.media.count > 3 })
    }

    @Test func aProducerIsShownFromWhenItBegins() throws {
        let fixture = try EngineFixture()
        let (viewer, answer) = try fixture.viewer(.views("x"), ["x": "alice"])
        #expect(answer.directions == ["x": "sendonly"])
        let publisher = try fixture.publisher()
        publisher.sendVideo(1, keyframe(1))
        #expect(fixture.wait([publisher, viewer]) { tags(viewer, answer.sources["x"]) == [1] })
    }

    @Test func whoStaysOnALineLosesNothingWhenTheListChanges() throws {
        let fixture = try EngineFixture()
        let (one, two) = (try fixture.publisher("alice"), try fixture.publisher("carol"))
        let (viewer, answer) = try fixture.viewer(.views("x", "y"), ["x": "alice", "y": "carol"])
        one.sendVideo(1, keyframe(1))
        two.sendVideo(1, keyframe(2))
        try #require(fixture.wait([one, two, viewer]) { viewer.media.count == 2 })
        for sequence in 2..<6 as Range<UInt16> {
            one.sendVideo(sequence, delta(1))
            var preference = VideoPreference()
            preference.width = 100 * Int(sequence)
            let videos = [
                WantedVideo(mid: "x", producer: alice, preference: preference),
                WantedVideo(mid: "z", producer: sequence % 2 == 0 ? alice : bob),
            ]
            let again = try fixture.engine.subscribe(
                room: fixture.room, participant: bob, offer: ClientOffer.views("x", "y", "z").text(of: viewer),
                videos: videos)
            #expect(try AnsweredLines(again).sources["x"] == answer.sources["x"])
            #expect(try AnsweredLines(again).directions == ["x": "sendonly", "y": "inactive", "z": "sendonly"])
            one.sendVideo(sequence + 10, delta(1))
        }
        #expect(fixture.wait([one, viewer]) { packets(viewer, of: answer.sources["x"]).count >= 9 })
        // Numbers that the publisher left out are the only ones missing.
        let numbers = Set(steps(viewer, of: answer.sources["x"]))
        #expect(numbers.isSuperset(of: [0, 1, 2, 3, 4, 11, 12, 13, 14]))
        two.sendVideo(2, delta(2))
        #expect(!fixture.wait([two, viewer], seconds: 0.1) { packets(viewer, of: answer.sources["y"]).count > 1 })
    }

    @Test func anotherProducerOnALineBeginsWithAKeyframeAndNumbersGoOn() throws {
        let fixture = try EngineFixture()
        let (one, two) = (try fixture.publisher("alice"), try fixture.publisher("carol"))
        let (viewer, answer) = try fixture.viewer(.views("x"), ["x": "alice"])
        for sequence in 1...3 as ClosedRange<UInt16> {
            one.sendVideo(sequence, sequence == 1 ? keyframe(1) : delta(1))
        }
        two.sendVideo(1, delta(2))
        try #require(fixture.wait([one, two, viewer]) { viewer.media.count == 3 })
        #expect(try fixture.view(viewer, .views("x"), ["x": "carol"]).sources == answer.sources)
        // The new one is asked for its keyframe.
        #expect(
            fixture.wait([two, viewer]) {
                var asked = 0
                control(two) { if case .pictureLoss = $0 { asked += 1 } }
                return asked > 0
            })
        one.sendVideo(4, delta(1))
        // Numbers below those of the one before, under the same SSRC.
        two.sendVideo(2, delta(2))
        two.sendVideo(3, keyframe(2))
        two.sendVideo(4, delta(2))
        #expect(fixture.wait([one, two, viewer]) { viewer.media.count == 5 })
        let ssrc = answer.sources["x"]
        #expect(tags(viewer, ssrc) == [1, 1, 1, 2, 2])
        #expect(steps(viewer, of: ssrc) == [0, 1, 2, 3, 4])
        let stamps = headers(viewer).map(\.timestamp)
        #expect(zip(stamps, stamps.dropFirst()).allSatisfy { Int32(bitPattern: $1 &- $0) > 0 })
    }

    @Test func aLineGoesOnByItselfWhenItsProducerComesBack() throws {
        let fixture = try EngineFixture()
        let old = try fixture.publisher()
        let (viewer, answer) = try fixture.viewer(.views("x"), ["x": "alice"])
        let ssrc = answer.sources["x"]
        old.sendVideo(1, keyframe(1))
        try #require(fixture.wait([old, viewer]) { viewer.media.count == 1 })
        // A reloaded page.
        let new = try TestPeer()
        let offer = EngineFixture.offer(of: new).replacing("4611731400430051336", with: "99")
        let production = try fixture.engine.produce(room: fixture.room, participant: alice, offer: offer, wanted: nil)
        try new.connect(to: production.answer)
        try #require(fixture.handshake(new))
        new.sendVideo(50, keyframe(2))
        try #require(fixture.wait([new, viewer]) { viewer.media.count == 2 })
        // A pause without any connection.
        try fixture.engine.stopProducing(room: fixture.room, participant: alice)
        let third = try fixture.publisher()
        third.sendVideo(1, delta(3))
        third.sendVideo(2, keyframe(3))
        try #require(fixture.wait([third, viewer]) { viewer.media.count == 3 })
        #expect(tags(viewer, ssrc) == [1, 2, 3])
        #expect(steps(viewer, of: ssrc) == [0, 1, 2])
        #expect(viewer.dtls?.state == .connected)
    }

    @Test func aCodecThatTheOfferLacksLeavesTheLineEmpty() throws {
        let fixture = try EngineFixture()
        let offer = ClientOffer(lines: [ClientOffer.view("x", codec: "VP9/90000")])
        let (viewer, answer) = try fixture.viewer(offer, ["x": "alice"])
        #expect(answer.directions == ["x": "sendonly"])
        let publisher = try fixture.publisher()
        publisher.sendVideo(1, keyframe(1))
        #expect(!fixture.wait([publisher, viewer], seconds: 0.2) { !viewer.media.isEmpty })
        #expect(try fixture.view(viewer, offer, ["x": "alice"]).directions == ["x": "inactive"])
    }

    @Test func aNewSessionReplacesTheConnectionAndNewCredentialsRestartIt() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher()
        let (old, _) = try fixture.viewer(.views("x"), ["x": "alice"])
        let restarted = try fixture.engine.subscribe(
            room: fixture.room, participant: bob, offer: ClientOffer.views("x").text(of: old, ufrag: "other"),
            videos: fixture.wanted(["x": "alice"]))
        let before = try #require(old.server?.ufrag)
        #expect(TestPeer.Server(sdp: restarted).ufrag != before)
        let (new, answer) = try fixture.viewer(.views("x", session: "78"), ["x": "alice"])
        #expect(fixture.wait([old]) { old.dtls?.state == .closed })
        publisher.sendVideo(1, keyframe(1))
        #expect(fixture.wait([publisher, new]) { tags(new, answer.sources["x"]) == [1] })
        #expect(fixture.engine.connectionsByWorker == [2])
    }

    @Test func refusalsChangeNothing() throws {
        let fixture = try EngineFixture { $0.maximumTransports = 2 }
        let publisher = try fixture.publisher()
        let (viewer, answer) = try fixture.viewer(.views("x", "y"), ["x": "alice"])
        func refusal(_ offer: ClientOffer, _ videos: KeyValuePairs<String, String>, by name: String = "bob")
            -> RelayError?
        {
            do {
                _ = try fixture.engine.subscribe(
                    room: fixture.room, participant: ParticipantID(name), offer: offer.text(of: viewer),
                    videos: fixture.wanted(videos))
                return nil
            } catch { return error }
        }
        let views = ClientOffer.views("x", "y")
        func line(_ error: RelayError?) -> String? {
            if case .unusableLine(let mid, _) = error { mid } else { nil }
        }
        #expect(line(refusal(views, ["y": "alice", "q": "alice"])) == "q")
        #expect(line(refusal(views, ["y": "alice", "y": "carol"])) == "y")
        #expect(line(refusal(views, ["": "alice"])) == "")
        var sending = views
        sending.lines[1].direction = "sendonly"
        #expect(line(refusal(sending, ["y": "alice"])) == "y")
        var sound = views
        sound.lines.append(ClientOffer.microphone("recvonly", ssrc: nil))
        #expect(line(refusal(sound, ["a": "alice"])) == "a")
        #expect(refusal(.views("x"), ["x": "carol"]) != nil)
        #expect(refusal(ClientOffer(), [:]) != nil)
        #expect(
            refusal(.views("x", session: "5"), ["x": "alice"], by: "dave")
                == .limit(name: "media.max-transports", value: 2))
        let many = ClientOffer(lines: (0..<300).map { ClientOffer.view("m\($0)") })
        #expect(refusal(many, ["m0": "alice"]) != nil)
        #expect(fixture.engine.connectionsByWorker == [2])
        publisher.sendVideo(1, keyframe(1))
        #expect(fixture.wait([publisher, viewer]) { tags(viewer, answer.sources["x"]) == [1] })
        #expect(packets(viewer, of: answer.sources["y"]).isEmpty)
        // Nor does a refusal leave a room behind.
        #expect(throws: RelayError.self) {
            _ = try fixture.engine.subscribe(room: RoomID("none"), participant: bob, offer: "v=0", videos: [])
        }
        #expect(fixture.engine.rooms[RoomID("none")] == nil)
    }

    @Test func whatOneWatchesIsInItsStatisticsByProducer() throws {
        let fixture = try EngineFixture()
        let (one, two) = (try fixture.publisher("alice"), try fixture.publisher("carol"))
        let (viewer, _) = try fixture.viewer(.views("x", "y"), ["x": "carol", "y": "alice"])
        one.sendVideo(1, keyframe(1))
        one.sendVideo(2, delta(1))
        two.sendVideo(1, keyframe(2))
        #expect(
            fixture.wait([one, two, viewer]) {
                fixture.engine.statistics(room: fixture.room, participant: bob).consume.map(\.statistics.packets) == [
                    1, 2,
                ]
            })
        let found = fixture.engine.statistics(room: fixture.room, participant: bob)
        #expect(found.produce == nil)
        #expect(found.consume.map(\.producer) == [ParticipantID("carol"), alice])
        #expect(found.consume.map { $0.statistics.tracks.map(\.mid) } == [["x"], ["y"]])
        #expect(found.consume.allSatisfy { $0.statistics.state == .connected && $0.statistics.bytes > 0 })
    }

    @Test func whoLeavesIsShownNoMoreAndWatchesNoMore() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher()
        let (viewer, answer) = try fixture.viewer(.views("x"), ["x": "alice"])
        publisher.sendVideo(1, keyframe(1))
        try #require(fixture.wait([publisher, viewer]) { viewer.media.count == 1 })
        fixture.engine.remove(participant: alice, room: fixture.room)
        #expect(fixture.wait([publisher]) { publisher.dtls?.state == .closed })
        #expect(viewer.dtls?.state == .connected)
        #expect(try fixture.view(viewer, .views("x"), ["x": "alice"]).sources == answer.sources)
        fixture.engine.unsubscribe(room: fixture.room, participant: bob)
        #expect(fixture.wait([viewer]) { viewer.dtls?.state == .closed })
        #expect(fixture.engine.rooms.isEmpty)
        let (other, _) = try fixture.viewer(.views("x"), ["x": "alice"])
        fixture.engine.remove(room: fixture.room)
        #expect(fixture.wait([other]) { other.dtls?.state == .closed })
        #expect(fixture.engine.connectionsByWorker == [0])
    }

    @Test func producersOfOtherWorkersAreShownToo() throws {
        let fixture = try EngineFixture {
            $0.workers = 2
            $0.roomSpread = 1
        }
        let (one, two) = (try fixture.publisher("alice"), try fixture.publisher("carol"))
        #expect(one.server?.address.port != two.server?.address.port)
        let (viewer, answer) = try fixture.viewer(.views("x", "y"), ["x": "alice", "y": "carol"])
        for sequence in 1...20 as ClosedRange<UInt16> {
            one.sendVideo(sequence, sequence == 1 ? keyframe(1) : delta(1))
            two.sendVideo(sequence, sequence == 1 ? keyframe(2) : delta(2))
        }
        // The first pictures may be over before the other worker follows; another is asked for.
        #expect(
            fixture.wait([one, two, viewer]) {
                one.sendVideo(UInt16(21), keyframe(1))
                two.sendVideo(UInt16(21), keyframe(2))
                return tags(viewer, answer.sources["x"]).contains(1) && tags(viewer, answer.sources["y"]).contains(2)
            })
        #expect(Set(tags(viewer, answer.sources["x"])) == [1])
        #expect(try fixture.view(viewer, .views("x", "y"), ["x": "carol", "y": "alice"]).sources == answer.sources)
        _ = fixture.wait([viewer], seconds: 0.1) { false }
        viewer.forgetMedia()
        for sequence in 30...33 as ClosedRange<UInt16> {
            one.sendVideo(sequence, keyframe(1))
            two.sendVideo(sequence, keyframe(2))
        }
        #expect(
            fixture.wait([one, two, viewer]) {
                tags(viewer, answer.sources["x"]).last == 2 && tags(viewer, answer.sources["y"]).last == 1
            })
    }

    @Test func aMissingPacketIsSentAgainOnTheRightLine() throws {
        let fixture = try EngineFixture()
        let (one, two) = (try fixture.publisher("alice"), try fixture.publisher("carol"))
        let (viewer, answer) = try fixture.viewer(.views("x", "y"), ["x": "alice", "y": "carol"])
        one.sendVideo(1, keyframe(1))
        two.sendVideo(1, keyframe(2))
        try #require(fixture.wait([one, two, viewer]) { viewer.media.count == 2 })
        let ssrc = try #require(answer.sources["y"])
        let sequence = try #require(packets(viewer, of: ssrc).first?.withUnsafeBytes { PacketHeader($0)?.sequence })
        viewer.asksAgain(for: sequence, of: ssrc)
        #expect(fixture.wait([viewer]) { viewer.media.count == 3 })
        let repeated = try #require(viewer.media.last)
        #expect(payload(repeated) == [UInt8(sequence >> 8), UInt8(sequence & 0xff)] + keyframe(2))
    }
}
