import Foundation
import Load

/// Counts the server's allocations and system calls with a preloaded library, at two bitrates: of allocations, what more packets add
/// is theirs, and what both have in common belongs to timers, connectivity checks and reports.
struct AllocationBenchmark {
    struct Window {
        var packets: UInt64
        /// By thread name.
        var allocations: [String: Int64]
        /// Of all threads, by what is called.
        var calls: [String: Int64]
        var total: Int64 { allocations.values.reduce(0, +) }
    }

    struct Result {
        var slow: Window
        var fast: Window

        var perPacket: Double {
            guard fast.packets > slow.packets else { return .nan }
            return Double(max(0, fast.total - slow.total)) / Double(fast.packets - slow.packets)
        }

        /// All of the slow window, timers and all: the fewer packets leave together, the more calls each takes.
        var callsPerPacket: Double { Double(slow.calls.values.reduce(0, +)) / Double(max(1, slow.packets)) }
    }

    let options: Options

    // malloc_counter.h: rows of 64-bit words: a thread's id, its allocations, its system calls by kind.
    static let rowWords = 10
    static let tableBytes = 256 * rowWords * 8
    private static let callNames = [
        "sendmmsg", "recvmmsg", "single sends and receives", "epoll", "timerfd_settime", "read", "write",
    ]

    func run() throws -> Result {
        guard FileManager.default.fileExists(atPath: options.mallocCounter) else {
            throw BenchmarkError("\(options.mallocCounter) is missing: build the product malloc-counter")
        }
        let table = NSTemporaryDirectory() + "switchyard-allocations-\(getpid())"
        guard FileManager.default.createFile(atPath: table, contents: Data(count: Self.tableBytes)) else {
            throw BenchmarkError("\(table) cannot be written")
        }
        defer { try? FileManager.default.removeItem(atPath: table) }
        let server = try Server(
            options, environment: ["LD_PRELOAD": options.mallocCounter, "MALLOC_COUNTER_FILE": table])
        defer { server.stop() }
        let loop = try ClientLoop()
        let meeting = try Meeting(server, loop: loop)
        try meeting.open("allocations")
        try meeting.subscribe(options.consumers, room: "allocations")
        let sender = try meeting.makeSender(VideoTrace(kilobits: options.kilobits))
        sender.restart(at: now())
        loop.run(seconds: 5, sender: sender)

        let slow = try measure(VideoTrace(kilobits: options.kilobits / 2), sender, meeting, table)
        let fast = try measure(VideoTrace(kilobits: options.kilobits * 2), sender, meeting, table)
        guard slow.total > 0 else {
            throw BenchmarkError("no allocation was counted: is the server linked statically?")
        }
        return Result(slow: slow, fast: fast)
    }

    private func measure(_ trace: VideoTrace, _ sender: VideoSender, _ meeting: Meeting, _ table: String) throws
        -> Window
    {
        sender.restart(at: now(), with: trace)
        meeting.loop.run(seconds: 2, sender: sender)
        let before = (counts: try counts(table, meeting.server.process), received: meeting.received)
        meeting.loop.run(seconds: Double(options.seconds), sender: sender)
        let after = try counts(table, meeting.server.process)
        return Window(
            packets: (meeting.received - before.received).packets,
            allocations: after.allocations.merging(before.counts.allocations) { $0 - $1 },
            calls: after.calls.merging(before.counts.calls) { $0 - $1 })
    }

    private typealias Counts = (allocations: [String: Int64], calls: [String: Int64])

    private func counts(_ file: String, _ process: ChildProcess) throws -> Counts {
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        let names = process.threads
        return data.withUnsafeBytes { bytes in
            let words = bytes.bindMemory(to: UInt64.self)
            var counts: Counts = ([:], [:])
            for at in stride(from: 0, through: words.count - Self.rowWords, by: Self.rowWords) where words[at] != 0 {
                counts.allocations[names[words[at]] ?? "ended", default: 0] += Int64(clamping: words[at + 1])
                for (kind, name) in Self.callNames.enumerated() {
                    counts.calls[name, default: 0] += Int64(clamping: words[at + 2 + kind])
                }
            }
            return counts
        }
    }
}
