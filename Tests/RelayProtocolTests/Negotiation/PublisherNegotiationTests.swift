import RelayControl
import RelayProtocol
import Testing

@Suite struct PublisherNegotiationTests {
    static let mediaOffers = Fixture.offers.filter { !$0.name.contains("data-only") }

    @Test(arguments: mediaOffers) func answersRealOffers(_ fixture: Fixture) throws {
        let offer = try SessionDescription(parsing: fixture.text)
        var negotiation = PublisherNegotiation(sessionID: 5)
        let result = try negotiation.answer(fixture.text, wanted: nil, local: .numbered(1))
        let answer = try result.description
        #expect(answer.attribute("ice-lite") != nil)
        #expect(try answer.origin().sessionID == "5")
        #expect(answer.media.map(\.kind) == offer.media.map(\.kind))
        #expect(answer.media.map(\.mid) == offer.media.map(\.mid))
        #expect(answer.media.map(\.transport) == offer.media.map(\.transport))
        let accepted = answer.media.filter { $0.port != 0 }
        #expect(answer.bundle == accepted.compactMap(\.mid))
        #expect(accepted.map(\.hasCandidates) == accepted.map { _ in true })
        #expect(accepted.first?.attribute("end-of-candidates") != nil)
        for (offered, answered) in zip(offer.media, answer.media) where answered.port != 0 {
            try checkAcceptance(of: offered, by: answered, offer, answer)
        }
        #expect(result.selection.audio == result.tracks.contains { $0.kind == .audio })
        #expect(result.selection.video == result.tracks.contains { $0.kind == .video })
    }

