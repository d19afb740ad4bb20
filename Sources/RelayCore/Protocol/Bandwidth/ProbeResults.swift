/// Measures probe clusters by what is reported about their packets: how fast they left, and how fast they arrived.
struct ProbeResults {
    /// Of what was to be sent, so much has to be received for a result.
    private static let neededShare = 0.8
    private static let longest = Instant.Span.seconds(1)
    private static let remembered = 4

    /// What a cluster has shown of the transport that it was sent over.
    struct Result {
        /// What got through, less a reserve where the path was full.
        var rate: DataRate
        var sendRate: DataRate

        /// Other transports of the participant sent `others` meanwhile, and were slowed by the same queue.
        func total(with others: DataRate) -> DataRate {
            let share = Double(others.bitsPerSecond) / Double(max(sendRate.bitsPerSecond, 1))
            return rate * (1 + min(share, 20))
        }
    }

    private struct Measurement {
        var cluster: ProbeCluster
        var firstSent = Instant(microseconds: .max)
        var lastSent = Instant(microseconds: .min)
        /// Bytes that left at `lastSent`: the span sent over does not hold the time that they took.
        var lastSentBytes = 0
        var firstArrival = Instant.Span.microseconds(.max)
        var lastArrival = Instant.Span.microseconds(.min)
        var firstArrivalBytes = 0
        var bytes = 0
        var packets = 0
    }

    private var measurements: [Measurement] = []

    /// Expects packets of `cluster`.
    mutating func begin(_ cluster: ProbeCluster) {
        measurements.append(Measurement(cluster: cluster))
        if measurements.count > Self.remembered { measurements.removeFirst() }
    }

    /// A packet of a cluster was received.
    /// - Returns: what the path carries, as soon as enough of the cluster is known; again with each packet after that.
    mutating func received(_ packet: SentPackets.Entry, arrival: Instant.Span) -> Result? {
        guard let index = measurements.firstIndex(where: { $0.cluster.number == packet.cluster }) else { return nil }
        let bytes = Int(packet.bytes)
        measurements[index].packets += 1
        measurements[index].bytes += bytes
        measurements[index].firstSent = min(measurements[index].firstSent, packet.at)
        if packet.at > measurements[index].lastSent {
            measurements[index].lastSent = packet.at
            measurements[index].lastSentBytes = bytes
        } else if packet.at == measurements[index].lastSent {
            measurements[index].lastSentBytes += bytes
        }
        if arrival < measurements[index].firstArrival {
            measurements[index].firstArrival = arrival
            measurements[index].firstArrivalBytes = bytes
        }
        measurements[index].lastArrival = max(measurements[index].lastArrival, arrival)
        return Self.result(measurements[index])
    }

    private static func result(_ seen: Measurement) -> Result? {
        guard Double(seen.packets) >= Double(seen.cluster.packets) * neededShare,
            Double(seen.bytes) >= Double(seen.cluster.bytes) * neededShare
        else { return nil }
        let sent = seen.lastSent - seen.firstSent
        let arrived = seen.lastArrival - seen.firstArrival
        guard sent.microseconds > 0, arrived.microseconds > 0, sent <= longest, arrived <= longest else { return nil }
        let sendRate = DataRate(bytes: seen.bytes - seen.lastSentBytes, over: sent)
        let arrivalRate = DataRate(bytes: seen.bytes - seen.firstArrivalBytes, over: arrived)
        // Faster than sent: something on the way held them back and let them go at once.
        guard arrivalRate < sendRate * 2 else { return nil }
        // Much slower than sent: the path was full, and gets a little less than it took.
        let rate = arrivalRate < sendRate * 0.9 ? arrivalRate * 0.95 : min(sendRate, arrivalRate)
        return Result(rate: rate, sendRate: sendRate)
    }
}
