import RelayControl
import RelayProtocol
import Testing

/// Simulcast, screens, and what an offer has besides that is not taken: forward error correction, encrypted extensions.
@Suite struct LayerNegotiationTests {
    /// A video m-section in the manner of Chromium, to which a test adds its own lines.
    private func offer(formats: String = "96 97", _ lines: String, sources: String = "a=ssrc:2 cname:x\n") -> String {
        let video =
            "m=video 9 UDP/TLS/RTP/SAVPF \(formats)\n" + SmallOffer.transport + """
                a=mid:1
                a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
                a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
                a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
                a=sendonly
                a=rtpmap:96 VP8/90000
                a=rtcp-fb:96 nack
                a=rtpmap:97 rtx/90000
                a=fmtp:97 apt=96

                """
        return SmallOffer.head + SmallOffer.audio + video + sources + lines + "\n"
    }

    private func answer(_ offer: String) throws -> (track: IncomingTrack, section: MediaDescription, text: String) {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let result = try negotiation.answer(offer, wanted: nil, local: .numbered(1))
        return (try #require(result.tracks.last), try result.description.section("1"), result.answer)
    }

    // MARK: Simulcast

    @Test(arguments: [
        ("a=rid:q send\na=rid:h send\na=rid:f send\na=simulcast:send q;h;f", ["q", "h", "f"]),
        // Paused ones may begin at any time.
        ("a=rid:q send\na=rid:h send\na=rid:f send\na=simulcast:send q;~h;~f", ["q", "h", "f"]),
        // Both ways: what we would send is not ours to answer.
        ("a=rid:q send\na=rid:f send\na=rid:r recv\na=simulcast:send q;f recv r", ["q", "f"]),
        ("a=rid:q send\na=rid:f send\na=rid:r recv\na=simulcast:recv r send q;f", ["q", "f"]),
        // Of alternatives the first.
        ("a=rid:q send\na=rid:h send\na=rid:f send\na=simulcast:send q;~h,f", ["q", "h"]),
        // Another codec's, one that is not described, one that is described as received, one twice.
        ("a=rid:q send pt=96\na=rid:h send pt=98\na=simulcast:send q;h", ["q"]),
        ("a=rid:q send\na=rid:r recv\na=simulcast:send q;x;r;q", ["q"]),
        ("a=rid:q send pt=96,97;max-width=320\na=simulcast:send q", ["q"]),
    ])
    func takesTheRidsThatAreSent(_ lines: String, rids: [String]) throws {
        let (track, section, _) = try answer(offer(lines, sources: ""))
        #expect(track.streamIDs == rids)
        #expect(section.values("rid") == rids.map { "\($0) recv" })
        #expect(section.values("simulcast") == ["recv \(rids.joined(separator: ";"))"])
        #expect(track.streams.isEmpty)
    }

    @Test(arguments: [
        // What one would like to receive says nothing about what comes.
        "a=rid:r recv\na=simulcast:recv r",
        // rids without simulcast.
        "a=rid:q send",
    ])
    func answersNoSimulcastWhereNoneIsSent(_ lines: String) throws {
        let (track, section, _) = try answer(offer(lines))
        #expect(track.streamIDs.isEmpty)
        #expect(section.values("rid").isEmpty && section.values("simulcast").isEmpty)
    }

    @Test func thereIsAnEndToTheRids() throws {
        let rids = (0..<500).map { "r\($0)" }
        let lines = rids.map { "a=rid:\($0) send" }.joined(separator: "\n")
        let (track, section, _) = try answer(offer("\(lines)\na=simulcast:send \(rids.joined(separator: ";"))"))
        #expect(track.streamIDs == Array(rids.prefix(8)))
        #expect(section.values("rid").count == 8)
    }

    @Test func ridsNeedTheHeaderExtensionThatBearsThem() throws {
        let text = offer("a=rid:q send\na=simulcast:send q").replacing(
            "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n", with: "")
        let (track, section, _) = try answer(text)
        #expect(track.streamIDs.isEmpty)
        #expect(section.values("simulcast").isEmpty)
    }

    @Test(arguments: [
        "a=simulcast:send", "a=simulcast:both q", "a=simulcast:send q recv", "a=rid:q both", "a=rid:q/ send",
    ])
    func namesWhatIsWrongAboutSimulcast(_ line: String) throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let error = #expect(throws: NegotiationError.self) {
            try negotiation.answer(offer(line), wanted: nil, local: .numbered(1))
        }
        guard case .unusable(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("line "), "\(text)")
        #expect(text.contains("rid") || text.contains("simulcast"), "\(text)")
    }

    @Test func simulcastBySSRCIsInTheGroupsOrderAndNeedsNoAnswer() throws {
        let sources = """
            a=ssrc-group:FID 20 21
            a=ssrc-group:FID 10 11
            a=ssrc-group:FID 30 31
            a=ssrc-group:SIM 10 20 30
            a=ssrc:20 cname:x
            a=ssrc:21 cname:x
            a=ssrc:10 cname:x
            a=ssrc:11 cname:x
            a=ssrc:30 cname:x
            a=ssrc:31 cname:x

            """
        let (track, section, _) = try answer(offer("", sources: sources))
        #expect(track.streams.map(\.ssrc) == [10, 20, 30])
        #expect(track.streams.map(\.retransmissionSSRC) == [11, 21, 31])
        #expect(track.streamIDs.isEmpty)
        #expect(section.values("simulcast").isEmpty && section.values("ssrc-group").isEmpty)
    }

    // MARK: Forward error correction

    /// What Chromium offers with FlexFEC and ULPFEC on.
    private var protected: String {
        offer(
            formats: "96 97 116 117 118 35",
            """
            a=rtpmap:116 red/90000
            a=rtpmap:117 rtx/90000
            a=fmtp:117 apt=116
            a=rtpmap:118 ulpfec/90000
            a=rtpmap:35 flexfec-03/90000
            a=rtcp-fb:35 goog-remb
            a=rtcp-fb:35 transport-cc
            a=fmtp:35 repair-window=10000000
            """,
            sources: """
                a=ssrc-group:FID 2 3
                a=ssrc-group:FEC-FR 2 4
                a=ssrc:2 cname:x
                a=ssrc:3 cname:x
                a=ssrc:4 cname:x

                """)
    }

    @Test func forwardErrorCorrectionIsLeftOutOfTheAnswer() throws {
        let (track, section, text) = try answer(protected)
        #expect(section.formats == ["96", "97"])
        #expect(section.values("rtpmap") == ["96 VP8/90000", "97 rtx/90000"])
        #expect(section.values("fmtp") == ["97 apt=96"])
        for word in ["fec", "red/90000", ":35 ", ":116 ", ":118 "] { #expect(!text.contains(word), "\(word)") }
        #expect(track.codec.redundancyPayloadType == nil)
    }

    @Test func aRepairStreamIsNeverALayer() throws {
        #expect(try answer(protected).track.streams == [.init(ssrc: 2, retransmissionSSRC: 3)])
        // With simulcast each encoding has its own; the older semantics' name means the same.
        let sources = """
            a=ssrc-group:SIM 10 20
            a=ssrc-group:FID 10 11
            a=ssrc-group:FID 20 21
            a=ssrc-group:FEC-FR 10 12
            a=ssrc-group:FEC 20 22
            a=ssrc:12 cname:x
            a=ssrc:22 cname:x
            a=ssrc:10 cname:x
            a=ssrc:20 cname:x

            """
        let streams = try answer(offer("", sources: sources)).track.streams
        #expect(
            streams == [.init(ssrc: 10, retransmissionSSRC: 11), .init(ssrc: 20, retransmissionSSRC: 21)])
    }

    @Test func subscribersAreOfferedNoForwardErrorCorrection() throws {
        let track = try answer(protected).track
        var negotiation = SubscriberNegotiation(sessionID: 7, producer: "alice") { _ in "hash" }
        var generator = SeededGenerator(state: 1)
        let text = negotiation.offer(tracks: [track], local: .numbered(1), using: &generator)
        let section = try #require(try SessionDescription(parsing: text).media.first)
        #expect(section.formats == ["96", "97"])
        #expect(section.values("ssrc-group").allSatisfy { $0.hasPrefix("FID ") })
        for word in ["fec", "FEC", "red/90000"] { #expect(!text.contains(word), "\(word)") }
    }

    @Test func aVideoOfNothingButErrorCorrectionIsRejected() throws {
        let text = offer(formats: "118", "a=rtpmap:118 ulpfec/90000")
        var negotiation = PublisherNegotiation(sessionID: 5)
        let result = try negotiation.answer(text, wanted: nil, local: .numbered(1))
        #expect(try result.description.section("1").port == 0)
        #expect(result.tracks.map(\.mid) == ["0"])
    }

    // MARK: Encrypted header extensions

    /// As RFC 6904 has it: encrypted forms beside the plain ones.
    @Test func encryptedExtensionsAreLeftOutAndThePlainOnesTaken() throws {
        let plain = "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\n"
        let encrypted = """
            a=extmap:5 urn:ietf:params:rtp-hdrext:encrypt urn:ietf:params:rtp-hdrext:ssrc-audio-level
            a=extmap:6 urn:ietf:params:rtp-hdrext:encrypt urn:ietf:params:rtp-hdrext:sdes:mid

            """
        var negotiation = PublisherNegotiation(sessionID: 5)
        let both = try negotiation.answer(
            SmallOffer.head + SmallOffer.audio + plain + encrypted + SmallOffer.video, wanted: nil, local: .numbered(1))
        let section = try both.description.section("0")
        #expect(section.values("extmap") == ["1 urn:ietf:params:rtp-hdrext:ssrc-audio-level"])
        #expect(both.tracks.first?.extensions[.audioLevel] == 1)
        #expect(both.tracks.first?.extensions[.mid] == 0)

        var another = PublisherNegotiation(sessionID: 5)
        let alone = try another.answer(
            SmallOffer.head + SmallOffer.audio + encrypted + SmallOffer.video, wanted: nil, local: .numbered(1))
        #expect(try alone.description.section("0").values("extmap").isEmpty)
        #expect(alone.tracks.first?.extensions == ExtensionMap())
        #expect(alone.tracks.count == 2)
    }

    // MARK: Screens

    @Test(arguments: [
        ("a=content:slides", true), ("a=content:main", false), ("a=content:main,slides", true),
        ("a=content:slidesx", false), ("a=content:", false), ("a=sendonly", false),
    ])
    func slidesAreAScreen(_ line: String, isScreen: Bool) throws {
        #expect(try answer(offer(line)).track.isScreen == isScreen)
    }

    @Test func soundIsNoScreen() throws {
        var negotiation = PublisherNegotiation(sessionID: 5)
        let text = SmallOffer.head + SmallOffer.audio + "a=content:slides\n" + SmallOffer.video
        let tracks = try negotiation.answer(text, wanted: nil, local: .numbered(1)).tracks
        #expect(tracks.map(\.isScreen) == [false, false])
    }
}
