import RelayControl
import RelayProtocol
import Testing

extension LocalTransport {
    /// Local credentials that differ by number.
    static func numbered(_ number: Int) -> LocalTransport {
        LocalTransport(
            ufrag: "local\(number)", password: "abcdefghijklmnopqrstuv\(number)",
            fingerprint: Array(repeating: "AB", count: 32).joined(separator: ":"),
            candidates: [
                HostCandidate(address: "192.0.2.1", port: 40000), HostCandidate(address: "2001:db8::1", port: 40001),
            ])
    }
}

extension PublisherAnswer {
    var description: SessionDescription {
        get throws { try SessionDescription(parsing: answer) }
    }
}

extension MediaDescription {
    /// The values of all `a=name` lines.
    func values(_ name: String) -> [String] { attributes(name).map(\.value) }

    var hasCandidates: Bool { attribute("candidate") != nil }
}

extension SessionDescription {
    func section(_ mid: String) throws -> MediaDescription { try #require(media.first { $0.mid == mid }) }
}

/// The tracks of a publisher's offer.
func tracks(of fixture: String) throws -> [IncomingTrack] {
    var negotiation = PublisherNegotiation(sessionID: 1)
    return try negotiation.answer(Fixture.named(fixture).text, wanted: nil, local: .numbered(1)).tracks
}

/// A small offer to change at will: audio on mid 0, video on mid 1.
enum SmallOffer {
    static let head = """
        v=0
        o=- 77 1 IN IP4 0.0.0.0
        s=-
        t=0 0
        a=group:BUNDLE 0 1

        """
    static let transport = """
        c=IN IP4 0.0.0.0
        a=ice-ufrag:abcd
        a=ice-pwd:abcdefghijklmnopqrstuvwx
        a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:1f
        a=setup:actpass
        a=rtcp-mux

        """
    static let audio =
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\n" + transport + "a=mid:0\na=rtpmap:111 opus/48000/2\na=ssrc:1 cname:x\n"
    static let video =
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\n" + transport + """
            a=mid:1
            a=rtpmap:96 VP8/90000
            a=rtpmap:97 rtx/90000
            a=fmtp:97 apt=96
            a=ssrc:2 cname:x
            a=ssrc:3 cname:x
            a=ssrc-group:FID 2 3

            """
    static let text = head + audio + video
}
