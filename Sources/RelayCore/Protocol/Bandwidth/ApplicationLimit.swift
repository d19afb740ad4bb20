/// Notices that much less is sent than the path would take: then what arrives says little about what could.
package struct ApplicationLimit {
    private static let usage = 0.65
    private static let window = Instant.Span.milliseconds(500)
    private static let startLevel = 0.8
    private static let endLevel = 0.5

    /// Bytes that could have been sent and were not, between plus and minus one window's worth.
    private var unused = 0.0
    private var updatedAt: Instant?
    /// nil while the sender uses what it may.
    package private(set) var since: Instant?
    /// When such a time ended last.
    package private(set) var endedAt: Instant?

    /// - Parameter sent: bytes since the last update.
    mutating func update(sent: Int, estimate: DataRate, at now: Instant) {
        guard let last = updatedAt else {
            updatedAt = now
            return
        }
        updatedAt = now
        let rate = estimate * Self.usage
        let most = max(Double(rate.bytes(in: Self.window)), 1)
        let allowed = Double(rate.bytes(in: min(now - last, Self.window)))
        unused = min(max(unused + allowed - Double(max(sent, 0)), -most), most)
        if since == nil, unused > Self.startLevel * most {
            since = now
        } else if since != nil, unused < Self.endLevel * most {
            since = nil
            endedAt = now
        }
    }
}
