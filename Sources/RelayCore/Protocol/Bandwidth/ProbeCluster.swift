/// A short burst at a chosen rate, to find out whether the path takes it. The pacer sends it over one transport, out of what it
/// has queued, retransmissions and padding.
package struct ProbeCluster: Equatable, Sendable {
    /// Never 0. What belongs to it is recorded with this number.
    package var number: UInt16
    package var rate: DataRate
    /// Enough of it has been sent with so many bytes and so many packets.
    package var bytes: Int
    package var packets: Int
    /// Between the bursts that it consists of.
    package var interval: Instant.Span
    /// The transport that it is to be sent over: `FeedbackPath.number`.
    package var path: Int
    package var requestedAt: Instant

    package init(
        number: UInt16, rate: DataRate, span: Instant.Span, packets: Int, interval: Instant.Span, path: Int,
        at now: Instant
    ) {
        self.number = number
        self.rate = rate
        bytes = max(rate.bytes(in: span), 1)
        self.packets = packets
        self.interval = interval
        self.path = path
        requestedAt = now
    }
}
