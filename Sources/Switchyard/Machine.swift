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
