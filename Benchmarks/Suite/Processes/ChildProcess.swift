import CBench
import Foundation
import Load

/// A process under measurement: started here on a core of its own, and stopped by its own id.
final class ChildProcess {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var pending = ""

    /// - Parameters:
    ///   - hasOwnCore: else it may run wherever it likes.
    ///   - log: where what it prints goes; nil: `readLine` has it.
    init(
        _ path: String, _ arguments: [String], hasOwnCore: Bool = true, environment: [String: String] = [:],
        log: String? = nil
    ) throws {
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BenchmarkError("\(path) is not an executable file")
        }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        if let log {
            guard FileManager.default.createFile(atPath: log, contents: nil),
                let file = FileHandle(forWritingAtPath: log)
            else { throw BenchmarkError("\(log) cannot be written") }
            process.standardOutput = file
            process.standardError = file
        }
        if hasOwnCore {
            try Processors.onServerCore { try process.run() }
        } else {
            try Processors.onAllCores { try process.run() }
        }
        cbench_child_began(process.processIdentifier)
    }

    var pid: Int32 { process.processIdentifier }

    func write(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

    /// The next line of its standard output.
    func readLine() throws -> String {
        while true {
            if let end = pending.firstIndex(of: "\n") {
                let line = String(pending[..<end])
                pending.removeSubrange(...end)
                return line
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else {
                throw BenchmarkError("\(process.executableURL?.lastPathComponent ?? "it") ended before it was ready")
            }
            pending += String(decoding: data, as: UTF8.self)
        }
    }

    /// Nanoseconds of processor time of all its threads.
    var processorTime: Int64 {
        get throws {
            guard let time = ProcessMeter(pid: pid).processorTime else {
                throw BenchmarkError("process \(pid) has ended")
            }
            return time
        }
    }

    /// KiB of memory that it alone holds in RAM or swap: what is shared with others (libraries) is left out.
    var privateMemory: Int {
        get throws {
            guard let text = try? String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8) else {
                throw BenchmarkError("process \(pid) has ended")
            }
            return text.split(separator: "\n").reduce(0) { sum, line in
                guard line.hasPrefix("Private_") || line.hasPrefix("Swap:") else { return sum }
                return sum + (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
            }
        }
    }

    /// Thread ids with their names.
    var threads: [UInt64: String] {
        let folder = "/proc/\(pid)/task"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.reduce(into: [:]) { result, name in
            guard let id = UInt64(name) else { return }
            let comm = try? String(contentsOfFile: "\(folder)/\(name)/comm", encoding: .utf8)
            result[id] = comm?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "?"
        }
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        if process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        cbench_child_ended(process.processIdentifier)
    }
}
