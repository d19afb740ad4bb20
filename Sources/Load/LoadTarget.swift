internal import CNet
internal import Glibc
internal import RelayIO
internal import RelayProtocol

/// The server to load, and where media may go: only to this machine, unless somebody said otherwise.
package struct LoadTarget: Equatable, Sendable {
    /// As it was written.
    package let host: String
    /// Numeric.
    package var address: String
    /// https.
    package let isSecure: Bool
    /// Of which kind `address` is.
    package let isIPv6: Bool
    /// The certificate of an https target is not looked at.
    package let isInsecure: Bool
    /// The one that was written, or the scheme's own.
    package var port: UInt16
    /// Of the API at this server, such as `/janus`; empty for none.
    package let path: String
    private let allowed: Set<String>
    package let isLoopback: Bool

    /// - Parameters:
    ///   - text: `http://HOST:PORT` or `https://HOST:PORT`.
    ///   - allowed: addresses and names given by `--allow-target`. Only a name among them, or `localhost`, is looked up.
    ///   - takesPath: a path may follow.
    package init(
        _ text: String, allowed: Set<String>, isInsecure: Bool = false, takesPath: Bool = false
    ) throws(LoadError) {
        self.isInsecure = isInsecure
        let form = takesPath ? "ADDR:PORT/PATH" : "ADDR:PORT"
        let wrong = LoadError.usage("--target must be http://\(form) or https://\(form), not \"\(text)\"")
        let scheme = ["http://", "https://"].first { text.lowercased().hasPrefix($0) }
        guard let scheme else { throw wrong }
        var authority = text.dropFirst(scheme.count)
        while authority.last == "/" { authority.removeLast() }
        let pathStart = takesPath ? authority.firstIndex(of: "/") ?? authority.endIndex : authority.endIndex
        path = String(authority[pathStart...])
        guard path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { throw wrong }
        guard let (host, given) = Self.split(authority[..<pathStart]) else { throw wrong }
        isSecure = scheme == "https://"
        self.host = host
        port = given ?? (isSecure ? 443 : 80)
        guard port > 0 else { throw wrong }
        self.allowed = allowed
        let endpoint: Endpoint
        if let written = Endpoint(address: host == "localhost" ? "127.0.0.1" : host, port: port) {
            endpoint = written
        } else {
            guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw wrong }
            guard allowed.contains(host) else { throw Self.refusal(of: host) }
            var found = cnet_endpoint()
            guard cnet_resolve(host, port, &found) == 0 else { throw .connection("there is no address of \(host)") }
            endpoint = Endpoint(found)
        }
        address = endpoint.address
        isLoopback = endpoint.isLoopback
        isIPv6 = endpoint.isIPv6
        guard isLoopback || allowed.contains(address) || allowed.contains(host) else { throw Self.refusal(of: host) }
    }

    private static func refusal(of host: String) -> LoadError {
        .refused(
            "\(host) is not this machine: load on somebody else's server is an attack, so a target that is not loopback has to be"
                + " named a second time, by --allow-target \(host)")
    }

    /// Host, without the brackets of IPv6, and port; nil where it is neither.
    private static func split(_ authority: Substring) -> (host: String, port: UInt16?)? {
        let host: Substring
        let rest: Substring
        if authority.first == "[", let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
        } else {
            let end = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<end]
            rest = authority[end...]
        }
        if rest.isEmpty { return (String(host), nil) }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()) else { return nil }
        return (String(host), port)
    }

    /// Whether media may be sent there: loopback where the server is on it; the target itself where it was allowed; and whatever else
    /// was allowed.
    package func allowsMedia(to address: String) -> Bool {
        guard let endpoint = Endpoint(address: address, port: 1) else { return false }
        if allowed.contains(address) || (!isLoopback && address == self.address) { return true }
        return isLoopback && endpoint.isLoopback
    }

    /// This machine's address on the way there; of the target's kind.
    func ownAddress() throws(LoadError) -> String {
        guard !isLoopback, let endpoint = Endpoint(address: address, port: port) else {
            return isIPv6 ? "::1" : "127.0.0.1"
        }
        var raw = cnet_endpoint(endpoint)
        var storage = sockaddr_storage()
        var length = cnet_endpoint_to_sockaddr(&raw, &storage)
        // Connecting a UDP socket sends nothing; it only chooses the way.
        let fd = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(fd) }
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, length) == 0 ? getsockname(fd, $0, &length) : -1
            }
        }
        guard result == 0, cnet_endpoint_from_sockaddr(&storage, &raw) == 0 else {
            throw .machine("no way to \(address): \(String(cString: strerror(errno)))")
        }
        return Endpoint(raw).address
    }
}
