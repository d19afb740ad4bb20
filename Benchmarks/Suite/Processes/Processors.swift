import CBench

/// Which processors the measured process has and which the one that loads it: with one core of its own, neither takes the other's
/// time or cache. On a machine with a single core they share it.
enum Processors {
    private static let allowed: [Int32] = (0..<1_024).filter { cbench_may_run_on($0) == 1 }

    static var areApart: Bool { allowed.count > 1 }

    /// The processors that are not the measured process's, as the kernel's network settings want them: hexadecimal, 32 bits a group.
    static var clientMask: String? {
        guard areApart else { return nil }
        let others = allowed.dropFirst()
        let groups = (0...(others.max() ?? 0) / 32).reversed().map { group in
            others.reduce(into: UInt32(0)) { bits, number in
                if number / 32 == group { bits |= 1 << UInt32(number % 32) }
            }
        }
        return groups.map { String($0, radix: 16) }.joined(separator: ",")
    }

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
