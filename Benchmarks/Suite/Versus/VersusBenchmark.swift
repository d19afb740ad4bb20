import Foundation
import Load
import RelayIO

/// This server and another under the same people, in turn, each in a process of its own on the same core.
struct VersusBenchmark {
    /// One server under one scenario for some seconds.
    struct Window {
        /// Microseconds of the server's processor time (all its threads, user and system) for a packet that arrived.
        var cost: Double
        var packetsPerSecond: Double
        /// Per cent of one core.
        var serverPercent: Double
        var generatorPercent: Double
        /// Milliseconds: the median second's p50, the worst second's p99.
        var latencyP50: Double
        var latencyP99: Double
        /// Of the whole run.
        var lost: UInt64
        var faults: UInt64
        var profile: String

        /// What is measured here is a server's work, or a queue.
        var isOverloaded: Bool { serverPercent > 85 || generatorPercent > 88 || lost > 0 }

        /// A server that did not even get everybody in: nothing is known of what a packet costs it.
        static let overwhelmed = Window(
            cost: .infinity, packetsPerSecond: 0, serverPercent: 100, generatorPercent: 0, latencyP50: .infinity,
            latencyP99: .infinity, lost: 0, faults: 0, profile: "none")

        var isMeasured: Bool { cost.isFinite }
    }

    struct Row {
        var scenario: VersusScenario
        /// What both were given instead of the scenario, for lack of a core's time; empty: nothing.
        var easing: String
        var eventLoops: Int
        /// Of rounds in which both were measured, in the order in which they were.
        private(set) var own: [Window] = []
        private(set) var janus: [Window] = []
        /// Who could not be measured, a line for each round.
        private(set) var unmeasured: [String] = []

        init(_ scenario: VersusScenario, easing: String, eventLoops: Int) {
            self.scenario = scenario
            self.easing = easing
            self.eventLoops = eventLoops
        }

        /// Takes a round: what cannot be compared counts for neither.
        mutating func add(janus other: Window, own ours: Window) {
            let overwhelmed = [("Janus", other), ("Switchyard", ours)].filter { !$0.1.isMeasured }.map(\.0)
            guard overwhelmed.isEmpty else {
                unmeasured.append("\(overwhelmed.joined(separator: " and ")) did not get everybody in")
                return
            }
            janus.append(other)
            own.append(ours)
        }

        /// Theirs to ours; NaN where there was no round to compare.
        var ratio: Double { median(janus.map(\.cost)) / median(own.map(\.cost)) }
        /// From the worst to the best pair of neighbours in time.
        var spread: (least: Double, most: Double) {
            let ratios = zip(janus, own).map { $0.cost / $1.cost }
            return (ratios.min() ?? .nan, ratios.max() ?? .nan)
        }
    }

    let options: Options
    let path: NetworkPath

    private enum Opponent {
        case own
        case janus(eventLoops: Int)
    }

    private static let eventLoops = 3

    /// - Parameter progress: told of each window.
    func run(_ scenario: VersusScenario, progress: (String, Window) -> Void) throws -> Row {
        var load = scenario.options
        var easing = ""
        var loops = 0
        // Whichever way of threads serves Janus better here; and a load that both sides carry.
        while true {
            let apart = try measure(load, scenario, .janus(eventLoops: 0))
            progress("Janus, a thread a connection", apart)
            let together = try measure(load, scenario, .janus(eventLoops: Self.eventLoops))
            progress("Janus, \(Self.eventLoops) event loops", together)
            loops = together.cost < apart.cost ? Self.eventLoops : 0
            let better = loops > 0 ? together : apart
            guard better.isOverloaded, let eased = Self.ease(&load) else { break }
            easing = eased
        }
        var row = Row(scenario, easing: easing, eventLoops: loops)
        for _ in 0..<options.rounds {
            let janus = try measure(load, scenario, .janus(eventLoops: loops))
            progress("Janus", janus)
            let own = try measure(load, scenario, .own)
            progress("Switchyard", own)
            row.add(janus: janus, own: own)
        }
        return row
    }

