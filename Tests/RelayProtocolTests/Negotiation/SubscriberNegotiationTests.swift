import RelayControl
import RelayProtocol
import Testing

/// A subscribing connection under test with its seeded source of SSRCs.
struct Subscription {
    var negotiation: SubscriberNegotiation
    var generator = SeededGenerator(state: 7)

    init(producer: String = "alice") {
        negotiation = SubscriberNegotiation(sessionID: 9, producer: producer) { "hash of \($0)" }
    }

    mutating func offer(_ tracks: [IncomingTrack], local: Int = 1) throws -> SessionDescription {
        try SessionDescription(parsing: negotiation.offer(tracks: tracks, local: .numbered(local), using: &generator))
    }

    mutating func accept(_ fixture: String) throws -> SubscriberAnswerResult {
        try negotiation.accept(answer: Fixture.named(fixture).text)
    }
}

/// What the tests ask of one m-line of an offer.
extension MediaDescription {
    var sources: [UInt32] { get throws { try RTPMedia(self).sources } }
}

@Suite struct SubscriberNegotiationTests {
    static let lifeSteps = ["start", "screen-added", "video-removed", "screen-stopped", "ice-restart", "slot-recycled"]

    @Test func offersWhatThePublisherSends() throws {
        var subscription = Subscription()
        let offer = try subscription.offer(tracks(of: "chromium-156-audio-video.offer"))
        #expect(offer.attribute("ice-lite") != nil)
        #expect(offer.bundle == ["0", "1"])
        for (media, kind) in zip(offer.media, ["audio", "video"]) {
            #expect(media.kind == kind)
            #expect(media.direction(in: offer) == .sendonly)
            #expect(media.values("setup") == ["actpass"])
            #expect(media.attribute("rtcp-mux") != nil)
            #expect(media.attribute("rtcp-rsize") != nil)
            #expect(
                media.values("candidate") == [
                    "1 1 udp 2130706431 192.0.2.1 40000 typ host", "2 1 udp 2130706175 2001:db8::1 40001 typ host",
                ])
            #expect(media.attribute("end-of-candidates") != nil)
            #expect(media.values("msid").first?.hasPrefix("alice ") == true)
            #expect(media.values("ssrc").allSatisfy { $0.hasSuffix(" cname:alice") })
        }
        #expect(offer.media.map(\.formats) == [["111", "63"], ["96", "97"]])
        let video = try RTPMedia(offer.media[1])
        #expect(video.sources.count == 2)
        #expect(video.groups.map(\.semantics) == ["FID"])
        #expect(video.groups.first?.sources == video.sources)
        #expect(offer.media.map { $0.values("extmap").count } == [4, 5])
    }

    @Test(arguments: [
        ("chromium-156-subscriber-of-chromium", "chromium-156-audio-video"),
        ("chromium-156-subscriber-of-firefox", "firefox-153esr-audio-video"),
        ("chromium-156-subscriber-of-h264", "chromium-156-prefer-h264"),
        ("chromium-156-subscriber-of-vp9", "chromium-156-prefer-vp9"),
        ("chromium-156-subscriber-of-av1", "chromium-156-prefer-av1"),
        ("chromium-156-subscriber-of-pcmu", "chromium-156-prefer-pcmu"),
        ("firefox-153esr-subscriber-of-chromium", "chromium-156-audio-video"),
        ("firefox-153esr-subscriber-of-firefox", "firefox-153esr-audio-video"),
        ("firefox-153esr-subscriber-of-vp9", "chromium-156-prefer-vp9"),
        ("firefox-153esr-subscriber-of-av1", "chromium-156-prefer-av1"),
        ("firefox-153esr-subscriber-of-pcmu", "chromium-156-prefer-pcmu"),
        ("aiortc-1.16-subscriber-of-chromium", "chromium-156-audio-video"),
        ("aiortc-1.16-subscriber-of-firefox", "firefox-153esr-audio-video"),
        ("aiortc-1.16-subscriber-of-h264", "chromium-156-prefer-h264"),
        ("aiortc-1.16-subscriber-of-aiortc", "aiortc-1.16-track-added"),
        ("gstreamer-1.22-subscriber-of-chromium", "chromium-156-audio-video"),
        ("gstreamer-1.22-subscriber-of-firefox", "firefox-153esr-audio-video"),
        ("gstreamer-1.22-subscriber-of-h264", "chromium-156-prefer-h264"),
    ])
    func takesRealAnswers(_ answer: String, publisher: String) throws {
        var subscription = Subscription()
        let published = try tracks(of: publisher + ".offer")
        let offer = try subscription.offer(published)
        try subscription.negotiation.check(answer: Fixture.named(answer + ".answer").text)
        #expect(subscription.negotiation.isOpen)
        let result = try subscription.accept(answer + ".answer")
        #expect(!subscription.negotiation.isOpen)
        #expect(result.refused.isEmpty)
        #expect(result.tracks.map(\.sourceMid) == published.map(\.mid))
        #expect(result.tracks.map(\.codec.name) == published.map(\.codec.name))
        #expect(result.tracks.map(\.codec.payloadType) == published.map(\.codec.payloadType))
        #expect(try result.tracks.map(\.ssrc) == offer.media.map { try $0.sources[0] })
        #expect(result.tracks.allSatisfy { $0.canonicalName == "alice" })
        #expect(result.remote?.weAreDTLSClient == false)
        let answered = try SessionDescription(parsing: Fixture.named(answer + ".answer").text)
        for (track, media) in zip(result.tracks, answered.media) {
            let rtp = try RTPMedia(media)
            for name in HeaderExtension.allCases where track.extensions[name] != 0 {
                #expect(rtp.extensions.contains { $0.uri == name.uri && $0.id == UInt16(track.extensions[name]) })
            }
            #expect(rtp.feedback(for: track.codec.payloadType).isSuperset(of: track.feedback))
            #expect(
                (track.codec.retransmissionPayloadType != nil) == rtp.codecs.values.contains { $0.encoding == "rtx" })
            #expect((track.retransmissionSSRC != nil) == (track.codec.retransmissionPayloadType != nil))
        }
    }

    @Test func carriesREDOnlyToWhoTookIt() throws {
        let published = try tracks(of: "chromium-156-prefer-red.offer")
        var chromium = Subscription()
        let offer = try chromium.offer(published)
        #expect(offer.media.first?.formats == ["111", "63"])
        #expect(
            try chromium.accept("chromium-156-subscriber-of-red.answer").tracks.first?.codec.redundancyPayloadType == 63
        )
        var firefox = Subscription()
        _ = try firefox.offer(published)
        let track = try firefox.accept("firefox-153esr-subscriber-of-red.answer").tracks.first
        #expect(track?.codec.payloadType == 111)
        #expect(track?.codec.redundancyPayloadType == nil)
    }

    @Test func namesTheCodecThatAnAnswerLacks() throws {
        var subscription = Subscription()
        _ = try subscription.offer(tracks(of: "chromium-156-prefer-h264.offer"))
        let result = try subscription.accept("firefox-153esr-subscriber-of-h264.answer")
        #expect(result.refused == [RefusedTrack(mid: "0", codec: "H264")])
        #expect(result.tracks.isEmpty)
        #expect(result.remote == nil)
    }

    @Test(arguments: ["chromium-156", "firefox-153esr"]) func followsAPublisherThroughItsLife(_ peer: String) throws {
        var publisher = PublisherNegotiation(sessionID: 5)
        var subscription = Subscription()
        var directions: [[String]] = []
        var sent: [[String]] = []
        var restarts: [Bool] = []
        var ofVideo: [UInt32] = []
        var versions: [String] = []
        for (step, name) in Self.lifeSteps.enumerated() {
            let tracks = try publisher.answer(
                Fixture.named("chromium-156-life-\(step + 1)-\(name).offer").text, wanted: nil, local: .numbered(step)
            ).tracks
            let offer = try subscription.offer(tracks, local: step < 4 ? 1 : 2)
            directions.append(offer.media.map { $0.direction(in: offer).rawValue })
            #expect(offer.media.map(\.mid) == ["0", "1", "2"].prefix(offer.media.count).map { $0 })
            versions.append(try offer.origin().version)
            if step == 0 || step == 5 { ofVideo += try offer.section("1").sources }
            let result = try subscription.accept("\(peer)-subscriber-life-\(step + 1)-\(name).answer")
            sent.append(result.tracks.map(\.sourceMid))
            restarts.append(result.restartsICE)
        }
        #expect(
            directions == [
                ["sendonly", "sendonly"], ["sendonly", "sendonly", "sendonly"], ["sendonly", "inactive", "sendonly"],
                ["sendonly", "inactive", "inactive"], ["sendonly", "inactive", "inactive"],
                ["sendonly", "sendonly", "inactive"],
            ])
        #expect(sent == [["0", "1"], ["0", "1", "2"], ["0", "2"], ["0"], ["0"], ["0", "3"]])
        #expect(restarts == [false, false, false, false, true, false])
        #expect(Set(ofVideo).count == 4, "a recycled m-line has new SSRCs")
        #expect(versions == ["1", "2", "3", "4", "5", "6"])
    }

    /// A producer's video, H.264 first in its offer, then VP8, then none, then VP8, H.264 and VP8 again.
    @Test(arguments: ["chromium-156", "firefox-153esr"]) func recyclesRefusedLinesUnderANewMid(_ peer: String) throws {
        var audio = try #require(tracks(of: "chromium-156-audio-video.offer").first)
        audio.mid = "1"
        var vp8 = try #require(tracks(of: "chromium-156-audio-video.offer").last)
        vp8.mid = "0"
        let h264 = try #require(tracks(of: "chromium-156-prefer-h264.offer").first)
        var subscription = Subscription()
        var mids: [[String?]] = []
        var refused: [[String]] = []
        for (step, tracks) in [
            [h264, audio], [h264, audio], [h264, audio], [vp8, audio], [audio], [vp8, audio], [h264, audio],
            [vp8, audio],
        ].enumerated() {
            let offer = try subscription.offer(tracks, local: step < 2 ? 1 : 2)
            mids.append(offer.media.map { $0.port == 0 ? nil : $0.mid })
            #expect(offer.bundle == offer.media.filter { $0.port != 0 }.compactMap(\.mid))
            refused.append(try subscription.accept("\(peer)-subscriber-mixed-\(step).answer").refused.map(\.mid))
        }
        if peer == "firefox-153esr" {
            #expect(
                mids == [
                    ["0", "1"], [nil, "1"], [nil, "1"], ["2", "1"], ["2", "1"], ["2", "1"], ["2", "1"], ["3", "1"],
                ])
            #expect(refused == [["0"], ["0"], ["0"], [], [], [], ["2"], []])
        } else {
            #expect(mids.allSatisfy { $0 == ["0", "1"] })
            #expect(refused.allSatisfy { $0.isEmpty })
        }
    }

    @Test func keepsSSRCsAndHandsThemOverWhenTheProducerIsReplaced() throws {
        var subscription = Subscription()
        var published = try tracks(of: "chromium-156-audio-video.offer")
        let first = try subscription.offer(published).media.map { try $0.sources }
        #expect(try subscription.offer(published).media.map { try $0.sources } == first)
        for index in published.indices { published[index].mid = "new\(index)" }
        let replaced = try subscription.offer(published.reversed())
        #expect(try replaced.media.map { try $0.sources } == first)
        #expect(Set(first.joined()).count == first.joined().count)
    }

    @Test func givesPayloadTypesANewNumberWhenTheyMeanSomethingElse() throws {
        var subscription = Subscription()
        let h264 = try tracks(of: "chromium-156-prefer-h264.offer")
        _ = try subscription.offer(h264)
        var vp8 = try tracks(of: "chromium-156-audio-video.offer").last
        vp8?.mid = "0"
        vp8?.codec.payloadType = 102
        vp8?.codec.retransmissionPayloadType = 103
        let offer = try subscription.offer([#require(vp8)])
        let media = try RTPMedia(offer.media[0])
        #expect(media.payloadTypes.count == 2)
        #expect(!media.payloadTypes.contains(102))
        #expect(media.codecs[media.payloadTypes[0]]?.encoding == "VP8")
        #expect(media.formats[media.payloadTypes[1]]?["apt"] == String(media.payloadTypes[0]))
        #expect(try subscription.offer(h264).media[0].formats == ["102", "103"])
    }

    @Test(arguments: [
        ("alice", "alice"), ("-", "hash of -"), ("a b", "hash of a b"), ("", "hash of "),
        ("Алиса", "hash of Алиса"), ("a/b", "hash of a/b"),
        (String(repeating: "x", count: 64), String(repeating: "x", count: 64)),
        (String(repeating: "x", count: 65), "hash of " + String(repeating: "x", count: 65)),
    ])
    func namesTheStreamAfterTheProducer(_ producer: String, stream: String) {
        #expect(Subscription(producer: producer).negotiation.streamName == stream)
    }

    @Test func takesOneAnswerPerOffer() throws {
        var subscription = Subscription()
        let answer = "chromium-156-subscriber-of-chromium.answer"
        #expect(throws: NegotiationError.superseded) { try subscription.accept(answer) }
        _ = try subscription.offer(tracks(of: "chromium-156-audio-video.offer"))
        _ = try subscription.accept(answer)
        #expect(throws: NegotiationError.superseded) { try subscription.accept(answer) }
    }

    @Test func tellsALateAnswerFromAWrongOne() throws {
        var published = try tracks(of: "chromium-156-audio-video.offer")
        let answer = "chromium-156-subscriber-of-chromium.answer"
        var added = Subscription()
        _ = try added.offer(published)
        var screen = published[1]
        screen.mid = "5"
        _ = try added.offer(published + [screen])
        #expect(throws: NegotiationError.superseded) { try added.accept(answer) }
        var removed = Subscription()
        _ = try removed.offer(published)
        _ = try removed.offer([published[0]])
        #expect(throws: NegotiationError.superseded) { try removed.accept(answer) }
        var changed = Subscription()
        _ = try changed.offer(published)
        published[1].codec = try #require(tracks(of: "chromium-156-prefer-h264.offer").first).codec
        _ = try changed.offer(published)
        #expect(throws: NegotiationError.superseded) { try changed.accept(answer) }
        #expect(changed.negotiation.isOpen)
        var wrong = Subscription()
        _ = try wrong.offer([published[0]])
        #expect(throws: NegotiationError.mismatch("the answer has 2 m-lines, the offer 1")) { try wrong.accept(answer) }
        #expect(wrong.negotiation.isOpen)
    }

    @Test func tellsALateAnswerToTheOfferBeforeAnICERestart() throws {
        let published = try tracks(of: "chromium-156-audio-video.offer")
        let answer = "chromium-156-subscriber-of-chromium.answer"
        var subscription = Subscription()
        _ = try subscription.offer(published)
        _ = try subscription.accept(answer)
        _ = try subscription.offer(published)
        _ = try subscription.offer(published, local: 2)
        #expect(throws: NegotiationError.superseded) { try subscription.accept(answer) }
        _ = try subscription.offer(published, local: 3)
        #expect(throws: NegotiationError.superseded) { try subscription.accept(answer) }
        let fresh = try Fixture.named(answer).text.replacing("a=ice-ufrag:", with: "a=ice-ufrag:new")
        let result = try subscription.negotiation.accept(answer: fresh)
        #expect(result.restartsICE)
        #expect(result.remote?.ufrag.hasPrefix("new") == true)
    }

    @Test func letsAPeerStayThatCannotRestartICE() throws {
        let published = try tracks(of: "chromium-156-audio-video.offer")
        var subscription = Subscription()
        _ = try subscription.offer(published)
        _ = try subscription.accept("aiortc-1.16-subscriber-of-chromium.answer")
        _ = try subscription.offer(published, local: 2)
        #expect(try !subscription.accept("aiortc-1.16-subscriber-of-chromium.answer").restartsICE)
    }

    @Test(arguments: [
        ("a=mid:1\r\n", "a=mid:9\r\n", NegotiationError.mismatch("m-line 2 has mid \"9\", offered was \"1\"")),
        ("m=video", "m=audio", .mismatch("m-line 2 is \"audio\", offered was video")),
        ("a=setup:active", "a=setup:actpass", .unusable("this is an offer, not an answer: a=setup:actpass")),
        (
            "t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n",
            .unusable("the answer is ice-lite, as the relay is: neither side would connect")
        ),
        ("BUNDLE 0 1", "BUNDLE 0", .unusable("m-line 2 (video, mid \"1\") is not in the answer's a=group:BUNDLE")),
        ("a=ice-ufrag:", "a=ice:", .unusable("m-line 1 (audio, mid \"0\") has no a=ice-ufrag")),
        ("a=fingerprint:", "a=finger:", .unusable("m-line 1 (audio, mid \"0\") has no a=fingerprint")),
        ("a=setup:", "a=up:", .unusable("m-line 1 (audio, mid \"0\") has no a=setup")),
        ("a=rtcp-mux\r\n", "", .unusable("m-line 1 (audio, mid \"0\") has no a=rtcp-mux")),
        ("v=0", "v=1", .unusable("line 1: version \"1\" instead of 0")),
    ])
    func namesWhatIsWrong(_ part: String, replacement: String, expected: NegotiationError) throws {
        var subscription = Subscription()
        _ = try subscription.offer(tracks(of: "chromium-156-audio-video.offer"))
        let good = try Fixture.named("chromium-156-subscriber-of-chromium.answer").text
        let bad = good.replacing(part, with: replacement)
        #expect(throws: expected) { try subscription.negotiation.check(answer: bad) }
        #expect(throws: expected) { try subscription.negotiation.accept(answer: bad) }
        #expect(throws: Never.self) { try subscription.negotiation.accept(answer: good) }
    }

    @Test func takesTheRoleThatTheAnswerLeavesAndKeepsIt() throws {
        let published = try tracks(of: "chromium-156-audio-video.offer")
        var subscription = Subscription()
        _ = try subscription.offer(published)
        let active = try Fixture.named("chromium-156-subscriber-of-chromium.answer").text
        let passive = active.replacing("a=setup:active", with: "a=setup:passive")
        #expect(try subscription.negotiation.accept(answer: passive).remote?.weAreDTLSClient == true)
        _ = try subscription.offer(published)
        #expect(throws: NegotiationError.self) { try subscription.negotiation.accept(answer: active) }
    }

    @Test func forwardsNothingToALineThatIsDeclined() throws {
        var subscription = Subscription()
        let published = try tracks(of: "chromium-156-audio-video.offer")
        let declined = try subscription.offer(published).media.flatMap { try $0.sources }
        let answer = try Fixture.named("chromium-156-subscriber-of-chromium.answer").text
        let result = try subscription.negotiation.accept(answer: answer.replacing("a=recvonly", with: "a=inactive"))
        #expect(result.tracks.isEmpty)
        #expect(result.refused.isEmpty)
        #expect(result.remote != nil)
        let again = try subscription.offer(published).media.flatMap { try $0.sources }
        #expect(Set(declined).isDisjoint(with: again))
        #expect(try subscription.negotiation.accept(answer: answer).tracks.count == 2)
        #expect(try subscription.offer(published).media.flatMap { try $0.sources } == again)
    }

    @Test func usesThePayloadTypesOfTheAnswer() throws {
        var subscription = Subscription()
        _ = try subscription.offer(tracks(of: "chromium-156-prefer-vp9.offer"))
        let answer = try Fixture.named("chromium-156-subscriber-of-vp9.answer").text
        let moved = answer.replacing("SAVPF 98 99", with: "SAVPF 35 36").replacing("rtpmap:98", with: "rtpmap:35")
            .replacing("rtpmap:99", with: "rtpmap:36")
            .replacing("fmtp:98", with: "fmtp:35").replacing("fmtp:99 apt=98", with: "fmtp:36 apt=35").replacing(
                "rtcp-fb:98", with: "rtcp-fb:35")
        let track = try subscription.negotiation.accept(answer: moved).tracks.first
        #expect(track?.codec.payloadType == 35)
        #expect(track?.codec.retransmissionPayloadType == 36)
    }

    @Test func offersNothingForAProducerWithoutTracks() throws {
        var subscription = Subscription()
        let offer = try subscription.offer([])
        #expect(offer.media.isEmpty)
        let result = try subscription.negotiation.accept(answer: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")
        #expect(result.remote == nil)
    }

    @Test func passesExtensionsOnOnlyWhereThePublisherHasThem() throws {
        var published = try tracks(of: "chromium-156-simulcast-rid.offer")
        var subscription = Subscription()
        let uris = try subscription.offer(published).media.map { try RTPMedia($0).extensions.map(\.uri) }
        #expect(uris[0].contains(HeaderExtension.audioLevel.uri))
        #expect(uris[1].contains(HeaderExtension.videoOrientation.uri))
        #expect(!uris.joined().contains(HeaderExtension.streamID.uri))
        // VP8's payload says all that the descriptor does.
        #expect(!uris[1].contains(HeaderExtension.dependencyDescriptor.uri))
        published[1].extensions[.dependencyDescriptor] = 9
        let described = try RTPMedia(subscription.offer(published).media[1]).extensions.map(\.uri)
        #expect(described.contains(HeaderExtension.dependencyDescriptor.uri))
        published[0].extensions = ExtensionMap()
        published[1].extensions = ExtensionMap()
        let fewer = try subscription.offer(published).media.map { try RTPMedia($0).extensions.map(\.id) }
        #expect(fewer == [[1, 2, 3], [1, 2, 3, 8]])
    }

    @Test func playoutDelayIsForVideoOfWhoAnswersItAndNeverAskedOfAPublisher() throws {
        let uri = HeaderExtension.playoutDelay.uri
        let text = try Fixture.named("chromium-156-audio-video.offer").text
        #expect(text.contains(uri))
        var publishing = PublisherNegotiation(sessionID: 1)
        let published = try publishing.answer(text, wanted: nil, local: .numbered(1))
        #expect(!published.answer.contains(uri))
        #expect(published.tracks.allSatisfy { $0.extensions[.playoutDelay] == 0 })
        var subscription = Subscription()
        let offered = try subscription.offer(published.tracks).media.map { try RTPMedia($0).extensions.map(\.uri) }
        #expect(offered.map { $0.contains(uri) } == [false, true])
        let answer = try Fixture.named("chromium-156-subscriber-of-chromium.answer").text
        #expect(!answer.contains(uri))
        var other = subscription
        let without = try subscription.negotiation.accept(answer: answer).tracks
        #expect(without.map { $0.extensions[.playoutDelay] } == [0, 0])
        let lines = answer.replacing("a=rtpmap:96 ", with: "a=extmap:8 \(uri)\r\na=rtpmap:96 ")
        let with = try other.negotiation.accept(answer: lines).tracks
        #expect(with.map { $0.extensions[.playoutDelay] } == [0, 8])
    }

    /// What VP8 and VP9 say in their payload is rewritten there, so that a second description would contradict it.
    @Test(arguments: [(CodecName.VP8, false), (.VP9, false), (.H264, true), (.AV1, true)])
    func passesTheDependencyDescriptorOnlyWhereThePayloadDoesNotTellTheLayers(codec: CodecName, passes: Bool) throws {
        var negotiation = PublisherNegotiation(sessionID: 1, settings: .init(codecs: [.opus, codec]))
        let offer = try Fixture.named("chromium-156-simulcast-rid.offer").text
        let published = try negotiation.answer(offer, wanted: nil, local: .numbered(1))
        let uri = HeaderExtension.dependencyDescriptor.uri
        #expect(offer.contains(uri))
        #expect(published.answer.contains(uri) == passes)
        var subscription = Subscription()
        let media = try subscription.offer(published.tracks).media
        #expect(try RTPMedia(media[1]).extensions.contains { $0.uri == uri } == passes)
    }
}
