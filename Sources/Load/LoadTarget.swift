internal import CNet
internal import Glibc

/// The server to load, and where media may go: only to this machine, unless somebody said otherwise.
package struct LoadTarget: Equatable, Sendable {
    /// As it was written.
    package let host: String
    /// Numeric.
    package var address: String
    package let isSecure: Bool
    package let isIPv6: Bool
    /// The certificate of an https target is not looked at.
    package let isInsecure: Bool
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
        var endpoint = cnet_endpoint()
        address = host == "localhost" ? "127.0.0.1" : host
        if cnet_endpoint_parse(address, port, &endpoint) != 0 {
            guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw wrong }
            guard allowed.contains(host) else { throw Self.refusal(of: host) }
            guard cnet_resolve(host, port, &endpoint) == 0 else { throw .connection("there is no address of \(host)") }
            var text = [CChar](repeating: 0, count: 64)
            cnet_endpoint_format(&endpoint, &text)
            address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        isLoopback = Self.isLoopback(endpoint)
        isIPv6 = endpoint.is_ipv6 != 0
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
        var endpoint = cnet_endpoint()
        guard cnet_endpoint_parse(address, 1, &endpoint) == 0 else { return false }
        if allowed.contains(address) || (!isLoopback && address == self.address) { return true }
        guard isLoopback else { return false }
        return Self.isLoopback(endpoint)
    }

    /// This machine's address on the way there.
    func ownAddress() throws(LoadError) -> String {
        var endpoint = cnet_endpoint()
        guard !isLoopback, cnet_endpoint_parse(address, port, &endpoint) == 0, endpoint.is_ipv6 == 0 else {
            return "127.0.0.1"
        }
        var storage = sockaddr_storage()
        var length = cnet_endpoint_to_sockaddr(&endpoint, &storage)
        // Connecting a UDP socket sends nothing; it only chooses the way.
        let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(fd) }
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, length) == 0 ? getsockname(fd, $0, &length) : -1
            }
        }
        guard result == 0, cnet_endpoint_from_sockaddr(&storage, &endpoint) == 0 else {
            throw .machine("no way to \(address): \(String(cString: strerror(errno)))")
        }
        var text = [CChar](repeating: 0, count: 64)
        cnet_endpoint_format(&endpoint, &text)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isLoopback(_ endpoint: cnet_endpoint) -> Bool {
        endpoint.is_ipv6 == 0 ? endpoint.low >> 24 == 127 : endpoint.high == 0 && endpoint.low == 1
    }
}
