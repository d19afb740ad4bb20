import Foundation

/// Counts the server's allocations with a preloaded library: what a forwarded packet adds to those of an idle meeting.
struct AllocationBenchmark {
    struct Result {
        var packets: UInt64
        /// By thread name, in a window with media and in one without.
        var busy: [String: Int64]
        var idle: [String: Int64]

        var perPacket: Double {
            let added = busy.values.reduce(0, +) - idle.values.reduce(0, +)
            return max(0, Double(added)) / Double(max(1, packets))
        }
    }

    let options: Options

    /// malloc_counter.h: rows of two 64-bit words, a thread's id and its count.
    private static let tableBytes = 256 * 16

    func run() throws -> Result {
        guard FileManager.default.fileExists(atPath: options.mallocCounter) else {
            throw BenchmarkError("\(options.mallocCounter) is missing: build the product malloc-counter")
        }
        let table = NSTemporaryDirectory() + "switchyard-allocations-\(getpid())"
        guard FileManager.default.createFile(atPath: table, contents: Data(count: Self.tableBytes)) else {
            throw BenchmarkError("\(table) cannot be written")
        }
        defer { try? FileManager.default.removeItem(atPath: table) }
        let server = try Server(options, environment: ["LD_PRELOAD": options.mallocCounter, "MALLOC_COUNTER_FILE": table])
        defer { server.process.stop() }
        let loop = ClientLoop()
        let meeting = try Meeting(server, loop: loop)
        try meeting.open("allocations")
        try meeting.subscribe(options.consumers, room: "allocations")
        let sender = try meeting.makeSender(VideoTrace(kilobits: options.kilobits))
        sender.restart(at: now())
        loop.run(seconds: 5, sender: sender)

        let start = try counts(table, server.process)
        let received = meeting.received
        sender.restart(at: now())
        loop.run(seconds: Double(options.seconds), sender: sender)
        let middle = try counts(table, server.process)
        let packets = (meeting.received - received).packets
        loop.run(seconds: 1)
        let idleStart = try counts(table, server.process)
        loop.run(seconds: Double(options.seconds))
        let end = try counts(table, server.process)
        guard start.values.reduce(0, +) > 0 else { throw BenchmarkError("no allocation was counted: is the server linked statically?") }
        return Result(packets: packets, busy: difference(middle, start), idle: difference(end, idleStart))
    }

    private func counts(_ file: String, _ process: ChildProcess) throws -> [String: Int64] {
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        let names = process.threads
        return data.withUnsafeBytes { bytes in
            let words = bytes.bindMemory(to: UInt64.self)
            return stride(from: 0, to: words.count - 1, by: 2).reduce(into: [:]) { sums, at in
                guard words[at] != 0 else { return }
                sums[names[words[at]] ?? "ended", default: 0] += Int64(clamping: words[at + 1])
            }
        }
    }

    private func difference(_ later: [String: Int64], _ earlier: [String: Int64]) -> [String: Int64] {
        later.merging(earlier) { $0 - $1 }
    }
}
