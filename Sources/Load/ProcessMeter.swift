internal import CNet
internal import Glibc

/// What a process takes of the machine, read from outside of it.
package struct ProcessMeter: Sendable {
    package let pid: Int32
    package init(pid: Int32) { self.pid = pid }

    /// Nanoseconds of processor time of all its threads; nil where there is no such process.
    package var processorTime: Int64? {
        var clock = clockid_t()
        var used = timespec()
        guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &used) == 0 else { return nil }
        return Int64(used.tv_sec) * 1_000_000_000 + Int64(used.tv_nsec)
    }

    /// Bytes in RAM; nil where there is no such process.
    package var residentBytes: Int? {
        guard let file = fopen("/proc/\(pid)/statm", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// This process and everything below it: a supervised server's work is done by its child.
    package static func family(of pid: Int32) -> [ProcessMeter] {
        var found = [ProcessMeter(pid: pid)]
        var text = ""
        if let file = fopen("/proc/\(pid)/task/\(pid)/children", "r") {
            var line = [CChar](repeating: 0, count: 4_096)
            if fgets(&line, Int32(line.count), file) != nil {
                text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
            fclose(file)
        }
        for child in text.split(separator: " ").compactMap({ Int32($0) }) { found += family(of: child) }
        return found
    }
}
