/// Whether an input loses packets often enough that waiting for their correction is worth the delay: about one in a hundred, within the
/// last ten seconds or so.
struct LossWatch {
    private static let most = 6
    /// Ticks in which one loss is forgotten: 4 s.
    private static let memory = 200

    private var losses = 0
    private var ticks = 0
    private(set) var isFrequent = false

    mutating func note(_ missing: Int64) {
        losses = min(losses + Int(min(max(missing, 0), 3)), Self.most)
        if losses >= 2 { isFrequent = true }
    }

    /// A tick has passed.
    mutating func pass() {
        guard losses > 0 else { return }
        ticks += 1
        guard ticks >= Self.memory else { return }
        ticks = 0
        losses -= 1
        if losses == 0 { isFrequent = false }
    }
}
