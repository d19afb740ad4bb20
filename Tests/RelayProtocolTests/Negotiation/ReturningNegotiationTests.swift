import RelayControl
import RelayProtocol
import Testing

/// A connection of which the client makes the offers, and on which something is sent to it.
private struct Client {
    var negotiation: PublisherNegotiation
    var generator = SeededGenerator(state: 11)

    init(takesMedia: Bool = true) {
        negotiation = PublisherNegotiation(sessionID: 5, settings: .init(takesMedia: takesMedia))
    }

    mutating func answer(
        _ offer: String, _ returned: ReturnedMedia, local: Int = 1
    ) throws(NegotiationError) -> PublisherAnswer {
        try negotiation.answer(
            offer, wanted: nil, returning: returned, local: .numbered(local), using: &generator)
    }
}

@Suite struct ReturningNegotiationTests {
    private func video(_ name: String = "alice", _ codec: CodecParameters? = nil) -> ReturnedMedia.Video {
        ReturnedMedia.Video(streamName: name, codec: codec)
    }

    private func offer(_ name: String) throws -> String { try Fixture.named(name + ".offer").text }

    @Test(arguments: ["chromium-156-audio-video", "firefox-153esr-audio-video"])
    func theMixComesBackOnTheMicrophonesLine(_ name: String) throws {
        var client = Client()
        let result = try client.answer(offer(name), ReturnedMedia(mix: true))
        let answer = try result.description
        #expect(answer.media.map { $0.direction(in: answer) } == [.sendrecv, .recvonly])
        let line = try #require(result.returned.first)
        #expect(result.returned.count == 1)
        #expect(answer.media[0].values("msid") == ["mix audio-\(line.ssrc)"])
        #expect(answer.media[0].values("ssrc") == ["\(line.ssrc) cname:mix"])
        #expect(answer.media[0].attribute("ssrc-group") == nil)
        let incoming = try #require(result.tracks.first)
        let track = try #require(line.ownTrack)
        #expect(incoming.codec.name == .opus)
        #expect(track.codec.name == .opus && track.codec.payloadType == incoming.codec.payloadType)
        #expect(track.ssrc == line.ssrc && track.retransmissionSSRC == nil && track.sourceMid.isEmpty)
        #expect(track.codec.redundancyPayloadType == nil)
        #expect(track.extensions[.mid] != 0 && track.extensions[.audioLevel] != 0)
        #expect(result.selection == .all)
        // The answer names every identifier that is written.
        let entries = try RTPMedia(answer.media[0]).extensions
        for name in HeaderExtension.allCases where track.extensions[name] != 0 {
            #expect(entries.contains { $0.uri == name.uri && $0.id == UInt16(track.extensions[name]) })
        }
    }

    @Test func whoOnlyListensGetsTheMixToo() throws {
        var client = Client()
        let result = try client.answer(offer("chromium-156-recvonly"), ReturnedMedia(mix: true))
        let answer = try result.description
        let audio = try #require(answer.media.first { $0.kind == "audio" })
        #expect(audio.direction(in: answer) == .sendonly)
        #expect(audio.formats == ["111"])
        #expect(answer.media.filter { $0.kind == "video" }.allSatisfy { $0.direction(in: answer) == .inactive })
        #expect(result.tracks.isEmpty && result.selection == .none)
        #expect(result.returned.map(\.kind) == [.audio])
    }

    @Test func opusIsTakenForTheMixWhereItIsNotTheFirstChoice() throws {
        let text = SmallOffer.text.replacing("SAVPF 111", with: "SAVPF 0 111")
        var client = Client()
        let result = try client.answer(text, ReturnedMedia(mix: true))
        #expect(result.tracks.first?.codec.name == .opus)
        #expect(result.returned.first?.ownTrack?.codec.name == .opus)
        #expect(try result.description.media[0].formats == ["111"])
        var plain = Client()
        let produced = try plain.answer(text, .nothing)
        #expect(produced.tracks.first?.codec.name == .PCMU && produced.returned.isEmpty)
    }

    @Test func withoutOpusThereIsNoMix() throws {
        var client = Client()
        let text = SmallOffer.text.replacing("111", with: "0").replacing("opus/48000/2", with: "PCMU/8000")
        let result = try client.answer(text, ReturnedMedia(mix: true))
        let answer = try result.description
        #expect(answer.media[0].direction(in: answer) == .recvonly)
        #expect(result.returned.isEmpty)
        #expect(result.tracks.map(\.codec.name) == [.PCMU, .VP8])
    }

