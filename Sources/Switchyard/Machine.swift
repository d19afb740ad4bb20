import CUV
import Glibc

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
