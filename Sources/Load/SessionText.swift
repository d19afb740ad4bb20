package import RelayProtocol

/// Session descriptions as a browser's would be, written without one.
package enum SessionText {
    /// What our side of a connection says about itself.
    package struct Local {
        package var ufrag: String
        package var password: String
        package var fingerprint: String
        /// Of our socket: the only candidate, so that nothing is left to trickle. Nil: the server finds out.
        package var candidate: String?

        /// - Parameter candidate: an address and a port, apart.
        package init(
            ufrag: String, password: String, fingerprint: String, candidate: (host: String, port: UInt16)? = nil
        ) {
            self.ufrag = ufrag
            self.password = password
            self.fingerprint = fingerprint
            self.candidate = candidate.map { "1 1 udp 2122260223 \($0.host) \($0.port) typ host generation 0" }
        }

        var iceLines: [String] {
            let way = candidate.map { ["a=candidate:\($0)", "a=end-of-candidates"] } ?? ["a=ice-options:trickle"]
            return ["a=ice-ufrag:\(ufrag)", "a=ice-pwd:\(password)"] + way + [
                "a=fingerprint:sha-256 \(fingerprint)"
            ]
        }
    }

    /// What the server says about its side.
    package struct Remote {
        package var ufrag: String
        package var password: String
        package var fingerprints: [RemoteTransport.Fingerprint]
        package var address: String
        package var port: UInt16
    }

    package static let videoPayloadType: UInt8 = 96
    package static let videoMid = "1"
    package static let videoExtensions: ExtensionMap = {
        var map = ExtensionMap()
        map[.absoluteSendTime] = 2
        map[.transportSequence] = 3
        map[.mid] = 4
        return map
    }()

    package static let audioPayloadType: UInt8 = 111
    package static let retransmissionPayloadType: UInt8 = 97
    package static let audioMid = "0"
    package static let audioExtensions = videoExtensions

    /// The streams that a publisher offers; nil: none of that kind.
    package struct Sources: Sendable {
        package var audio: UInt32?
        package var video: UInt32?
        package var retransmission: UInt32

        package init(audio: UInt32?, video: UInt32?, retransmission: UInt32) {
            self.audio = audio
            self.video = video
            self.retransmission = retransmission
        }
    }

    /// Who begins DTLS (RFC 8842).
    package enum Setup: String, Sendable { case actpass, active }

    /// A publisher's offer: Opus and VP8 with retransmission, as Chromium orders it.
    /// - Parameter setup: `.active` for a server that would choose to be the DTLS client itself.
    package static func offer(_ local: Local, session: UInt64, sources: Sources, setup: Setup = .actpass) -> String {
        let mids = [sources.audio.map { _ in audioMid }, sources.video.map { _ in videoMid }].compactMap(\.self)
        let head = [
            "v=0", "o=- \(session) 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE \(mids.joined(separator: " "))",
            "a=extmap-allow-mixed", "a=msid-semantic: WMS bench",
        ]
        let transport = transport(local, setup)
        let audio = sources.audio.map { audioSection(transport, $0) } ?? []
        let video = sources.video.map { videoSection(transport, $0, sources.retransmission) } ?? []
        return text(head + audio + video)
    }

    private static func transport(_ local: Local, _ setup: Setup) -> [String] {
        ["c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"] + local.iceLines + ["a=setup:\(setup.rawValue)"]
    }

    private static let common = [
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=sendonly", "a=rtcp-mux", "a=rtcp-rsize",
    ]

    private static func audioSection(_ transport: [String], _ ssrc: UInt32) -> [String] {
        ["m=audio 9 UDP/TLS/RTP/SAVPF 111"] + transport
            + ["a=mid:\(audioMid)", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level"] + common + [
                "a=msid:bench audio", "a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc",
                "a=fmtp:111 minptime=10;useinbandfec=1", "a=ssrc:\(ssrc) cname:bench",
            ]
    }

    private static func videoSection(_ transport: [String], _ ssrc: UInt32, _ retransmission: UInt32) -> [String] {
        ["m=video 9 UDP/TLS/RTP/SAVPF 96 97"] + transport + ["a=mid:\(videoMid)"] + common + [
            "a=msid:bench video", "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 goog-remb", "a=rtcp-fb:96 transport-cc",
            "a=rtcp-fb:96 ccm fir", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000",
            "a=fmtp:97 apt=96",
            "a=ssrc-group:FID \(ssrc) \(retransmission)", "a=ssrc:\(ssrc) cname:bench",
            "a=ssrc:\(retransmission) cname:bench",
        ]
    }

    /// A subscriber's answer that takes everything the offer has.
    package static func answer(to offer: String, _ local: Local, session: UInt64) -> String {
        let left = [
            "a=candidate:", "a=end-of-candidates", "a=ssrc", "a=msid:", "a=ice-", "a=fingerprint:", "a=setup:",
            "a=rtcp:", "o=",
        ]
        var lines: [String] = []
        for line in self.lines(offer) where !left.contains(where: line.hasPrefix) {
            lines.append(line == "a=sendonly" || line == "a=sendrecv" ? "a=recvonly" : line)
            if line == "v=0" { lines.append("o=- \(session) 2 IN IP4 127.0.0.1") }
            if line.hasPrefix("a=mid:") {
                lines += local.iceLines + ["a=setup:active"]
            }
        }
        return text(lines)
    }

    /// - Parameter allows: whether media may be sent to that address; of the server's candidates the first such one is taken.
    package static func remote(_ description: String, allows: (String) -> Bool = { $0 == "127.0.0.1" })
        throws(LoadError) -> Remote
    {
        let lines = lines(description)
        func value(_ name: String) throws(LoadError) -> String {
            guard let line = lines.first(where: { $0.hasPrefix("a=\(name):") }) else {
                throw .server("the server's SDP has no a=\(name)")
            }
            return String(line.dropFirst(name.count + 3))
        }
        let fingerprint = try value("fingerprint").split(separator: " ").map(String.init)
        guard fingerprint.count == 2 else { throw .server("the server's SDP has a fingerprint of a wrong form") }
        let candidates = lines.filter { $0.hasPrefix("a=candidate:") }.map { $0.split(separator: " ").map(String.init) }
        guard let candidate = candidates.first(where: { $0.count > 5 && $0[2].lowercased() == "udp" && allows($0[4]) }),
            let port = UInt16(candidate[5])
        else {
            let offered = candidates.compactMap { $0.count > 4 ? $0[4] : nil }
            throw .refused(
                "the server takes media at \(Set(offered).sorted().joined(separator: ", ")), none of which is loopback or was listed"
                    + " with --allow-target")
        }
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
