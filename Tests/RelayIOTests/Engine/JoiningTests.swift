import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// Joined connections: they publish, hear the mix, and may show videos.
@MainActor @Suite(.serialized) struct JoiningTests {
    private let alice = ParticipantID("alice")
    private let bob = ParticipantID("bob")
    private let both = ClientOffer(lines: [ClientOffer.microphone(), ClientOffer.camera])

    private func audio(_ peer: TestPeer, _ sequence: UInt16) {
        peer.sendRTP(
            payloadType: 111, sequence: sequence, timestamp: UInt32(sequence) * 960, ssrc: 1111, marker: false,
            payload: [1, 2, 3])
    }

    @Test func aMemberPublishesAsEverybodyDoes() throws {
        let fixture = try EngineFixture()
        let (member, answer) = try fixture.member("alice", both)
        #expect(answer.directions == ["a": "sendrecv", "v": "recvonly"])
        #expect(answer.sources["a"] != nil && answer.sources["v"] == nil)
        let subscriber = try fixture.subscriber()
        audio(member, 1)
        member.sendVideo(1, VP8Payload.keyframe())
        #expect(fixture.wait([member, subscriber]) { subscriber.media.count == 2 })
        // Until there is something to hear, nothing comes back.
        #expect(member.media.isEmpty)
        _ = try fixture.engine.select(
            room: fixture.room, participant: alice, wanted: TrackSelection(audio: false, video: true))
        _ = fixture.wait([], seconds: 0.05) { false }
        audio(member, 2)
        member.sendVideo(2)
        #expect(fixture.wait([member, subscriber]) { subscriber.media.count == 3 })
        #expect(headers(subscriber).last?.payloadType == 96)
    }

    @Test func whoOnlyListensJoins() throws {
        let fixture = try EngineFixture()
        let offer = ClientOffer(lines: [ClientOffer.microphone("recvonly", ssrc: nil)])
        let (member, answer) = try fixture.member("alice", offer)
        #expect(answer.directions == ["a": "sendonly"])
        #expect(member.dtls?.state == .connected)
    }