    /// Less of the same; says what, or nil where there is no less.
    private static func ease(_ load: inout LoadOptions) -> String? {
        if load.videoBitrate > 400_000 {
            load.videoBitrate /= 2
            return "\(load.videoBitrate / 1_000) kbit/s"
        }
        guard load.subscribers > 20 else { return nil }
        load.subscribers /= 2
        return "\(load.subscribers) listeners"
    }

    private func measure(_ load: LoadOptions, _ scenario: VersusScenario, _ opponent: Opponent) throws -> Window {
        var load = load
        load.profiles = [.gcm128]
        load.allowed = [path.serverAddress]
        // The handshakes of more at once would be the generator's limit.
        let each = Double(load.meets ? load.publishers : max(1, load.publishers))
        load.joinRate = max(10, 200 / each)
        load.duration = .seconds(options.seconds + (load.publishers > 1 ? 7 : 4))
        switch opponent {
        case .own:
            let key = String(UInt64.random(in: .min ... .max), radix: 16)
            let server = try Server(
                options, environment: ["SWITCHYARD_HTTP_API_KEYS": key], at: path)
            defer { server.stop() }
            load.givenTarget = "http://\(path.serverAddress):\(server.port)"
            load.apiKey = key
            load.serverPID = server.process.pid
            return try measure(load, scenario)
        case .janus(let loops):
            let server = try JanusServer(path, port: UInt16.random(in: 20_000..<30_000), eventLoops: loops)
            defer { server.stop() }
            load.driver = .janus
            load.givenTarget = server.target
            load.serverPID = server.process.pid
            return try measure(load, scenario)
        }
    }

    private func measure(_ load: LoadOptions, _ scenario: VersusScenario) throws -> Window {
        let report: LoadReport
        do {
            report = try LoadRun(load) { _, _ in }.run()
        } catch {
            throw BenchmarkError("\(scenario.name): \(error)")
        }
        if LoadRun.wasInterrupted { throw BenchmarkError("interrupted") }
        let people = report.participants
        guard people.joined == people.wanted else {
            if report.samples.contains(where: { ($0.serverCPUPercent ?? 0) > 85 }) { return .overwhelmed }
            let why = report.errors.first.map { ": \($0)" } ?? ""
            throw BenchmarkError(
                "\(scenario.name), \(load.driver): \(people.joined) of \(people.wanted) joined\(why)")
        }
        // Who watches may be in the room before there is anything to watch: the last seconds show what all of it is.
        let full = median(report.samples.suffix(3).map(\.packetsPerSecond))
        let begin = report.samples.first { $0.joined == people.wanted && $0.packetsPerSecond > 0.9 * full }
        let steady = report.samples.filter { $0.seconds > (begin?.seconds ?? .infinity) + 1.5 }
        guard steady.count >= 2 else {
            if report.samples.contains(where: { ($0.serverCPUPercent ?? 0) > 85 }) { return .overwhelmed }
            throw BenchmarkError("\(scenario.name), \(load.driver): everything ran too late; raise --seconds")
        }
        // Samples are all about a second long.
        func mean(_ value: (LoadSample) -> Double) -> Double {
            steady.reduce(0) { $0 + value($1) } / Double(steady.count)
        }
        let packets = mean(\.packetsPerSecond)
        let server = mean { $0.serverCPUPercent ?? .nan }
        let received = report.received
        return Window(
            cost: server * 10_000 / packets, packetsPerSecond: packets, serverPercent: server,
            generatorPercent: mean(\.generatorCPUPercent), latencyP50: median(steady.compactMap(\.latencyP50)),
            latencyP99: steady.compactMap(\.latencyP99).max() ?? .nan, lost: received.lost,
            faults: received.duplicated + received.reordered + received.corrupted + received.forged
                + UInt64(received.silentStreams),
            profile: report.profile ?? "none")
    }
}
