import RelayControl
import RelayProtocol
import Testing

@Suite struct CodecMatchingTests {
    private func media(_ formats: String, _ attributes: String) throws -> RTPMedia {
        let text = "v=0\no=- 1 1 IN IP4 0.0.0.0\nm=video 9 UDP/TLS/RTP/SAVPF \(formats)\n\(attributes)\n"
        return try RTPMedia(#require(SessionDescription(parsing: text).media.first))
    }

    private func h264(_ format: String, payloadType: UInt8 = 96) -> CodecParameters {
        CodecParameters(name: .H264, payloadType: payloadType, clockRate: 90000, format: format)
    }

    @Test(arguments: [
        ("42e01f", H264Profile.Profile.constrainedBaseline, 31), ("42001f", .baseline, 31),
        ("42C015", .constrainedBaseline, 21), ("4de01f", .constrainedBaseline, 31),
        ("4d001f", .main, 31), ("64001f", .high, 31), ("640c34", .constrainedHigh, 52),
        ("58f01e", .constrainedBaseline, 30), ("58a01e", .baseline, 30), ("58001e", .extended, 30),
        ("42f00b", .constrainedBaseline, 9), ("42e00b", .constrainedBaseline, 11), ("f4001f", .high444, 31),
        ("7a0010", .other(0x7A, 0), 16),
    ])
    func readsH264Profiles(_ text: String, profile: H264Profile.Profile, level: Int) {
        #expect(H264Profile(text)?.profile == profile)
        #expect(H264Profile(text).map { Int($0.level) } == level)
    }

    @Test(arguments: ["", "42e0", "42e01f0", "+42e01", "zzzzzz", "42e0１f"]) func refusesOtherProfiles(_ text: String) {
        #expect(H264Profile(text) == nil)
    }

    @Test func comparesFormatKeysWithoutCaseAndKeepsOrder() {
        var format = FormatParameters(" A=1 ; b = 2;;flag;c=x=y")
        #expect(format["a"] == "1")
        #expect(format["B"] == "2")
        #expect(format["flag"] == "")
        #expect(format["c"] == "x=y")
        #expect(format.text == "A=1;b=2;flag;c=x=y")
        format["b"] = nil
        format["d"] = "4"
        #expect(format.text == "A=1;flag;c=x=y;d=4")
        #expect(format.only(["a", "d"]).text == "A=1;d=4")
        #expect(FormatParameters(" ; ;").isEmpty)
    }

    @Test func takesTheFirstAllowedCodecWithItsRetransmission() throws {
        let offered = try media(
            "35 100 102 101",
            """
            a=rtpmap:35 H265/90000
            a=rtpmap:100 VP9/90000
            a=fmtp:100 profile-id=0
            a=rtpmap:101 rtx/90000
            a=fmtp:101 apt=100
            a=rtpmap:102 vp8/90000
            """)
        let first = CodecMatching.firstUsable(in: offered, kind: .video, allowed: Set(CodecName.allCases))
        #expect(first?.name == .VP9)
        #expect(first?.retransmissionPayloadType == 101)
        #expect(CodecMatching.firstUsable(in: offered, kind: .video, allowed: [.VP8])?.payloadType == 102)
        #expect(CodecMatching.firstUsable(in: offered, kind: .video, allowed: [.VP8])?.retransmissionPayloadType == nil)
        #expect(CodecMatching.firstUsable(in: offered, kind: .audio, allowed: Set(CodecName.allCases)) == nil)
        #expect(CodecMatching.firstUsable(in: offered, kind: .video, allowed: [.AV1]) == nil)
    }

    @Test(arguments: [
        "a=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=2;profile-level-id=42e01f",
        "a=rtpmap:96 H264/90000\na=fmtp:96 profile-level-id=xyz", "a=rtpmap:96 VP8/8000",
        "a=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=one", "a=x",
    ])
    func passesOverCodecsThatItCannotUse(_ attributes: String) throws {
        #expect(
            try CodecMatching.firstUsable(in: media("96", attributes), kind: .video, allowed: Set(CodecName.allCases))
                == nil)
    }

