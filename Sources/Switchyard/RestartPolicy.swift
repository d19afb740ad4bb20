/// How long the supervisor waits before it starts a crashed server again: at once after a long life, longer and longer
/// when it keeps dying young.
nonisolated struct RestartPolicy {
    private var earlyCrashes = 0

    /// What lived so long did start properly.
    private let longLifeMilliseconds: Int64 = 10_000
    private let firstDelayMilliseconds: Int64 = 100
    private let longestDelayMilliseconds: Int64 = 30_000

    /// - Parameter lifetimeMilliseconds: from start to crash.
    /// - Returns: milliseconds to wait.
    mutating func delayAfterCrash(lifetimeMilliseconds: Int64) -> Int64 {
        if lifetimeMilliseconds >= longLifeMilliseconds { earlyCrashes = 0 }
        let delay = firstDelayMilliseconds << min(earlyCrashes, 16)
        earlyCrashes += 1
        return min(delay, longestDelayMilliseconds)
    }
}
