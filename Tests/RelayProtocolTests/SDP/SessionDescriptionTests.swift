import RelayProtocol
import Testing

@Suite struct SessionDescriptionTests {
    static let small = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"

    @Test func corpusIsThere() {
        #expect(Fixture.offers.count >= 35)
        #expect(Fixture.answers.count >= 10)
    }

    @Test(arguments: Fixture.all) func writesBackWhatItParsed(_ fixture: Fixture) throws {
        let description = try SessionDescription(parsing: fixture.text)
        #expect(Array(description.text.utf8) == Array(fixture.text.utf8))
        for media in description.media where media.kind != "application" { _ = try RTPMedia(media) }
    }

    @Test(arguments: [
        "\n", "\r\n\r\n", "x=unknown\r\na=weird:é\u{301}:\r\n", "m=audio 9 RTP/AVP 0\na=one\r\na=two\n",
        "m=audio 9/2 RTP/AVP 0\r\na=\u{301}x",
        "a=x:\u{301}y\r\n",
    ])
    func keepsUnusualText(_ tail: String) throws {
        let text = Self.small + tail
        #expect(try Array(SessionDescription(parsing: text).text.utf8) == Array(text.utf8))
    }

    @Test(arguments: [
        ("", 0, "empty"), ("hello", 1, "x=value"), ("v=1\r\n", 1, "version"), ("s=-\r\nv=0\r\n", 1, "v=0"),
        ("v=0\r\ns=-\r\n", 0, "o="),
        ("v=0\r\no=- 1 2 IN\r\n", 2, "4 fields"), (small + "m=audio 9 x\r\n", 5, "3 fields"),
        (small + "m=audio 70000 x 0\r\n", 5, "70000"),
        (small + "m=audio -1 x 0\r\n", 5, "-1"), (small + "m=au/dio 9 x 0\r\n", 5, "media type"),
        (small + "a=x\u{0}y\r\n", 5, "control character 0"),
        (small + "a=x\ry\r\n", 5, "control character 13"), (small + "\r\na=x\r\n", 5, "empty line"),
        (small + "A=x\r\n", 5, "x=value"),
        (small + "a\r\n", 5, "x=value"), ("{\"type\":\"offer\"}", 1, "x=value"),
    ])
    func namesLineAndFault(_ text: String, line: Int, fault: String) {
        let error = #expect(throws: SDPError.self) { try SessionDescription(parsing: text) }
        #expect(error?.line == line)
        #expect(error?.reason.contains(fault) == true, "\(error?.reason ?? "")")
    }

    @Test func keepsToItsLimits() {
        let many = Self.small + String(repeating: "m=audio 0 RTP/AVP 0\r\n", count: 3)
        #expect(throws: Never.self) {
            try SessionDescription(parsing: many, limits: .init(bytes: many.utf8.count, mediaLines: 3))
        }
        #expect(throws: SDPError(line: 7, reason: "more than 2 m-lines")) {
            try SessionDescription(parsing: many, limits: .init(mediaLines: 2))
        }
        #expect(throws: SDPError.self) {
            try SessionDescription(parsing: many, limits: .init(bytes: many.utf8.count - 1))
        }
    }

    @Test(arguments: [
        "a=rtpmap:128 x/1", "a=rtpmap:1", "a=rtpmap:1 x", "a=rtpmap:1 x/0", "a=rtpmap:1 x/8000/0",
        "a=rtpmap:1 x/99999999999", "a=extmap:0 u",
        "a=extmap:1", "a=extmap:1/sideways u", "a=extmap:99999 u", "a=ssrc:4294967296 cname:x", "a=ssrc-group:",
        "a=ssrc-group:FID x",
        "a=rid:h", "a=rid:h up", "a=rid:h! send", "a=simulcast:send", "a=simulcast:up a", "a=fmtp:x y=z",
    ])
    func namesTheLineOfABadAttribute(_ attribute: String) throws {
        let media = try SessionDescription(parsing: Self.small + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n\(attribute)\r\n")
            .media
        let error = #expect(throws: SDPError.self) { try RTPMedia(#require(media.first)) }
        #expect(error?.line == 6)
    }

    @Test func readsWhatAnRTPSectionSays() throws {
        let text = """
            m=video 9 UDP/TLS/RTP/SAVPF 96 97 96
            a=rtpmap:96 VP8/90000
            a=rtpmap:97 rtx/90000
            a=fmtp:97 APT=96; rtx-time=200
            a=rtcp-fb:96 NACK  pli
            a=rtcp-fb:* transport-cc
            a=extmap:3/recvonly urn:x
            a=extmap:4 urn:y with attributes
            a=ssrc:7 cname:a
            a=ssrc:7 msid:b
            a=ssrc:8
            a=ssrc-group:FID 7 8
            a=rid:h send pt=96,97;max-width=3
            a=simulcast:recv a send h;~m,x;l
            """
        let description = try SessionDescription(parsing: Self.small + text.replacing("\n", with: "\r\n"))
        let media = try RTPMedia(#require(description.media.first))
        #expect(media.payloadTypes == [96, 97])
        #expect(media.codecs[96] == RTPMap(payloadType: 96, encoding: "VP8", clockRate: 90000))
        #expect(media.formats[97]?["apt"] == "96")
        #expect(media.formats[97]?.text == "APT=96;rtx-time=200")
        #expect(media.feedback(for: 96) == [.pictureLoss, .transportWide])
        #expect(media.extensions.map(\.id) == [3, 4])
        #expect(media.extensions.map(\.direction) == [.recvonly, nil])
        #expect(media.sources == [7, 8])
        #expect(media.groups.first?.sources == [7, 8])
        #expect(media.identifiers.first?.payloadTypes == [96, 97])
        #expect(media.simulcast?.send == ["h", "m", "l"])
        #expect(media.simulcast?.receive == ["a"])
    }
}