    @Test func passesOverPayloadTypesThatReadAsRTCP() throws {
        #expect(
            try CodecMatching.firstUsable(in: media("72", "a=rtpmap:72 VP8/90000"), kind: .video, allowed: [.VP8])
                == nil)
    }

    @Test func comparesH264ByProfileAndModeButNotLevel() {
        let base = h264("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")
        #expect(CodecMatching.isSame(base, h264("profile-level-id=42e034;packetization-mode=1")))
        #expect(CodecMatching.isSame(base, h264("profile-level-id=4de01f;packetization-mode=1")))
        #expect(!CodecMatching.isSame(base, h264("profile-level-id=42e01f")))
        #expect(!CodecMatching.isSame(base, h264("profile-level-id=42001f;packetization-mode=1")))
        #expect(!CodecMatching.isSame(base, h264("profile-level-id=64001f;packetization-mode=1")))
        #expect(CodecMatching.isSame(h264(""), h264("profile-level-id=420015")))
    }

    @Test func comparesVP9AndAV1ByProfile() {
        let vp9 = { (format: String) in CodecParameters(name: .VP9, payloadType: 96, clockRate: 90000, format: format) }
        #expect(CodecMatching.isSame(vp9(""), vp9("profile-id=0")))
        #expect(!CodecMatching.isSame(vp9("profile-id=2"), vp9("profile-id=0")))
        let av1 = { (format: String) in CodecParameters(name: .AV1, payloadType: 96, clockRate: 90000, format: format) }
        #expect(CodecMatching.isSame(av1("profile=0;level-idx=5"), av1("level-idx=8")))
        #expect(!CodecMatching.isSame(av1("profile=1"), av1("")))
    }

    @Test func prefersTheOfferedPayloadTypeInAnAnswer() throws {
        let answer = try media(
            "97 96",
            """
            a=rtpmap:96 H264/90000
            a=fmtp:96 packetization-mode=1;profile-level-id=42e01f
            a=rtpmap:97 H264/90000
            a=fmtp:97 packetization-mode=1;profile-level-id=42e01f
            """)
        #expect(CodecMatching.find(h264("packetization-mode=1;profile-level-id=42e01f"), in: answer)?.payloadType == 96)
        #expect(
            CodecMatching.find(h264("packetization-mode=1;profile-level-id=42e01f", payloadType: 120), in: answer)?
                .payloadType == 97)
    }

    @Test(arguments: [
        ("packetization-mode=1", true), ("packetization-mode=1;profile-level-id=42001f", true),
        ("packetization-mode=1;profile-level-id=64001f", false),
        ("profile-level-id=42e01f", false),
    ])
    func readsAnEchoedPayloadTypeKindly(_ format: String, accepted: Bool) throws {
        let answer = try media("96", "a=rtpmap:96 H264/90000\na=fmtp:96 \(format)")
        let offered = h264("packetization-mode=1;profile-level-id=42e01f")
        #expect((CodecMatching.find(offered, in: answer) != nil) == accepted)
        var elsewhere = offered
        elsewhere.payloadType = 120
        #expect(CodecMatching.find(elsewhere, in: answer) == nil)
    }

    @Test func takesREDOnlyForItsOwnPrimary() throws {
        let text = "a=rtpmap:111 opus/48000/2\na=rtpmap:63 red/48000/2\na=fmtp:63 %\n"
        let own = try media("111 63", text.replacing("%", with: "111/111"))
        #expect(CodecMatching.firstUsable(in: own, kind: .audio, allowed: [.opus])?.redundancyPayloadType == 63)
        let foreign = try media("111 63", text.replacing("%", with: "112/112"))
        #expect(CodecMatching.firstUsable(in: foreign, kind: .audio, allowed: [.opus])?.redundancyPayloadType == nil)
    }
}
