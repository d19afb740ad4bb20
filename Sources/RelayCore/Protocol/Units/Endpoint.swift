/// A UDP address and port, small enough to copy and cheap to hash (with Swift's seeded hasher, since peers choose it).
package struct Endpoint: Hashable, Sendable {
    /// Upper half of an IPv6 address in host order; 0 for IPv4.
    package var high: UInt64
    /// Lower half of an IPv6 address, or the IPv4 address, in host order.
    package var low: UInt64
    package var port: UInt16
    package var isIPv6: Bool

    package init(high: UInt64, low: UInt64, port: UInt16, isIPv6: Bool) {
        self.high = high
        self.low = low
        self.port = port
        self.isIPv6 = isIPv6
    }
}
