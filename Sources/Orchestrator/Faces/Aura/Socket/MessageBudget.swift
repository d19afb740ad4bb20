/// How many messages a socket may still send: 100 at once, and 100 a second for longer.
nonisolated struct MessageBudget {
    static let perSecond = 100.0

    private var left = perSecond
    private var at: Double?

    /// Takes one message.
    /// - Parameter now: seconds.
    /// - Returns: whether it was allowed.
    mutating func take(at now: Double) -> Bool {
        left = min(Self.perSecond, left + max(0, now - (at ?? now)) * Self.perSecond)
        at = now
        guard left >= 1 else { return false }
        left -= 1
        return true
    }
}
