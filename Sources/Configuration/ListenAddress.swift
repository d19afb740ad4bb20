internal import Glibc

/// An IP address and a port to listen on: `127.0.0.1:8080`, `[::1]:8080`.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// IPv4 or IPv6 in text, no brackets.
    public var host: String
    /// 0: a free one is chosen.
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// - Returns: nil unless it is an address (or `localhost`) and a port.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard IPAddress.family(of: host) == .v6 else { return nil }
        } else {
            if host == "localhost" { host = "127.0.0.1" }
            guard IPAddress.family(of: host) == .v4 else { return nil }
        }
        self.init(host: host, port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool { IPAddress.isLoopback(host) }
}

/// IP addresses in text.
public enum IPAddress {
    public enum Family: Sendable { case v4, v6 }

    /// - Returns: nil when the text is not an IP address.
    public static func family(of text: String) -> Family? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return .v4 }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 { return .v6 }
        return nil
    }

    /// 127.0.0.0/8, or `::1` in any spelling.
    public static func isLoopback(_ text: String) -> Bool {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return false }
        return withUnsafeBytes(of: &six) { bytes in bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1 }
    }
}
