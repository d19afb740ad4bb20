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

    package static let videoMid = "1"
    /// What each packet of a publisher's video carries, as it is offered.
    package static let videoExtensions: ExtensionMap = [.absoluteSendTime, .transportSequence, .mid].reduce(
        into: ExtensionMap()
    ) { map, kind in map[kind] = number(of: kind) }

    package static let audioPayloadType: UInt8 = 111
    package static let audioMid = "0"

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

    /// - Parameters:
    ///   - allows: whether media may be sent to that address.
    ///   - prefersIPv6: of the server's candidates that may be used, one of IPv6 is taken where there is one, otherwise the first.
    package static func remote(
        _ description: String, prefersIPv6: Bool = false, allows: (String) -> Bool = { $0 == "127.0.0.1" }
    ) throws(LoadError) -> Remote {
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
        let usable = candidates.filter { $0.count > 5 && $0[2].lowercased() == "udp" && allows($0[4]) }
        let wanted = usable.first { $0[4].contains(":") == prefersIPv6 }
        guard let candidate = wanted ?? usable.first,
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

    static func text(_ lines: [String]) -> String { lines.map { $0 + "\r\n" }.joined() }
}