    private func checkAcceptance(
        of offered: MediaDescription, by answered: MediaDescription, _ offer: SessionDescription,
        _ answer: SessionDescription
    ) throws {
        for name in ["ice-ufrag", "ice-pwd", "fingerprint", "setup", "rtcp-mux"] {
            #expect(answered.attribute(name) != nil, "\(name)")
        }
        #expect(answered.values("setup") == ["passive"])
        let sends = offered.direction(in: offer) == .sendrecv || offered.direction(in: offer) == .sendonly
        #expect(answered.direction(in: answer) == (sends ? .recvonly : .inactive))
        let (theirs, ours) = try (RTPMedia(offered), RTPMedia(answered))
        #expect(!ours.payloadTypes.isEmpty)
        #expect(ours.payloadTypes == theirs.payloadTypes.filter { ours.payloadTypes.contains($0) })
        let primaries = ours.payloadTypes.filter {
            !["rtx", "red"].contains(ours.codecs[$0]?.encoding.lowercased() ?? "")
        }
        #expect(primaries.count == 1)
        for payloadType in ours.payloadTypes {
            #expect(
                ours.codecs[payloadType]?.encoding.lowercased() == theirs.codecs[payloadType]?.encoding.lowercased())
            #expect(theirs.feedback(for: payloadType).isSuperset(of: ours.feedback(for: payloadType)))
        }
        for entry in ours.extensions {
            #expect(theirs.extensions.contains { $0.id == entry.id && $0.uri == entry.uri })
        }
        #expect((answered.attribute("rtcp-rsize") != nil) == (offered.attribute("rtcp-rsize") != nil))
        #expect((answered.attribute("extmap-allow-mixed") != nil) == (offered.attribute("extmap-allow-mixed") != nil))
    }

    @Test(arguments: ["chromium-156", "firefox-153esr"]) func followsAConnectionThroughItsLife(_ peer: String) throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        var mids: [[String]] = []
        var restarts: [Bool] = []
        var ufrags: [String] = []
        var versions: [String] = []
        for (step, name) in [
            "start", "screen-added", "video-removed", "screen-stopped", "ice-restart", "slot-recycled",
        ].enumerated() {
            let offer = try Fixture.named("\(peer)-life-\(step + 1)-\(name).offer").text
            #expect(try negotiation.continues(with: offer) == (step > 0))
            let result = try negotiation.answer(offer, wanted: nil, local: .numbered(step))
            mids.append(result.tracks.map(\.mid))
            restarts.append(result.restartsICE)
            ufrags.append(result.local.ufrag)
            versions.append(try result.description.origin().version)
        }
        #expect(mids == [["0", "1"], ["0", "1", "2"], ["0", "2"], ["0"], ["0"], ["0", "3"]])
        #expect(restarts == [false, false, false, false, true, false])
        #expect(ufrags == ["local0", "local0", "local0", "local0", "local4", "local4"])
        #expect(versions == ["1", "2", "3", "4", "5", "6"])
    }

    @Test func tellsANewPeerConnection() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let first = try Fixture.named("chromium-156-audio-video.offer").text
        #expect(try !negotiation.continues(with: first))
        _ = try negotiation.answer(first, wanted: nil, local: .numbered(1))
        #expect(try negotiation.continues(with: first))
        #expect(try !negotiation.continues(with: Fixture.named("chromium-156-audio-video-gathered.offer").text))
        #expect(try !negotiation.continues(with: Fixture.named("firefox-153esr-audio-video.offer").text))
    }

    @Test func takesANewSessionIDWithOldCredentialsForTheSameConnection() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        _ = try negotiation.answer(
            Fixture.named("aiortc-1.16-audio-video.offer").text, wanted: nil, local: .numbered(1))
        let next = try Fixture.named("aiortc-1.16-track-added.offer").text
        #expect(try negotiation.continues(with: next))
        #expect(try negotiation.continues(with: next.replacing("o=- ", with: "o=- 9")))
        let result = try negotiation.answer(next, wanted: nil, local: .numbered(2))
        #expect(result.tracks.map(\.mid) == ["0", "1", "2"])
        #expect(!result.restartsICE)
        #expect(result.local.ufrag == "local1")
    }

    @Test(arguments: ["chromium-156", "firefox-153esr"]) func rejectsADataChannelThatLeadsTheBundle(_ peer: String)
        throws
    {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let answer = try negotiation.answer(
            Fixture.named("\(peer)-data-first.offer").text, wanted: nil, local: .numbered(1)
        ).description
        #expect(answer.media.map { $0.port == 0 } == [true, false, false])
        #expect(answer.bundle == ["1", "2"])
        #expect(answer.media.map(\.hasCandidates) == [false, true, true])
    }

    @Test(arguments: ["chromium-156", "firefox-153esr"]) func refusesAnOfferOfDataAlone(_ peer: String) throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let offer = try Fixture.named("\(peer)-data-only.offer").text
        let error = #expect(throws: NegotiationError.self) {
            try negotiation.answer(offer, wanted: nil, local: .numbered(1))
        }
        #expect(error.map { "\($0)".contains("only audio and video") } == true)
        #expect(negotiation.local == nil)
    }

    @Test func answersSimulcastByRid() throws {
        for peer in ["chromium-156", "firefox-153esr"] {
            var negotiation = PublisherNegotiation(sessionID: 5)
            let result = try negotiation.answer(
                Fixture.named("\(peer)-simulcast-rid.offer").text, wanted: nil, local: .numbered(1))
            #expect(result.tracks.last?.streamIDs == ["l", "m", "h"])
            let video = try result.description.section("1")
            #expect(video.values("rid") == ["l recv", "m recv", "h recv"])
            #expect(video.values("simulcast") == ["recv l;m;h"])
            #expect(result.tracks.last?.extensions[.streamID] != 0)
        }
    }

    @Test func readsStreamsOfGroups() throws {
        let groups = """
            a=ssrc:30 cname:x
            a=ssrc-group:SIM 10 20 30
            a=ssrc-group:FID 10 11
            a=ssrc-group:FID 20 21
            a=ssrc-group:FID 30 31
            a=ssrc-group:FEC-FR 10 12
            a=ssrc:31 cname:x
            a=ssrc:12 cname:x
            a=ssrc:10 cname:x

            """
        var negotiation = PublisherNegotiation(sessionID: 5)
        let offer = SmallOffer.text.replacing(
            "a=ssrc:2 cname:x\na=ssrc:3 cname:x\na=ssrc-group:FID 2 3\n", with: groups)
        let streams = try negotiation.answer(offer, wanted: nil, local: .numbered(1)).tracks.last?.streams
        #expect(
            streams == [
                .init(ssrc: 10, retransmissionSSRC: 11), .init(ssrc: 20, retransmissionSSRC: 21),
                .init(ssrc: 30, retransmissionSSRC: 31),
            ])
    }

    @Test func readsAnOfferWithoutSSRCs() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let offer = SmallOffer.text.split(separator: "\n").filter { !$0.contains("ssrc") }.joined(separator: "\n")
        let tracks = try negotiation.answer(offer, wanted: nil, local: .numbered(1)).tracks
        #expect(tracks.map(\.streams) == [[], []])
        #expect(tracks.map(\.codec.retransmissionPayloadType) == [nil, 97])
    }

    @Test func needsNoBundleForOneMediaLine() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let head = SmallOffer.head.replacing("a=group:BUNDLE 0 1\n", with: "")
        let audio = SmallOffer.audio.replacing("a=mid:0\n", with: "")
        let result = try negotiation.answer(head + audio, wanted: nil, local: .numbered(1))
        #expect(result.tracks.map(\.mid) == ["0"])
        #expect(try result.description.bundle == nil)
        #expect(try result.description.media.first?.mid == nil)
    }

    @Test func selectsWhatIsSentAndWanted() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let both = try negotiation.answer(
            SmallOffer.text, wanted: TrackSelection(audio: true, video: false), local: .numbered(1))
        #expect(both.selection == TrackSelection(audio: true, video: false))
        #expect(both.tracks.count == 2)
        let muted = SmallOffer.head + SmallOffer.audio + "a=recvonly\n" + SmallOffer.video
        #expect(
            try negotiation.answer(muted, wanted: .all, local: .numbered(1)).selection
                == TrackSelection(audio: false, video: true))
    }

    @Test func takesTheRoleThatTheOfferLeavesAndKeepsIt() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let passive = SmallOffer.text.replacing("actpass", with: "passive")
        let first = try negotiation.answer(passive, wanted: nil, local: .numbered(1))
        #expect(first.remote.weAreDTLSClient)
        #expect(try first.description.section("0").values("setup") == ["active"])
        let again = try negotiation.answer(SmallOffer.text, wanted: nil, local: .numbered(1))
        #expect(again.remote.weAreDTLSClient)
        #expect(try again.description.section("0").values("setup") == ["active"])
        #expect(throws: NegotiationError.self) {
            try negotiation.answer(
                SmallOffer.text.replacing("actpass", with: "active"), wanted: nil, local: .numbered(1))
        }
    }

    @Test func readsCredentialsOfTheSession() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let offer =
            SmallOffer.head + SmallOffer.transport.replacing("a=rtcp-mux\n", with: "")
            + SmallOffer.text.replacing(SmallOffer.head, with: "").replacing(SmallOffer.transport, with: "a=rtcp-mux\n")
        let remote = try negotiation.answer(offer, wanted: nil, local: .numbered(1)).remote
        #expect(remote.ufrag == "abcd")
        #expect(remote.fingerprints.map(\.hash) == ["sha-256"])
        #expect(remote.fingerprints.first?.value.hasSuffix("1C:1D:1E:1F") == true)
    }

    @Test func acceptsBundleOnlyAndRejectsPortZero() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let bundled = SmallOffer.text.replacing("m=video 9 ", with: "m=video 0 ").replacing(
            "a=mid:1\n", with: "a=mid:1\na=bundle-only\n")
        #expect(try negotiation.answer(bundled, wanted: nil, local: .numbered(1)).tracks.count == 2)
        let stopped = SmallOffer.text.replacing("m=video 9 ", with: "m=video 0 ")
        let result = try negotiation.answer(stopped, wanted: nil, local: .numbered(1))
        #expect(result.tracks.map(\.mid) == ["0"])
        #expect(try result.description.section("1").port == 0)
    }

    @Test func rejectsOnlyTheLineWithoutAUsableCodec() throws {
        var negotiation = PublisherNegotiation(sessionID: 5, settings: .init(codecs: [.opus, .H264]))
        let result = try negotiation.answer(SmallOffer.text, wanted: nil, local: .numbered(1))
        #expect(result.tracks.map(\.mid) == ["0"])
        #expect(try result.description.section("1").port == 0)
        #expect(result.rejections.count == 1)
        #expect(result.rejections.first?.contains("m-line 2") == true)
    }

    @Test func rejectsKindsAndTransportsThatItDoesNotRelay() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let offer =
            SmallOffer.text
            + "m=text 9 UDP/TLS/RTP/SAVPF 98\na=mid:2\nm=video 9 RTP/AVP 96\na=mid:3\na=rtpmap:96 VP8/90000\n"
        let answer = try negotiation.answer(offer, wanted: nil, local: .numbered(1)).description
        #expect(answer.media.map { $0.port == 0 } == [false, false, true, true])
        #expect(answer.bundle == ["0", "1"])
    }

    @Test func answersExtensionsByDirection() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let extensions = """
            a=extmap:3/recvonly urn:3gpp:video-orientation
            a=extmap:4/sendonly urn:ietf:params:rtp-hdrext:sdes:mid
            a=extmap:5 urn:unknown
            a=extmap:4096 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
            a=extmap:6/sendrecv urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id

            """
        let result = try negotiation.answer(SmallOffer.text + extensions, wanted: nil, local: .numbered(1))
        #expect(
            try result.description.section("1").values("extmap") == [
                "4/recvonly urn:ietf:params:rtp-hdrext:sdes:mid", "6 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            ])
        let track = try #require(result.tracks.last)
        #expect(HeaderExtension.allCases.filter { track.extensions[$0] != 0 } == [.mid, .streamID])
    }

    @Test(arguments: [
        ("opus/48000/2", "minptime=10; useinbandfec=1;sprop-stereo=1;x-own=2", "minptime=10;useinbandfec=1;stereo=1"),
        ("opus/48000/2", "stereo=1;usedtx=1;maxaveragebitrate=64000", "stereo=1;usedtx=1;maxaveragebitrate=64000"),
        ("opus/48000/2", "", ""),
    ])
    func answersOpusParameters(_ codec: String, offered: String, answered: String) throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let offer = SmallOffer.text.replacing(
            "a=rtpmap:111 opus/48000/2\n", with: "a=rtpmap:111 \(codec)\na=fmtp:111 \(offered)\n")
        let audio = try negotiation.answer(offer, wanted: nil, local: .numbered(1)).description.section("0")
        #expect(audio.values("fmtp") == (answered.isEmpty ? [] : ["111 \(answered)"]))
    }

    @Test func keepsH264ProfileAndLevelAndPassesParameterSetsOn() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let result = try negotiation.answer(
            Fixture.named("gstreamer-1.22-video-h264.offer").text, wanted: nil, local: .numbered(1))
        let answer = try #require(result.description.media.first)
        #expect(answer.values("fmtp") == ["96 packetization-mode=1;profile-level-id=42c015;level-asymmetry-allowed=1"])
        #expect(result.tracks.first?.codec.format.contains("sprop-parameter-sets=Z0LA") == true)
    }

    @Test func answersEstimateFeedbackOnlyWithoutTransportWideFeedback() throws {
        var chromium = PublisherNegotiation(sessionID: 5)
        let first = try chromium.answer(
            Fixture.named("chromium-156-audio-video.offer").text, wanted: nil, local: .numbered(1))
        #expect(
            first.tracks.map(\.feedback) == [
                [.transportWide], [.nack, .pictureLoss, .fullIntraRequest, .transportWide],
            ])
        var aiortc = PublisherNegotiation(sessionID: 5)
        let second = try aiortc.answer(
            Fixture.named("aiortc-1.16-audio-video.offer").text, wanted: nil, local: .numbered(1))
        #expect(second.tracks.map(\.feedback) == [[], [.nack, .pictureLoss, .receiverEstimate]])
    }

    @Test func takesREDAndStaticPayloadTypes() throws {
        #expect(try tracks(of: "chromium-156-prefer-red.offer").first?.codec.redundancyPayloadType == 63)
        #expect(try tracks(of: "chromium-156-prefer-red.offer").first?.codec.name == .opus)
        #expect(try tracks(of: "firefox-153esr-prefer-pcmu.offer").first?.codec.name == .PCMU)
        var negotiation = PublisherNegotiation(sessionID: 5)
        let offer = SmallOffer.text.replacing("SAVPF 111", with: "SAVPF 8 111")
        let track = try negotiation.answer(offer, wanted: nil, local: .numbered(1)).tracks.first
        #expect(track?.codec == CodecParameters(name: .PCMA, payloadType: 8, clockRate: 8000))
    }

    @Test(arguments: [
        ("a=ice-ufrag:abcd\n", "", "no a=ice-ufrag"), ("a=ice-pwd:abcdefghijklmnopqrstuvwx\n", "", "no a=ice-pwd"),
        ("abcdefghijklmnopqrstuvwx", "short", "line 9: a=ice-pwd"),
        ("ufrag:abcd", "ufrag:a b d", "line 8: a=ice-ufrag"), ("a=rtcp-mux\n", "", "no a=rtcp-mux"),
        ("sha-256", "md5", "sha-256 or stronger"),
        ("00:01:02", "00:01", "not 32 bytes"), (":1e:1f", ":1e:xx", "not 32 bytes"),
        ("a=group:BUNDLE 0 1\n", "", "no a=group:BUNDLE"),
        ("BUNDLE 0 1", "BUNDLE 0", "m-line 2 (video, mid \"1\") is not in the a=group:BUNDLE"),
        ("a=mid:1", "a=mid:0", "given twice"),
        ("a=mid:1", "a=mid:1 2", "not a token"), ("t=0 0\n", "t=0 0\na=ice-lite\n", "ice-lite"),
        ("actpass", "holdconn", "holdconn"),
        ("actpass", "both", "none of actpass"), ("ssrc:3 ", "ssrc:x ", "line 28: \"x\" is not an SSRC"),
        ("FID 2 3", "FID 2 1", "SSRC 1 is announced twice"),
        ("o=- 77 ", "o=- 5 ", "relay's own"),
    ])
    func namesWhatIsWrong(_ part: String, replacement: String, message: String) throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let offer = SmallOffer.text.replacing(part, with: replacement)
        let error = #expect(throws: NegotiationError.self) {
            try negotiation.answer(offer, wanted: nil, local: .numbered(1))
        }
        guard case .unusable(let text) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(text.contains(message), "\(text)")
        #expect(negotiation.local == nil)
    }

    @Test func tellsAnAnswerFromAnOffer() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let answers = Fixture.answers.filter { $0.name.contains("subscriber-of") && !$0.text.contains("m=video 0") }
        #expect(answers.count >= 15)
        for fixture in answers {
            #expect(throws: NegotiationError.self, "\(fixture.name)") {
                try negotiation.answer(fixture.text, wanted: nil, local: .numbered(1))
            }
        }
    }

    @Test func aBadReofferChangesNothing() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let good = try negotiation.answer(SmallOffer.text, wanted: nil, local: .numbered(1))
        let worse = [
            SmallOffer.head.replacing(" 0 1\n", with: " 0\n") + SmallOffer.audio,
            SmallOffer.text.replacing("m=video", with: "m=audio"),
            SmallOffer.text.replacing("a=mid:1", with: "a=mid:7").replacing("BUNDLE 0 1", with: "BUNDLE 0 7"), "v=0",
        ]
        for offer in worse {
            #expect(throws: NegotiationError.self) { try negotiation.answer(offer, wanted: nil, local: .numbered(2)) }
        }
        let again = try negotiation.answer(SmallOffer.text, wanted: nil, local: .numbered(3))
        #expect(again.answer == good.answer.replacing("o=- 5 1 ", with: "o=- 5 2 "))
    }

    @Test func keepsTheConnectionWhenEverythingIsStopped() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let before = try negotiation.answer(SmallOffer.text, wanted: nil, local: .numbered(1))
        let stopped = SmallOffer.text.replacing("m=video 9 ", with: "m=video 0 ").replacing(
            "m=audio 9 ", with: "m=audio 0 ")
        #expect(try negotiation.continues(with: stopped))
        let after = try negotiation.answer(stopped, wanted: nil, local: .numbered(2))
        #expect(after.tracks.isEmpty)
        #expect(after.remote == before.remote)
        #expect(after.local == before.local)
    }

    @Test func keepsToItsLimits() throws {
        var negotiation = PublisherNegotiation(
            sessionID: 5, settings: .init(limits: .init(bytes: 10_000, mediaLines: 1)))
        let error = #expect(throws: NegotiationError.self) {
            try negotiation.answer(SmallOffer.text, wanted: nil, local: .numbered(1))
        }
        #expect("\(String(describing: error))".contains("more than 1 m-lines"))
    }
}
