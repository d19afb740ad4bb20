import CUV
import Glibc

#if canImport(CJemalloc)
    import CJemalloc
#endif

/// What this machine offers the process.
enum Machine {
    /// Processors that this process may run on.
    static var processors: Int { Int(uv_available_parallelism()) }

    /// Allows as many open files as the system lets an ordinary user have; each HTTP connection needs one.
    static func raiseOpenFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

extension Machine {
    /// Has jemalloc give freed memory back to the kernel soon and by a thread of its own. By default it does so when somebody
    /// allocates, and a relay that forwards allocates nothing: what handshakes used would stay.
    static func returnFreedMemory() {
        #if canImport(CJemalloc)
            var yes = true
            mallctl("background_thread", nil, nil, &yes, MemoryLayout<Bool>.size)
            var milliseconds = 1000
            for name in ["arenas", "arena.\(allArenas)"] {
                mallctl("\(name).dirty_decay_ms", nil, nil, &milliseconds, MemoryLayout<Int>.size)
                mallctl("\(name).muzzy_decay_ms", nil, nil, &milliseconds, MemoryLayout<Int>.size)
            }
        #endif
    }

    /// MALLCTL_ARENAS_ALL.
    private static let allArenas = 4096
}

nonisolated extension Machine {
    /// Seconds on a clock that never goes backwards.
    static func monotonicSeconds() -> Double { seconds(CLOCK_MONOTONIC) }

    /// Seconds since 1970.
    static func wallClockSeconds() -> Double { seconds(CLOCK_REALTIME) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var now = timespec()
        clock_gettime(clock, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1_000_000_000
    }
}
