import Foundation

/// One number that was measured; what `--json` writes.
struct Figure: Codable, Equatable {
    /// The suite it belongs to.
    var part: String
    var name: String
    var value: Double?
    var unit: String
    /// The same by the least that the machine can do it with.
    var bound: Double?
    /// What it must not exceed, or fall short of.
    var limit: Double?
    var isKept: Bool?

    /// How many times the bound it is.
    var ratio: Double? { bound.flatMap { bound in value.map { $0 / bound } } }
}

/// Everything of one run, and where and of what it was made.
struct Findings: Codable {
    var machine: String
    var kernel: String
    var processors: Int
    var date: String
    var figures: [Figure] = []

    /// Of this machine, now.
    init() {
        machine = Self.processorName
        var system = utsname()
        uname(&system)
        kernel = withUnsafeBytes(of: &system.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        processors = ProcessInfo.processInfo.activeProcessorCount
        date = Date.now.formatted(.iso8601)
    }

    private static var processorName: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
            ?? "unknown"
    }

    init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw BenchmarkError("\(file) cannot be read")
        }
        do { self = try JSONDecoder().decode(Findings.self, from: data) } catch {
            throw BenchmarkError("\(file) is not what --json wrote: \(error)")
        }
    }

    func write(_ file: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do { try encoder.encode(self).write(to: URL(fileURLWithPath: file)) } catch {
            throw BenchmarkError("\(file) cannot be written: \(error)")
        }
    }
}
