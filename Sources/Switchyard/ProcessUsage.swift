import Configuration
import CUV  // whose header brings in, and so owns, the C types of time
import Glibc

#if canImport(CJemalloc)
    import CJemalloc
#endif

/// What the process takes of the machine.
nonisolated struct ProcessUsage {
    var cpuSeconds = 0.0
    var residentBytes = 0
    var virtualBytes = 0
    var openFiles = 0
    var maximumFiles = 0
    var threads = 0
    /// Seconds since 1970.
    var startedAt = 0.0
    /// Nil where the allocator cannot say.
    var heap: (allocated: Int, resident: Int)?

    static func now() -> ProcessUsage {
        var result = ProcessUsage()
        var used = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &used)
        result.cpuSeconds = seconds(used.ru_utime) + seconds(used.ru_stime)
        result.readStatm()
        result.readStat()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        result.maximumFiles = Int(clamping: limit.rlim_cur)
        result.openFiles = countOpenFiles()
        result.heap = heap()
        return result
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }

    /// Pages mapped and resident.
    private mutating func readStatm() {
        let fields = Self.fields("/proc/self/statm")
        guard fields.count >= 2 else { return }
        let page = sysconf(Int32(_SC_PAGESIZE))
        virtualBytes = (Int(fields[0]) ?? 0) * page
        residentBytes = (Int(fields[1]) ?? 0) * page
    }

    /// Threads, and the start in clock ticks after the machine's own.
    private mutating func readStat() {
        // The second field is the program's name in brackets and may hold blanks; count from after it.
        guard let text = Self.text("/proc/self/stat"), let bracket = text.lastIndex(of: ")") else { return }
        let fields = text[bracket...].split(separator: " ").dropFirst().map(String.init)
        guard fields.count >= 20, let ticks = Double(fields[19]) else { return }
        threads = Int(fields[17]) ?? 0
        let boot = Self.text("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        guard let booted = boot.flatMap({ Double($0.dropFirst(6)) }) else { return }
        startedAt = booted + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func countOpenFiles() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return max(0, count - 3)  // `.`, `..` and the folder's own
    }

    private static func heap() -> (allocated: Int, resident: Int)? {
        #if canImport(CJemalloc)
            var epoch: UInt64 = 1
            // Writing the epoch takes the numbers afresh.
            guard mallctl("epoch", nil, nil, &epoch, MemoryLayout<UInt64>.size) == 0 else { return nil }
            func read(_ name: String) -> Int? {
                var value = 0
                var size = MemoryLayout<Int>.size
                return mallctl(name, &value, &size, nil, 0) == 0 ? value : nil
            }
            guard let allocated = read("stats.allocated"), let resident = read("stats.resident") else { return nil }
            return (allocated, resident)
        #else
            return nil
        #endif
    }

    private static func text(_ path: String) -> String? {
        (try? Configuration.readFile(path)).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func fields(_ path: String) -> [Substring] { (text(path) ?? "").split { $0 == " " || $0 == "\n" } }
}
