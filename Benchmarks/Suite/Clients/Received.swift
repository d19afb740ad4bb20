import CBench

/// What one or many sockets have received.
struct Received {
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    var missing: Int64 = 0
    var deliveries: UInt64 = 0

    init() {}

    init(_ counts: cbench_counts) {
        var counts = counts
        packets = cbench_packets(&counts)
        bytes = cbench_bytes(&counts)
        missing = cbench_missing(&counts)
        deliveries = counts.deliveries
    }

    static func + (a: Received, b: Received) -> Received {
        var sum = a
        sum.packets += b.packets
        sum.bytes += b.bytes
        sum.missing += b.missing
        sum.deliveries += b.deliveries
        return sum
    }

    static func - (a: Received, b: Received) -> Received {
        var difference = a
        difference.packets -= b.packets
        difference.bytes -= b.bytes
        difference.missing -= b.missing
        difference.deliveries -= b.deliveries
        return difference
    }
}
