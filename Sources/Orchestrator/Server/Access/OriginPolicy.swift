internal import Web

/// Which browser pages may call, and under which names this server is called.
nonisolated struct OriginPolicy {
    private let allowed: Set<String>
    private let allowsAll: Bool
    /// The `host[:port]` of the allowed origins: names under which a proxy in front may pass requests on.
    private let allowedHosts: Set<String>
    private let checksHost: Bool

    /// On a loopback listener, `Host` is checked too: a foreign name there is a page that has pointed its own name at
    /// this machine (DNS rebinding).
    init(allowOrigins: [String], isLoopback: Bool) {
        allowed = Set(allowOrigins.map { $0.lowercased() })
        allowsAll = allowed.contains("*")
        allowedHosts = Set(allowed.compactMap(Self.authority))
        checksHost = isLoopback
    }

    /// Throws `forbidden` for a request that a foreign page made, or that came under a foreign name.
    func check(_ headers: Headers) throws(WebFailure) {
        let host = headers["Host"]?.lowercased()
        if checksHost, let host, !Self.isLoopback(host: host), !allowedHosts.contains(host) {
            throw .forbidden("the host \(host) is not served here")
        }
        guard let origin = headers["Origin"]?.lowercased(), !allowsAll, !allowed.contains(origin) else { return }
        guard headers.all("Origin").count == 1, let host,
            Self.authority(of: origin) == Self.withoutDefaultPort(host, origin)
        else {
            throw .forbidden("the origin \(origin) is not allowed")
        }
    }

    /// What `Access-Control-Allow-Origin` says to this request; nil for none.
    func corsOrigin(_ headers: Headers) -> String? {
        guard let origin = headers["Origin"], allowsAll || allowed.contains(origin.lowercased()) else { return nil }
        return origin
    }

    /// `host[:port]` of an origin, without the scheme's own port; nil where it is none (`null`).
    private static func authority(of origin: String) -> String? {
        guard let mark = origin.firstRange(of: "://") else { return nil }
        let rest = String(origin[mark.upperBound...])
        return rest.isEmpty || rest.contains("/") ? nil : withoutDefaultPort(rest, origin)
    }

    private static func withoutDefaultPort(_ authority: String, _ origin: String) -> String {
        let port = origin.hasPrefix("https:") ? ":443" : ":80"
        return authority.hasSuffix(port) ? String(authority.dropLast(port.count)) : authority
    }

    /// `localhost`, 127.0.0.0/8 and `[::1]`, with any port.
    private static func isLoopback(host: String) -> Bool {
        if host.hasPrefix("[") { return host == "[::1]" || (host.hasPrefix("[::1]:") && isPort(host.dropFirst(6))) }
        let parts = host.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 1 || (parts.count == 2 && isPort(parts[1])), let name = parts.first else { return false }
        if name == "localhost" { return true }
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127"
            && numbers.allSatisfy {
                $0.count <= 3 && !$0.isEmpty && UInt8($0) != nil && $0.utf8.allSatisfy { $0 != 43 }
            }
    }

    private static func isPort(_ text: Substring) -> Bool { text.utf8.allSatisfy { (48...57).contains($0) } }
}
