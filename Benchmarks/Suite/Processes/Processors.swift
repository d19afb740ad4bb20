import CBench

/// Which processors the measured process has and which the one that loads it: with one core of its own, neither takes the other's
/// time or cache. On a machine with a single core they share it.
enum Processors {
    private static let allowed: [Int32] = (0..<1_024).filter { cbench_may_run_on($0) == 1 }

    static var areApart: Bool { allowed.count > 1 }

    /// Runs `body` on the measured process's core; processes and threads that it starts stay there.
    static func onServerCore<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard areApart else { return try body() }
        _ = cbench_run_on(Array(allowed.prefix(1)), 1)
        defer { keepOffServerCore() }
        return try body()
    }

    /// Runs `body` so that what it starts may use every core.
    static func onAllCores<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard areApart else { return try body() }
        _ = cbench_run_on(allowed, Int32(allowed.count))
        defer { keepOffServerCore() }
        return try body()
    }

    /// This thread, and those that it starts from now on, leave the measured process's core alone.
    static func keepOffServerCore() {
        guard areApart else { return }
        _ = cbench_run_on(Array(allowed.dropFirst()), Int32(allowed.count - 1))
    }
}
