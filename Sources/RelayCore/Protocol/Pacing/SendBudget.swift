/// How much may leave now without exceeding a rate by more than a burst. It keeps the instant at which everything sent so far would
/// have left at that rate, so asking costs a multiplication and a comparison.
struct SendBudget {
    private(set) var rate: DataRate
    private var microsecondsPerByte: Double
    /// Microseconds on the loop's clock.
    private var clearAt = -Double.infinity

    init(rate: DataRate) {
        self.rate = rate
        microsecondsPerByte = Self.cost(rate)
    }

    mutating func set(_ rate: DataRate, at now: Instant) {
        guard rate != self.rate else { return }
        let cost = Self.cost(rate)
        let present = Double(now.microseconds)
        // What is owed is owed in bytes.
        if clearAt > present { clearAt = present + (clearAt - present) * cost / microsecondsPerByte }
        self.rate = rate
        microsecondsPerByte = cost
    }

    /// Whether `bytes` more keep within a burst of `span`.
    func allows(_ bytes: Int, within span: Instant.Span, at now: Instant) -> Bool {
        let present = Double(now.microseconds)
        return max(clearAt, present) + Double(bytes) * microsecondsPerByte <= present + Double(span.microseconds)
    }

    /// Whether a burst of `span` has room left; what is sent then may exceed it by one packet.
    func isOpen(within span: Instant.Span, at now: Instant) -> Bool {
        clearAt < Double(now.microseconds) + Double(span.microseconds)
    }

    mutating func spend(_ bytes: Int, at now: Instant) {
        clearAt = max(clearAt, Double(now.microseconds)) + Double(bytes) * microsecondsPerByte
    }

    /// Owes no more than `span`.
    mutating func forgive(beyond span: Instant.Span, at now: Instant) {
        clearAt = min(clearAt, Double(now.microseconds) + Double(span.microseconds))
    }

    /// When everything sent will have left.
    var clear: Instant { clearAt.isFinite ? Instant(microseconds: Int64(clearAt.rounded(.up))) : .zero }

    private static func cost(_ rate: DataRate) -> Double { 8_000_000 / Double(max(rate.bitsPerSecond, 1_000)) }
}
