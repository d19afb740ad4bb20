import Foundation
import Load

/// Two builds of the server, loaded alike in turn: whether a change made the hot path faster.
struct ComparisonBenchmark {
    struct Result {
        /// Of the build that was asked about, and of the one it is compared with.
        var own: [ForwardingBenchmark.Window]
        var other: [ForwardingBenchmark.Window]
        var forged: Int

        var ratio: Ratio { Ratio(own.map(\.cost), to: other.map(\.cost)) }
    }

    let options: Options

    /// A server with its subscribers and what is sent to it.
    private struct Side {
        let server: Server
        let meeting: Meeting
        let sender: VideoSender

        init(
            _ binary: String, _ options: Options, workers: Int = 1, spread: Int? = nil, trace: VideoTrace,
            loop: ClientLoop
        ) throws {
            server = try Server(options, binary: binary, workers: workers, spread: spread)
            do {
                meeting = try Meeting(server, loop: loop)
                try meeting.open("comparison")
                try meeting.subscribe(options.consumers, room: "comparison")
                sender = try meeting.makeSender(trace)
            } catch {
                server.stop()
                throw error
            }
        }

        /// Keyframe requests, first packets, caches.
        func warm(_ loop: ClientLoop) throws {
            sender.restart(at: now())
            loop.run(seconds: 3, sender: sender)
            if let silent = meeting.consumers.firstIndex(where: { $0.received.packets == 0 }) {
                throw BenchmarkError("subscriber \(silent) received nothing")
            }
        }
    }

    /// - Parameter progress: called with the ratio of each pair of windows.
    func run(against other: String, progress: (_ own: Double, _ other: Double) -> Void) throws -> Result {
        let loop = try ClientLoop()
        // Equal for both, to the last bit.
        let trace = VideoTrace(kilobits: options.kilobits)
        let first = try Side(options.server, options, trace: trace, loop: loop)
        defer { first.server.stop() }
        let second = try Side(other, options, trace: trace, loop: loop)
        defer { second.server.stop() }
        return try run(first, second, loop, progress)
    }

    /// The same build with the room on two workers, half of it on each, and on one.
    func runSpan(progress: (_ own: Double, _ other: Double) -> Void) throws -> Result {
        let loop = try ClientLoop()
        let trace = VideoTrace(kilobits: options.kilobits)
        let spread = max(1, (options.consumers + 1) / 2)
        let two = try Side(options.server, options, workers: 2, spread: spread, trace: trace, loop: loop)
        defer { two.server.stop() }
        let one = try Side(options.server, options, workers: 1, spread: spread, trace: trace, loop: loop)
        defer { one.server.stop() }
        return try run(two, one, loop, progress)
    }

    private func run(
        _ first: Side, _ second: Side, _ loop: ClientLoop, _ progress: (_ own: Double, _ other: Double) -> Void
    ) throws -> Result {
        try first.warm(loop)
        try second.warm(loop)
        let windows = ForwardingBenchmark(options: options)
        var result = Result(own: [], other: [], forged: 0)
        for _ in 0..<options.rounds {
            let own = try windows.measure(first.server.process, first.sender, loop) { first.meeting.received }
            let other = try windows.measure(second.server.process, second.sender, loop) { second.meeting.received }
            result.own.append(own)
            result.other.append(other)
            progress(own.cost, other.cost)
        }
        for side in [first, second] {
            let checkers = side.meeting.consumers.compactMap(\.checker)
            guard checkers.contains(where: { $0.authentic > 0 }) else {
                throw BenchmarkError("nothing that \(side.server.process.pid) sent was decrypted")
            }
            result.forged += checkers.reduce(0) { $0 + $1.forged }
        }
        return result
    }
}
