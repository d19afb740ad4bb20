import Foundation
import Load

/// The server under whole rooms of simulated people, each a socket of its own, every packet checked.
struct MacroBenchmark {
    struct Row {
        var scenario: Scenario
        /// All from the seconds in which everybody was connected and the first keyframes were over.
        var packetsPerSecond: Double
        /// Microseconds of the server's processor time for a packet that arrived: seconds for a million of them.
        var microsecondsPerPacket: Double
        /// Per cent of one core.
        var serverPercent: Double
        var generatorPercent: Double
        /// Milliseconds from the sender's socket to the receiver's: the median second's, and of p99 the worst second's too.
        var latencyP50: Double
        var latencyP99: Double
        var worstLatencyP99: Double
        /// Of the whole run.
        var lost: UInt64
        var lossShare: Double
        var faults: UInt64
        /// Milliseconds.
        var restP50: Double
        var restP99: Double
        var joinP50: Double
        var joinP99: Double
        /// What one connection with all its media adds to the server's private memory.
        var kibibytesPerTransport: Double

        /// More, and it would be the generator that is measured.
        var isGeneratorAtItsLimit: Bool { generatorPercent > 90 }
    }

    let options: Options
    private static let settlingSeconds = 2.0

    func run(_ scenario: Scenario) throws -> Row {
        let server = try Server(options)
        defer { server.stop() }
        var load = scenario.options
        load.givenTarget = "http://127.0.0.1:\(server.port)"
        load.serverPID = server.process.pid
        load.duration = .seconds(options.seconds) + .seconds(5)
        let before = try server.process.privateMemory
        var after = before
        let run: LoadRun
        do {
            run = try LoadRun(load) { _, _ in after = (try? server.process.privateMemory) ?? after }
        } catch {
            throw BenchmarkError("\(scenario.name): \(error)")
        }
        let report = run.run()
        if LoadRun.wasInterrupted { throw BenchmarkError("interrupted") }
        guard report.participants.joined == report.participants.wanted else {
            let why = report.errors.first.map { ": \($0)" } ?? ""
            throw BenchmarkError(
                "\(scenario.name): \(report.participants.joined) of \(report.participants.wanted) joined\(why)")
        }
        return try row(scenario, report, kibibytes: after - before)
    }

    private func row(_ scenario: Scenario, _ report: LoadReport, kibibytes: Int) throws -> Row {
        let present = report.samples.filter { $0.joined == report.participants.wanted }
        let begin = (present.first?.seconds ?? 0) + Self.settlingSeconds
        let steady = present.filter { $0.seconds > begin }
        guard steady.count > 1 else {
            throw BenchmarkError("\(scenario.name): everybody was connected for too short a time; raise --seconds")
        }
        // Samples are all about a second long.
        func mean(_ value: (LoadSample) -> Double) -> Double {
            steady.reduce(0) { $0 + value($1) } / Double(steady.count)
        }
        let packets = mean(\.packetsPerSecond)
        let server = mean { $0.serverCPUPercent ?? .nan }
        return Row(
            scenario: scenario, packetsPerSecond: packets, microsecondsPerPacket: server * 10_000 / packets,
            serverPercent: server, generatorPercent: mean(\.generatorCPUPercent),
            latencyP50: median(steady.map { $0.latencyP50 ?? .nan }),
            latencyP99: median(steady.map { $0.latencyP99 ?? .nan }),
            worstLatencyP99: steady.compactMap(\.latencyP99).max() ?? .nan,
            lost: report.received.lost, lossShare: report.received.lossPercent / 100,
            faults: report.received.duplicated + report.received.reordered + report.received.corrupted
                + report.received.forged + UInt64(report.received.silentStreams),
            restP50: report.restMilliseconds?.p50 ?? .nan, restP99: report.restMilliseconds?.p99 ?? .nan,
            joinP50: report.joinMilliseconds?.p50 ?? .nan, joinP99: report.joinMilliseconds?.p99 ?? .nan,
            kibibytesPerTransport: Double(kibibytes) / Double(scenario.transports))
    }
}
