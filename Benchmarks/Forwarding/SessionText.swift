import RelayControl
import RelayProtocol

/// Session descriptions as a browser's would be, written without one.
enum SessionText {
    /// What our side of a connection says about itself.
    struct Local {
        var ufrag: String
        var password: String
        var fingerprint: String
    }

    /// What the server says about its side.
    struct Remote {
        var ufrag: String
        var password: String
        var fingerprints: [RemoteTransport.Fingerprint]
        var address: String
        var port: UInt16
    }

    static let videoPayloadType: UInt8 = 96
    static let videoMid = "1"
    static let videoExtensions: ExtensionMap = {
        var map = ExtensionMap()
        map[.absoluteSendTime] = 2
        map[.transportSequence] = 3
        map[.mid] = 4
        return map
    }()

    /// A publisher's offer: Opus and VP8 with retransmission, as Chromium orders it.
    static func offer(_ local: Local, session: UInt64, audioSSRC: UInt32, videoSSRC: UInt32, retransmissionSSRC: UInt32)
        -> String
    {
        let transport = [
            "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", "a=ice-ufrag:\(local.ufrag)", "a=ice-pwd:\(local.password)",
            "a=ice-options:trickle", "a=fingerprint:sha-256 \(local.fingerprint)", "a=setup:actpass",
        ]
        let common = [
            "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=sendonly", "a=rtcp-mux", "a=rtcp-rsize",
        ]
        let audio =
            ["m=audio 9 UDP/TLS/RTP/SAVPF 111"] + transport + [
                "a=mid:0", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            ]
            + common + [
                "a=msid:bench audio", "a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc",
                "a=fmtp:111 minptime=10;useinbandfec=1", "a=ssrc:\(audioSSRC) cname:bench",
            ]
        let video =
            ["m=video 9 UDP/TLS/RTP/SAVPF 96 97"] + transport + ["a=mid:\(videoMid)"] + common + [
                "a=msid:bench video", "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 goog-remb", "a=rtcp-fb:96 transport-cc",
                "a=rtcp-fb:96 ccm fir", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000",
                "a=fmtp:97 apt=96",
                "a=ssrc-group:FID \(videoSSRC) \(retransmissionSSRC)", "a=ssrc:\(videoSSRC) cname:bench",
                "a=ssrc:\(retransmissionSSRC) cname:bench",
            ]
        let head = [
            "v=0", "o=- \(session) 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1", "a=extmap-allow-mixed",
            "a=msid-semantic: WMS bench",
        ]
        return text(head + audio + video)
    }

    /// A subscriber's answer that takes everything the offer has.
    static func answer(to offer: String, _ local: Local, session: UInt64) -> String {
        let left = [
            "a=candidate:", "a=end-of-candidates", "a=ssrc", "a=msid:", "a=ice-", "a=fingerprint:", "a=setup:",
            "a=rtcp:", "o=",
        ]
        var lines: [String] = []
        for line in self.lines(offer) where !left.contains(where: line.hasPrefix) {
            lines.append(line == "a=sendonly" || line == "a=sendrecv" ? "a=recvonly" : line)
            if line == "v=0" { lines.append("o=- \(session) 2 IN IP4 127.0.0.1") }
            if line.hasPrefix("a=mid:") {
                lines += [
                    "a=ice-ufrag:\(local.ufrag)", "a=ice-pwd:\(local.password)",
                    "a=fingerprint:sha-256 \(local.fingerprint)",
                    "a=setup:active",
                ]
            }
        }
        return text(lines)
    }

    static func remote(_ description: String) throws -> Remote {
        let lines = lines(description)
        func value(_ name: String) throws -> String {
            guard let line = lines.first(where: { $0.hasPrefix("a=\(name):") }) else {
                throw BenchmarkError("the server's SDP has no a=\(name)")
            }
            return String(line.dropFirst(name.count + 3))
        }
        let fingerprint = try value("fingerprint").split(separator: " ").map(String.init)
        let candidates = lines.filter { $0.hasPrefix("a=candidate:") }.map { $0.split(separator: " ").map(String.init) }
        guard let candidate = candidates.first(where: { $0.count > 5 && $0[4] == "127.0.0.1" }),
            let port = UInt16(candidate[5]),
            fingerprint.count == 2
        else { throw BenchmarkError("the server's SDP offers no candidate on loopback") }
        return Remote(
            ufrag: try value("ice-ufrag"), password: try value("ice-pwd"),
            fingerprints: [RemoteTransport.Fingerprint(hash: fingerprint[0], value: fingerprint[1])],
            address: candidate[4], port: port)
    }

    private static func lines(_ description: String) -> [String] {
        description.split(omittingEmptySubsequences: true) { $0.isNewline }.map(String.init)
    }

    private static func text(_ lines: [String]) -> String { lines.map { $0 + "\r\n" }.joined() }
}
