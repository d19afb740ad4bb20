internal import CNet
internal import Glibc

/// The server to load, and where media may go: only to this machine, unless somebody said otherwise.
package struct LoadTarget: Equatable, Sendable {
    /// Numeric.
    package var address: String
    package var port: UInt16
    /// Of the API at this server, such as `/janus`; empty for none.
    package let path: String
    private let allowed: Set<String>
    package let isLoopback: Bool

    /// - Parameters:
    ///   - text: `http://ADDR:PORT`, ADDR being an IP address or `localhost`.
    ///   - allowed: addresses given by `--allow-target`.
    ///   - takesPath: a path may follow.
    package init(_ text: String, allowed: Set<String>, takesPath: Bool = false) throws(LoadError) {
        let form = "http://ADDR:PORT" + (takesPath ? "/PATH" : "")
        guard text.lowercased().hasPrefix("http://") else {
            throw .usage("--target must be \(form), not \"\(text)\"")
        }
        var authority = text.dropFirst(7)
        while authority.last == "/" { authority.removeLast() }
        let pathStart = takesPath ? authority.firstIndex(of: "/") ?? authority.endIndex : authority.endIndex
        path = String(authority[pathStart...])
        guard path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .usage("--target must be \(form), not \"\(text)\"")
        }
        authority = authority[..<pathStart]
        let host: String
        var rest = authority[...]
        if authority.first == "[", let end = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            rest = authority[authority.index(after: end)...]
        } else {
            let end = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<end])
            rest = authority[end...]
        }
        guard rest.isEmpty || rest.first == ":", let port = rest.isEmpty ? 80 : UInt16(rest.dropFirst()), port > 0
        else {
            throw .usage("--target must be \(form), not \"\(text)\"")
        }
        address = host == "localhost" ? "127.0.0.1" : host
        self.port = port
        self.allowed = allowed
        var endpoint = cnet_endpoint()
        guard cnet_endpoint_parse(address, port, &endpoint) == 0 else {
            throw .usage("--target needs an IP address or localhost, not \"\(host)\"")
        }
        isLoopback = Self.isLoopback(endpoint)
        guard isLoopback || allowed.contains(address) || allowed.contains(host) else {
            throw .refused(
                "\(host) is not this machine: load on somebody else's server is an attack, so a target that is not loopback has to be"
                    + " named a second time, by --allow-target \(host)")
        }
    }

    /// Whether media may be sent there: loopback where the server is on it; the target itself where it was allowed; and whatever else
    /// was allowed.
    package func allowsMedia(to address: String) -> Bool {
        var endpoint = cnet_endpoint()
        guard cnet_endpoint_parse(address, 1, &endpoint) == 0, endpoint.is_ipv6 == 0 else { return false }
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
