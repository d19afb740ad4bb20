/// What a description says about ICE and DTLS for one bundle (RFC 8839, RFC 8842).
struct TransportDescription: Sendable, Equatable {
    var ufrag: String
    var password: String
    /// Those whose hash we can check and trust; at least one.
    var fingerprints: [RemoteTransport.Fingerprint]
    /// Nil where there is no `a=setup`.
    var setup: Setup?

    enum Setup: String, Sendable { case actpass, active, passive, holdconn }

    /// Reads an m-section, falling back to the session's attributes.
    /// - Parameter name: how messages name the m-section.
    init(_ media: MediaDescription, in session: SessionDescription, name: String) throws(NegotiationError) {
        func find(_ attribute: String) -> SDPAttribute? { media.attribute(attribute) ?? session.attribute(attribute) }
        guard let ufrag = find("ice-ufrag") else { throw .unusable("\(name) has no a=ice-ufrag") }
        guard let password = find("ice-pwd") else { throw .unusable("\(name) has no a=ice-pwd") }
        guard Self.isCredential(ufrag.value, atLeast: 4) else {
            throw .unusable("line \(ufrag.line): a=ice-ufrag is not 4 to 256 letters, digits, + and /")
        }
        guard Self.isCredential(password.value, atLeast: 22) else {
            throw .unusable("line \(password.line): a=ice-pwd is not 22 to 256 letters, digits, + and /")
        }
        self.ufrag = ufrag.value
        self.password = password.value
        fingerprints = try Self.fingerprints(media, session, name)
        if let attribute = find("setup") {
            guard let setup = Setup(rawValue: attribute.value) else {
                throw .unusable(
                    "line \(attribute.line): a=setup:\(attribute.value.excerpt) is none of actpass, active, passive")
            }
            guard setup != .holdconn else {
                throw .unusable("line \(attribute.line): a=setup:holdconn makes no connection")
            }
            self.setup = setup
        }
    }

    /// All fingerprints of the m-section, else of the session.
    static func fingerprints(
        _ media: MediaDescription, _ session: SessionDescription, _ name: String
    ) throws(NegotiationError) -> [RemoteTransport.Fingerprint] {
        var attributes = media.attributes("fingerprint")
        if attributes.isEmpty { attributes = session.attributes("fingerprint") }
        guard !attributes.isEmpty else { throw .unusable("\(name) has no a=fingerprint") }
        var found: [RemoteTransport.Fingerprint] = []
        for attribute in attributes {
            let fields = attribute.value.fields()
            guard fields.count == 2 else {
                throw .unusable("line \(attribute.line): a=fingerprint is not a hash name and a value")
            }
            let hash = fields[0].lowercased()
            guard let length = digestLengths[hash] else { continue }
            let bytes = fields[1].split(separator: ":", omittingEmptySubsequences: false)
            guard bytes.count == length,
                bytes.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy { $0.isASCII && $0.isHexDigit } })
            else {
                throw .unusable(
                    "line \(attribute.line): a=fingerprint:\(hash) is not \(length) bytes in hexadecimal with colons"
                )
            }
            found.append(RemoteTransport.Fingerprint(hash: hash, value: fields[1].uppercased()))
        }
        guard !found.isEmpty else {
            throw .unusable("line \(attributes[0].line): no a=fingerprint of sha-256 or stronger")
        }
        return found
    }

    private static let digestLengths = ["sha-256": 32, "sha-384": 48, "sha-512": 64]

    /// `ice-char`s of RFC 8839, section 5.4. Some libraries also write `-`, `_` and `=`; that does no harm.
    private static func isCredential(_ text: String, atLeast minimum: Int) -> Bool {
        let count = text.utf8.count
        return count >= minimum && count <= 256
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "="): true
                default: false
                }
            }
    }
}

extension LocalTransport {
    /// `c=`, naming the first candidate as RFC 8839 asks of a description that has its candidates in it.
    var connectionLine: String {
        guard let first = candidates.first else { return "c=IN IP4 0.0.0.0" }
        return "c=IN \(first.isIPv6 ? "IP6" : "IP4") \(first.address)"
    }

    /// The port of the `m=` lines that use this transport.
    var defaultPort: UInt16 { candidates.first?.port ?? 9 }

    /// ICE credentials, certificate and role, for an m-section.
    func attributeLines(setup: TransportDescription.Setup) -> [String] {
        [
            "a=ice-ufrag:\(ufrag)", "a=ice-pwd:\(password)", "a=fingerprint:sha-256 \(fingerprint)",
            "a=setup:\(setup.rawValue)",
        ]
    }

    /// One line a candidate, in our order of preference, and the end of them.
    ///
    /// Type preference 126 (host), local preference falling from 65535, component 1 (RFC 8445, section 5.1.2.1). Each
    /// has a foundation of its own, because each is a base of its own.
    var candidateLines: [String] {
        var lines: [String] = []
        for (index, candidate) in candidates.prefix(64).enumerated() {
            let priority = 126 << 24 | (65535 - index) << 8 | 255
            lines.append("a=candidate:\(index + 1) 1 udp \(priority) \(candidate.address) \(candidate.port) typ host")
        }
        return lines + ["a=end-of-candidates"]
    }
}

extension HostCandidate {
    var isIPv6: Bool { address.utf8.contains(UInt8(ascii: ":")) }
}
