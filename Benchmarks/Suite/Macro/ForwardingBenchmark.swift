import Foundation
import Load

/// One publisher to many subscribers: the server's processor time for a forwarded packet beside the machine's bound.
struct ForwardingBenchmark {
    struct Window {
        /// Nanoseconds of processor time for one packet sent out.
        var cost: Double
        var packets: UInt64
        var lost: Int64
        var averageBytes: Double
        /// Packets that one segmentation run carried.
        var runLength: Double
    }

    struct Result {
        var server: [Window]
        var bound: [Window]
        var authentic: Int
        var forged: Int

        var ratio: Ratio { Ratio(server.map(\.cost), to: bound.map(\.cost)) }
    }

    let options: Options

    func run() throws -> Result {
        let loop = try ClientLoop()
        let server = try Server(options)
        defer { server.stop() }
        let trace = VideoTrace(kilobits: options.kilobits)
        let bound = try Bound(options, trace: trace, loop: loop)
        defer { bound.process.stop() }
        let meeting = try Meeting(server, loop: loop)
        try meeting.open("forwarding")
        try meeting.subscribe(options.consumers, room: "forwarding")
        let sender = try meeting.makeSender(trace)

        // Keyframe requests, first packets, caches.
        sender.restart(at: now())
        loop.run(seconds: 3, sender: sender)
        if let silent = meeting.consumers.firstIndex(where: { $0.received.packets == 0 }) {
            throw BenchmarkError("subscriber \(silent) received nothing")
        }
        bound.sender.restart(at: now())
        loop.run(seconds: 1, sender: bound.sender)

        var result = Result(server: [], bound: [], authentic: 0, forged: 0)
        for _ in 0..<options.rounds {
            result.server.append(try measure(server.process, sender, loop) { meeting.received })
            result.bound.append(try measure(bound.process, bound.sender, loop) { bound.received })
        }
        for checker in meeting.consumers.compactMap(\.checker) + bound.receivers.map(\.checker) {
            result.authentic += checker.authentic
            result.forged += checker.forged
        }
        return result
    }

    /// The bound by itself, for looking at the machine.
    func runBound() throws -> [Window] {
        let loop = try ClientLoop()
        let bound = try Bound(options, trace: VideoTrace(kilobits: options.kilobits), loop: loop)
        defer { bound.process.stop() }
        bound.sender.restart(at: now())
        loop.run(seconds: 1, sender: bound.sender)
        let windows = try (0..<options.rounds).map { _ in
            try measure(bound.process, bound.sender, loop) { bound.received }
        }
        guard bound.receivers.allSatisfy({ $0.checker.authentic > 0 && $0.checker.forged == 0 }) else {
            throw BenchmarkError("what the bound sends does not decrypt")
        }
        return windows
    }

    func measure(
        _ process: ChildProcess, _ sender: VideoSender, _ loop: ClientLoop, _ received: () -> Received
    ) throws -> Window {
        loop.run(seconds: 0.2)
        let before = (time: try process.processorTime, received: received(), sent: sender.packetsSent)
        sender.restart(at: now())
        loop.run(seconds: Double(options.seconds), sender: sender)
        // What is under way still counts.
        loop.run(seconds: 0.1)
        let spent = try process.processorTime - before.time
        let got = received() - before.received
        let expected = Int64(sender.packetsSent - before.sent) * Int64(options.consumers)
        guard got.packets > 0 else { throw BenchmarkError("nothing was received in a window of \(options.seconds) s") }
        return Window(
            cost: Double(spent) / Double(got.packets), packets: got.packets, lost: expected - Int64(got.packets),
            averageBytes: Double(got.bytes) / Double(got.packets),
            runLength: Double(got.packets) / Double(max(1, got.deliveries)))
    }
}
