package import CNet
package import RelayProtocol

extension Endpoint {
    package init(_ raw: cnet_endpoint) {
        self.init(high: raw.high, low: raw.low, port: raw.port, isIPv6: raw.is_ipv6 != 0)
    }

    /// Parses a textual address; nil where it is none.
    package init?(address: String, port: UInt16) {
        var raw = cnet_endpoint()
        guard cnet_endpoint_parse(address, port, &raw) == 0 else { return nil }
        self.init(raw)
    }

    /// The address without the port.
    package var address: String {
        var raw = cnet_endpoint(self)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            guard let out = text.baseAddress else { return "" }
            out.initialize(repeating: 0, count: 64)
            cnet_endpoint_format(&raw, out)
            return String(cString: out)
        }
    }

    /// `address:port`, IPv6 in brackets.
    package var description: String { isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }

    package var isLoopback: Bool { isIPv6 ? high == 0 && low == 1 : low >> 24 == 127 }
}

extension cnet_endpoint {
    package init(_ endpoint: Endpoint) {
        self.init(high: endpoint.high, low: endpoint.low, port: endpoint.port, is_ipv6: endpoint.isIPv6 ? 1 : 0)
    }
}