    @Test func oneConnectionSendsAndReceivesVideoAtOnce() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher("carol")
        let (member, joined) = try fixture.member("alice", both)
        let subscriber = try fixture.subscriber("bob", of: "alice")
        var offer = both
        offer.lines.append(ClientOffer.view("x"))
        let answer = try fixture.view(member, offer, ["x": "carol"], by: "alice")
        #expect(answer.directions == ["a": "sendrecv", "v": "recvonly", "x": "sendonly"])
        #expect(answer.sources["a"] == joined.sources["a"])
        #expect(fixture.engine.connectionsByWorker == [3])
        for sequence in 1...5 as ClosedRange<UInt16> {
            let video = sequence == 1 ? VP8Payload.keyframe() : VP8Payload.delta()
            publisher.sendVideo(sequence, video)
            member.sendVideo(sequence, video)
            audio(member, sequence)
        }
        #expect(
            fixture.wait([publisher, member, subscriber]) {
                packets(member, of: answer.sources["x"]).count == 5 && subscriber.media.count == 10
            })
        // Repair in both directions: what the member lacks, and what is lacking of it.
        let ssrc = try #require(answer.sources["x"])
        let lacking = try #require(packets(member, of: ssrc).last?.withUnsafeBytes { PacketHeader($0)?.sequence })
        member.asksAgain(for: lacking, of: ssrc)
        #expect(fixture.wait([member]) { member.media.count == 6 })
        member.sendVideo(7)
        var asked: [UInt16] = []
        #expect(
            fixture.wait([member]) {
                asked = []
                control(member) { if case .nack(let feedback) = $0 { asked += Array(feedback) } }
                return asked.contains(6)
            })
        // A picture is asked for in the direction in which it is missing.
        member.sendRTCP { $0.pictureLoss(sender: 1, media: ssrc) }
        #expect(
            fixture.wait([publisher, member]) {
                var requests = 0
                control(publisher) { if case .pictureLoss = $0 { requests += 1 } }
                return requests > 0
            })
        #expect(
            fixture.wait([publisher, member, subscriber]) {
                let found = fixture.engine.statistics(room: fixture.room, participant: alice)
                return found.produce?.packets == 11 && found.consume.map(\.statistics.packets) == [5]
                    && found.consume.first?.producer == ParticipantID("carol")
            })
        let found = fixture.engine.statistics(room: fixture.room, participant: alice)
        #expect(found.produce?.tracks.map(\.mid) == ["a", "v"])
        #expect(found.produce?.returned.map(\.mid) == ["a"])
        #expect(found.consume.first?.statistics.tracks.map(\.mid) == ["x"])
    }

    @Test func renegotiatingAJoinedConnectionKeepsWhatItShows() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher("carol")
        let (member, _) = try fixture.member("alice", both)
        var offer = both
        offer.lines.append(ClientOffer.view("x"))
        let shown = try fixture.view(member, offer, ["x": "carol"], by: "alice")
        publisher.sendVideo(1, VP8Payload.keyframe())
        try #require(fixture.wait([publisher, member]) { member.media.count == 1 })
        offer.lines[1].direction = "inactive"
        offer.lines[1].ssrc = nil
        let production = try fixture.engine.join(
            room: fixture.room, participant: alice, offer: offer.text(of: member), wanted: nil)
        #expect(production.change == .renegotiated)
        #expect(production.selection == TrackSelection(audio: true, video: false))
        let answer = try AnsweredLines(production.answer)
        #expect(answer.directions == ["a": "sendrecv", "v": "inactive", "x": "sendonly"])
        #expect(answer.sources == shown.sources)
        publisher.sendVideo(2)
        #expect(fixture.wait([publisher, member]) { member.media.count == 2 })
        // By produce it is no member's connection any more.
        let produced = try fixture.engine.produce(
            room: fixture.room, participant: alice, offer: offer.text(of: member), wanted: nil)
        #expect(try AnsweredLines(produced.answer).directions["a"] == "recvonly")
        // What is muted stays so when videos change.
        _ = try fixture.engine.select(room: fixture.room, participant: alice, wanted: .none)
        _ = try fixture.view(member, offer, [:], by: "alice")
        #expect(fixture.engine.rooms[fixture.room]?.publishing[alice]?.selection == TrackSelection.none)
        publisher.sendVideo(3)
        #expect(!fixture.wait([publisher, member], seconds: 0.1) { member.media.count > 2 })
    }

    @Test func aRefusedVideoLeavesAJoinedConnectionAsItIs() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher("carol")
        let (member, _) = try fixture.member("alice", both)
        var offer = both
        offer.lines.append(ClientOffer.view("x"))
        let shown = try fixture.view(member, offer, ["x": "carol"], by: "alice")
        #expect(throws: RelayError.self) { _ = try fixture.view(member, offer, ["v": "carol"], by: "alice") }
        #expect(throws: RelayError.self) { _ = try fixture.view(member, both, ["x": "carol"], by: "alice") }
        publisher.sendVideo(1, VP8Payload.keyframe())
        #expect(fixture.wait([publisher, member]) { packets(member, of: shown.sources["x"]).count == 1 })
        try fixture.engine.stopProducing(room: fixture.room, participant: alice)
        #expect(fixture.wait([member]) { member.dtls?.state == .closed })
        #expect(fixture.engine.statistics(room: fixture.room, participant: alice).produce == nil)
    }

    @Test func aReloadedMemberIsSentNothingUntilItAsksAgain() throws {
        let fixture = try EngineFixture()
        let publisher = try fixture.publisher("carol")
        let (old, _) = try fixture.member("alice", both)
        var offer = both
        offer.lines.append(ClientOffer.view("x"))
        _ = try fixture.view(old, offer, ["x": "carol"], by: "alice")
        offer.session = "88"
        let (new, answer) = try fixture.member("alice", offer)
        #expect(answer.directions == ["a": "sendrecv", "v": "recvonly", "x": "inactive"])
        #expect(fixture.wait([old]) { old.dtls?.state == .closed })
        publisher.sendVideo(1, VP8Payload.keyframe())
        #expect(!fixture.wait([publisher, new], seconds: 0.1) { !new.media.isEmpty })
        let shown = try fixture.view(new, offer, ["x": "carol"], by: "alice")
        publisher.sendVideo(2, VP8Payload.keyframe())
        #expect(fixture.wait([publisher, new]) { packets(new, of: shown.sources["x"]).count == 1 })
    }
}
