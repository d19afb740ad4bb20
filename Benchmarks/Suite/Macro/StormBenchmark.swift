import Foundation
import Load
import RelayIO

/// What a storm of joins costs the server, and what it does to those who are there already.
struct StormBenchmark {
    struct Result {
        var storm: JoinStorm.Result
        var joins: Int
        /// Of the running room, in microseconds.
        var before = LatencyHistogram()
        var duringCalls = LatencyHistogram()
        var duringHandshakes = LatencyHistogram()
        /// Packets of the running room that were not right.
        var spoilt = 0
        /// The server's processor time for one join without that of the running room, in nanoseconds.
        var calls: Double
        var handshake: Double

        var perSecondAndCore: Double { 1e9 / (calls + handshake) }
        /// The 99th percentile during the storm less the median before it, in milliseconds.
        var addedLatency: Double {
            guard let base = before.percentile(0.5) else { return .nan }
            let worst = [duringCalls, duringHandshakes].compactMap { $0.percentile(0.99) }.max()
            return worst.map { max(0, Double($0 - base) / 1_000) } ?? .nan
        }
    }

    let options: Options
    private static let rooms = 10
    private static let probes = 5
    private static let quietSeconds = 5.0

    func run() throws -> Result {
        let server = try Server(options)
        defer { server.stop() }
        let loop = try ClientLoop()
        let meeting = try Meeting(server, loop: loop)
        let rooms = (0..<Self.rooms).map { "storm-\($0)" }
        try meeting.open("running")
        for room in rooms { try meeting.open(room) }
        let probes = try join(meeting, server, loop)
        let sender = try meeting.makeSender(VideoTrace(kilobits: options.kilobits))
        sender.restart(at: now())
        loop.run(seconds: 2, sender: sender)

        let start = (at: now(), time: try server.process.processorTime)
        loop.run(seconds: Self.quietSeconds, sender: sender)
        let rate = Double(try server.process.processorTime - start.time) / Double(now() - start.at)
        let storm = JoinStorm()
        storm.begin(
            options.joins, rooms: rooms, port: server.port, server: ProcessMeter(pid: server.process.pid))
        loop.run(until: now() + 60_000_000, sender: sender) { storm.isFinished }
        return try summarize(storm.result(), probes, mediaRate: rate, from: start.at)
    }

    private func join(_ meeting: Meeting, _ server: Server, _ loop: ClientLoop) throws -> [LatencyProbe] {
        let certificate = try Certificate()
        let probes = try (0..<Self.probes).map { number in
            let user = "probe-\(number)"
            guard let offer = try server.api.join(user, room: "running")["publisher"] else {
                throw BenchmarkError("the server offered no publisher to \(user)")
            }
            let probe = try LatencyProbe(certificate)
            let answer = SessionText.answer(to: offer, probe.connection.local, session: UInt64(number) + 1)
            try server.api.consume(user, room: "running", producer: "publisher", answer: answer)
            try probe.connection.connect(to: SessionText.remote(offer))
            loop.add(probe)
            return probe
        }
        loop.run(until: now() + 10_000_000) { probes.allSatisfy { $0.connection.state == .connected } }
        guard probes.allSatisfy({ $0.connection.state == .connected }) else {
            throw BenchmarkError("a subscriber of the running room did not connect")
        }
        return probes
    }

    private func summarize(
        _ storm: JoinStorm.Result, _ probes: [LatencyProbe], mediaRate: Double, from start: Int64
    ) throws -> Result {
        let calls = storm.handshakesBegan - storm.callsBegan
        let handshakes = storm.ended - storm.handshakesBegan
        func share(_ index: Int, _ microseconds: Int64) -> Double {
            let spent = Double(storm.serverTime[index + 1] - storm.serverTime[index])
            return (spent - mediaRate * Double(microseconds)) / Double(options.joins)
        }
        var result = Result(
            storm: storm, joins: options.joins, calls: share(0, calls), handshake: share(1, handshakes))
        for probe in probes {
            result.spoilt += probe.spoilt
            for sample in probe.samples {
                // A packet belongs to the time at which it was sent.
                switch sample.at - sample.latency {
                case start..<storm.callsBegan: result.before.add(sample.latency)
                case storm.callsBegan..<storm.handshakesBegan: result.duringCalls.add(sample.latency)
                case storm.handshakesBegan..<storm.ended: result.duringHandshakes.add(sample.latency)
                default: break
                }
            }
        }
        return result
    }
}