    @Test func theMixIsOnTheFirstAudioLineThatReceives() throws {
        let second = SmallOffer.audio.replacing("a=mid:0", with: "a=mid:2\na=recvonly").replacing(
            "a=ssrc:1", with: "a=ssrc:9")
        let text =
            SmallOffer.head.replacing("BUNDLE 0 1", with: "BUNDLE 0 1 2")
            + SmallOffer.audio.replacing("a=mid:0", with: "a=mid:0\na=sendonly") + SmallOffer.video + second
        var client = Client()
        let result = try client.answer(text, ReturnedMedia(mix: true))
        let answer = try result.description
        #expect(answer.media.map { $0.direction(in: answer) } == [.recvonly, .recvonly, .sendonly])
        #expect(result.returned.map(\.mid) == ["2"])
    }

    @Test func aWantedVideoIsAnsweredWithEveryCodecThatItMayComeIn() throws {
        var client = Client(takesMedia: false)
        let text = try offer("chromium-156-recvonly")
        let mid = try #require(SessionDescription(parsing: text).media.first { $0.kind == "video" }?.mid)
        let result = try client.answer(text, ReturnedMedia(videos: [mid: video()]))
        let answer = try result.description
        let media = try answer.section(mid)
        let offered = try SessionDescription(parsing: text).section(mid)
        #expect(media.direction(in: answer) == .sendonly)
        #expect(answer.media.filter { $0.mid != mid }.allSatisfy { $0.direction(in: answer) == .inactive })
        let (theirs, ours) = try (RTPMedia(offered), RTPMedia(media))
        #expect(ours.payloadTypes == theirs.payloadTypes.filter { ours.payloadTypes.contains($0) })
        #expect(
            Set(ours.payloadTypes.compactMap { ours.codecs[$0]?.encoding }) == ["VP8", "H264", "AV1", "VP9", "rtx"])
        let line = try #require(result.returned.first)
        #expect(ours.sources == [line.ssrc, line.retransmissionSSRC])
        #expect(ours.groups.map(\.semantics) == ["FID"])
        #expect(media.values("msid") == ["alice video-\(line.ssrc)"])
        #expect(media.values("simulcast").isEmpty)
        // Whatever the producer sends it in.
        for name in ["audio-video", "prefer-h264", "prefer-vp9", "prefer-av1"] {
            let source = try #require(tracks(of: "chromium-156-\(name).offer").first { $0.kind == .video })
            let track = try #require(line.track(of: source))
            #expect(track.codec.name == source.codec.name && track.sourceMid == source.mid)
            #expect(theirs.codecs[track.codec.payloadType]?.encoding == source.codec.name.rawValue)
            let repeated = try #require(track.codec.retransmissionPayloadType)
            #expect(theirs.formats[repeated]?["apt"] == String(track.codec.payloadType))
            #expect(track.ssrc == line.ssrc && track.retransmissionSSRC == line.retransmissionSSRC)
            #expect(track.feedback.isSuperset(of: [.nack, .pictureLoss, .transportWide]))
            #expect(track.extensions[.playoutDelay] != 0 && track.extensions[.streamID] == 0)
            #expect((track.extensions[.dependencyDescriptor] != 0) == (source.extensions[.dependencyDescriptor] != 0))
        }
        let sound = try #require(tracks(of: "chromium-156-audio-video.offer").first { $0.kind == .audio })
        #expect(line.track(of: sound) == nil)
    }

    @Test func aVideoInACodecThatTheClientLacksIsAnsweredInactive() throws {
        let source = try #require(tracks(of: "chromium-156-prefer-h264.offer").first { $0.kind == .video })
        let text = SmallOffer.text.replacing("a=mid:1", with: "a=mid:1\na=recvonly")
        var client = Client(takesMedia: false)
        let unknown = try client.answer(text, ReturnedMedia(videos: ["1": video()]))
        #expect(unknown.returned.first?.track(of: source) == nil)
        let known = try client.answer(text, ReturnedMedia(videos: ["1": video("alice", source.codec)]))
        #expect(known.returned.isEmpty)
        #expect(try known.description.section("1").direction(in: known.description) == .inactive)
    }

    @Test func aCameraMaySeeSomebodyOnItsOwnLine() throws {
        var client = Client()
        let result = try client.answer(
            offer("chromium-156-audio-video"), ReturnedMedia(mix: true, videos: ["1": video()]))
        let answer = try result.description
        #expect(answer.media.map { $0.direction(in: answer) } == [.sendrecv, .sendrecv])
        #expect(result.tracks.map(\.mid) == ["0", "1"])
        // What the client is to send in stands first.
        #expect(answer.media[1].formats.first == result.tracks.last.map { String($0.codec.payloadType) })
        #expect(result.returned.map(\.mid) == ["0", "1"])
    }

    @Test func nothingThatASubscriptionOffersToSendIsTaken() throws {
        var client = Client(takesMedia: false)
        let result = try client.answer(offer("chromium-156-audio-video"), ReturnedMedia(videos: ["1": video()]))
        let answer = try result.description
        #expect(answer.media.map { $0.direction(in: answer) } == [.inactive, .sendonly])
        #expect(result.tracks.isEmpty)
    }

    @Test func aLineKeepsItsNumbersWhateverItShows() throws {
        let text = SmallOffer.text.replacing("a=mid:1", with: "a=mid:1\na=recvonly")
        var client = Client(takesMedia: false)
        let first = try #require(try client.answer(text, ReturnedMedia(videos: ["1": video()])).returned.first)
        let other = try #require(try client.answer(text, ReturnedMedia(videos: ["1": video("bob")])).returned.first)
        #expect(try client.answer(text, .nothing).returned.isEmpty)
        let again = try #require(try client.answer(text, ReturnedMedia(videos: ["1": video()])).returned.first)
        #expect(first.ssrc == other.ssrc && other.streamName == "bob")
        #expect(again == first)
    }

    @Test(arguments: [
        ("7", "a=mid:1", "a=mid:1", "no such m-line"), ("0", "a=mid:1", "a=mid:1", "not video"),
        ("1", "a=mid:1", "a=mid:1\na=sendonly", "does not receive"),
        ("1", "m=video 9", "m=video 0", "port 0"), ("1", "VP8/90000", "VP99/90000", "none of its codecs"),
    ])
    func aVideoOnALineThatCannotCarryItChangesNothing(
        _ mid: String, _ part: String, _ other: String, _ reason: String
    ) throws {
        var client = Client()
        _ = try client.answer(SmallOffer.text, .nothing)
        let before = (client.negotiation.remote, client.negotiation.local)
        let text = SmallOffer.text.replacing(part, with: other).replacing(
            "abcdefghijklmnopqrstuvwx", with: "another-password-of-24-ch")
        do throws(NegotiationError) {
            _ = try client.answer(text, ReturnedMedia(videos: [mid: video()]), local: 2)
            Issue.record("it was taken")
        } catch {
            guard case .unusableLine(mid, let text) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(text.contains(reason))
        }
        #expect(client.negotiation.remote == before.0 && client.negotiation.local == before.1)
        // Where lines are not insisted on, the rest is answered.
        let lenient = ReturnedMedia(videos: [mid: video()], needsLines: false)
        #expect(try client.answer(text, lenient, local: 2).returned.isEmpty)
    }

    @Test func survivesDamagedOffersOfThoseWhoWantSomething() throws {
        var generator = SeededGenerator(state: 3)
        var returned = 0
        for round in 0..<1000 {
            let fixture = Fixture.offers[round % Fixture.offers.count]
            var lines = fixture.text.split(separator: "\r\n").map(String.init)
            for _ in 0..<3 {
                guard let index = lines.indices.randomElement(using: &generator) else { continue }
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: lines.remove(at: index)
                case 1: lines.swapAt(index, lines.indices.randomElement(using: &generator) ?? 0)
                default: lines[index] = String(lines[index].prefix(Int.random(in: 0...30, using: &generator)))
                }
            }
            var client = Client(takesMedia: round % 2 == 0)
            let wanted = ReturnedMedia(mix: true, videos: ["1": video(), "0": video()], needsLines: round % 3 == 0)
            guard let result = try? client.answer(lines.joined(separator: "\r\n"), wanted) else { continue }
            #expect(throws: Never.self) { try result.description }
            #expect(Set(result.returned.map(\.ssrc)).count == result.returned.count)
            returned += result.returned.count
        }
        #expect(returned > 100)
    }
}
