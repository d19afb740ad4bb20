internal import RelayProtocol

/// The mix on its way to one listener: packets of our own making, numbered for this connection.
///
/// Which encoding a listener is sent changes as they begin and end to speak, while the room's clock is one; so numbers are counted here,
/// and nothing is missing where nothing was sent.
struct MixedTrack {
    /// Of the connection that bears this track.
    unowned let consumer: Consumer
    private var sequence = UInt16.random(in: 0...UInt16.max)
    /// The room's timestamp of the newest packet, and when that was sent.
    private(set) var newest: (timestamp: UInt32, at: Instant)?
    private var nextReport = Instant.zero

    init(_ consumer: Consumer) { self.consumer = consumer }

    /// What stands for the mix among sources: there is only one for each consumer.
    static let source: UInt32 = 1
    private static let reportSpan = Instant.Span.seconds(1)

    /// Gives a packet this listener's number.
    mutating func number(_ packet: inout PendingPacket, at now: Instant) {
        sequence &+= 1
        packet.header.sequence = sequence
        newest = (packet.header.timestamp, now)
    }

    /// The sender report that is due; nil: none.
    mutating func report(at now: Instant) -> SenderInfo? {
        guard now >= nextReport, let newest,
            let timestamp = consumer.map.timestamp(ofCurrentSource: newest.timestamp)
        else { return nil }
        nextReport = now + Self.reportSpan
        let passed = (now - newest.at).microseconds
        return SenderInfo(
            ssrc: consumer.track.ssrc, ntpTime: now.networkTime,
            rtpTime: timestamp &+ UInt32(truncatingIfNeeded: passed * 48 / 1000), packetCount: consumer.packets,
            octetCount: consumer.octets)
    }
}
