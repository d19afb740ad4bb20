import Foundation

/// What the command line asked for.
struct Options {
    var server = Options.beside("switchyard")
    var bound = Options.beside("forwarding-bound")
    var mallocCounter = Options.beside("libmalloc-counter.so")
    /// Another build of the server.
    var against: String?
    var thresholds = "Benchmarks/thresholds.json"
    /// Recorded session descriptions.
    var fixtures = "Tests/Fixtures/sdp"
    /// Where everything that was measured is written, and what an earlier run wrote.
    var json: String?
    var compare: String?
    /// Another server that the same scenarios are given to.
    var versus: String?
    /// Those of them that were named; empty: all.
    var scenarios: [VersusScenario] = []
    /// Only the parts of micro and the scenarios of macro whose names contain it.
    var only = ""
    /// Of the one producer; nil: 50, and 200.
    private var givenConsumers: Int?
    var consumers: Int { givenConsumers ?? 50 }
    var consumerCounts: [Int] { givenConsumers.map { [$0] } ?? [50, 200] }
    /// Of one window, and how many; nil: what suits the suite.
    private var givenSeconds: Int?
    private var givenRounds: Int?
    // Two builds differ by little, and the machine's speed wanders within seconds: many short windows tell more.
    var seconds: Int { givenSeconds ?? (against == nil ? 6 : 2) }
    var rounds: Int { givenRounds ?? (against == nil ? 3 : 15) }
    var kilobits = 2_000
    var idleConsumers = 500
    var joins = 500
    var steersReceivers = true
    var suites = Set(Suite.allCases).subtracting([.bound, .versus])

    enum Suite: String, CaseIterable {
        case micro, mixing, bound, forwarding, span, allocations, memory, joins, storm, macro, versus
    }

    static let help = """
        usage: switchyard-bench [options] [micro] [mixing] [bound] [forwarding] [span] [allocations] [memory] [joins] [storm]
               [macro]
        Measures a release build of the server on loopback, beside the machine's bound, and holds the result against
        thresholds; the exit code is 1 where one is missed. Without names everything is measured (the bound is part of
        forwarding; alone it shows what the machine can do). span: one room on two workers beside the same on one.
          --server FILE        the switchyard binary (default: beside this program)
          --against FILE       another build of the server: forwarding measures both in turn (A B A B) and prints the ratio
          --versus janus [SCENARIO…]  Debian's Janus and this server in turn (A B A B) under the same scenarios:
                               \(VersusScenario.all.map(\.name).joined(separator: ", "))
          --deliver-on WHO     with --versus, whose processors do the receivers' part of the kernel's work: clients, as if they
                               were other machines (default), or server, which then pays for it in its own system calls
          --bound FILE         the forwarding-bound binary (default: beside this program)
          --malloc-counter FILE  the library that counts allocations (default: beside this program)
          --thresholds FILE    default Benchmarks/thresholds.json
          --fixtures FOLDER    recorded session descriptions (default Tests/Fixtures/sdp)
          --json FILE          writes every figure, with its bound and its threshold
          --compare FILE       what an earlier --json wrote: prints each figure beside the one it had
          --only TEXT          of micro only the parts, of macro only the scenarios whose names contain it
          --consumers N        subscribers of the one producer (default 50 and then 200; for span 200)
          --kbps N             the producer's video bitrate (default 2000)
          --seconds N          one measuring window (default 6; with --against and for span 2)
          --rounds N           windows of each kind, interleaved; the median counts (default 3; with --against and for span 15)
          --idle-consumers N   connections for the memory measurement (default 500)
          --joins N            how many the storm has (default 500)
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        var named: Set<Suite> = []
        while let argument = rest.popFirst() {
            if versus != nil, let scenario = VersusScenario.all.first(where: { $0.name == argument }) {
                scenarios.append(scenario)
                continue
            }
            if let suite = Suite(rawValue: argument), suite != .versus {
                named.insert(suite)
                continue
            }
            guard argument.hasPrefix("--") else { throw BenchmarkError("unknown benchmark \(argument); see --help") }
            guard let value = rest.popFirst() else { throw BenchmarkError("\(argument) needs a value; see --help") }
            switch argument {
            case "--server": server = value
            case "--against": against = value
            case "--versus":
                guard value == "janus" else { throw BenchmarkError("--versus knows janus, not \(value)") }
                versus = value
            case "--deliver-on":
                guard ["clients", "server"].contains(value) else {
                    throw BenchmarkError("--deliver-on takes clients or server, not \(value)")
                }
                steersReceivers = value == "clients"
            case "--bound": bound = value
            case "--malloc-counter": mallocCounter = value
            case "--thresholds": thresholds = value
            case "--fixtures": fixtures = value
            case "--json": json = value
            case "--compare": compare = value
            case "--only": only = value
            case "--consumers": givenConsumers = try Self.number(value, argument, 1...500)
            case "--kbps": kilobits = try Self.number(value, argument, 50...50_000)
            case "--seconds": givenSeconds = try Self.number(value, argument, 1...3_600)
            case "--rounds": givenRounds = try Self.number(value, argument, 1...100)
            case "--idle-consumers": idleConsumers = try Self.number(value, argument, 10...20_000)
            case "--joins": joins = try Self.number(value, argument, 10...5_000)
            default: throw BenchmarkError("unknown option \(argument); see --help")
            }
        }
        if against != nil {
            guard named.isSubset(of: [.forwarding]) else {
                throw BenchmarkError("--against goes with forwarding alone")
            }
            named = [.forwarding]
        }
        if versus != nil {
            guard named.isEmpty, against == nil else {
                throw BenchmarkError("--versus goes with the names of its scenarios alone")
            }
            named = [.versus]
        }
        if !named.isEmpty { suites = named }
    }

    func with(consumers: Int) -> Options {
        var copy = self
        copy.givenConsumers = consumers
        return copy
    }

    /// For two things that are measured in turn: many short windows, unless others were asked for.
    var inTurn: Options {
        var copy = self
        copy.givenSeconds = givenSeconds ?? 2
        copy.givenRounds = givenRounds ?? 15
        return copy
    }

    /// For a room on two workers: as many as make it spread by itself, and more.
    var spanning: Options { inTurn.with(consumers: givenConsumers ?? 200) }

    private static func number(_ text: String, _ name: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw BenchmarkError("\(name) takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    static func beside(_ name: String) -> String {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return own.deletingLastPathComponent().appendingPathComponent(name).path
    }
}
