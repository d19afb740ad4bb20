import Foundation
import Load

/// Runs the benchmarks that the command line names; 0: every threshold was kept, 1: one was missed, 2: it could not be measured.
@MainActor func runBenchmarks(_ arguments: [String]) async -> Int32 {
    if arguments.contains("--help") {
        print(Options.help)
        return 0
    }
    signal(SIGPIPE, SIG_IGN)
    do {
        if arguments == [MixingBenchmark.countingArgument] {
            try MixingBenchmark.count()
            return 0
        }
        let options = try Options(arguments)
        let earlier = try options.compare.map { try Findings(file: $0) }
        var report = Report(try Thresholds(file: options.thresholds))
        if let other = options.against {
            Processors.keepOffServerCore()
            report.begin(comparison: other, consumers: options.consumers)
            let result = try ComparisonBenchmark(options: options).run(against: other) { report.add(pair: $0, $1) }
            report.add(comparison: result)
        } else {
            try await run(options, &report)
        }
        if let file = options.json { try report.findings.write(file) }
        if let earlier { report.compare(with: earlier) }
        for failure in report.failures { print("missed: \(failure)") }
        return report.failures.isEmpty ? 0 : 1
    } catch {
        FileHandle.standardError.write(Data("switchyard-bench: \(error)\n".utf8))
        return 2
    }
}

@MainActor func run(_ options: Options, _ report: inout Report) async throws {
    let suites = options.suites
    if suites.contains(.micro) {
        let micro = MicroBenchmark(options: options, thresholds: report.thresholds)
        try await micro.run { group, rows in report.add(micro: group, rows) }
    }
    if suites.contains(.mixing) {
        report.add(mixing: try MixingBenchmark(options: options, thresholds: report.thresholds).run())
    }
    Processors.keepOffServerCore()
    if suites.contains(.bound) { report.add(bound: try ForwardingBenchmark(options: options).runBound()) }
    if suites.contains(.forwarding) {
        for consumers in options.consumerCounts {
            let result = try ForwardingBenchmark(options: options.with(consumers: consumers)).run()
            report.add(forwarding: result, consumers: consumers)
        }
    }
    if suites.contains(.span) {
        report.beginSpan(consumers: options.spanning.consumers)
        report.add(span: try ComparisonBenchmark(options: options.spanning).runSpan { report.add(pair: $0, $1) })
    }
    if suites.contains(.allocations) { report.add(allocations: try AllocationBenchmark(options: options).run()) }
    if suites.contains(.memory) { report.add(memory: try MemoryBenchmark(options: options).run()) }
    if suites.contains(.joins) { report.add(joins: try JoinBenchmark(options: options).run()) }
    if suites.contains(.versus) { try runVersus(options, &report) }
    if suites.contains(.storm) { report.add(storm: try StormBenchmark(options: options).run()) }
    if suites.contains(.macro) {
        let scenarios = Scenario.all.filter { options.only.isEmpty || $0.name.contains(options.only) }
        guard !scenarios.isEmpty else { throw BenchmarkError("no scenario of macro is called \(options.only)") }
        report.beginMacro()
        for scenario in scenarios {
            do {
                report.add(macro: try MacroBenchmark(options: options).run(scenario))
            } catch {
                // The others may well be measured.
                if LoadRun.wasInterrupted { throw error }
                report.miss("\(scenario.name) could not be measured: \(error)")
            }
        }
    }
}

@MainActor func runVersus(_ options: Options, _ report: inout Report) throws {
    let path = try NetworkPath(steering: options.steersReceivers)
    defer { path.remove() }
    report.begin(versus: "Janus")
    for scenario in options.scenarios.isEmpty ? VersusScenario.all : options.scenarios {
        let row = try VersusBenchmark(options: options, path: path).run(scenario) { [report] who, window in
            report.add(versus: "\(scenario.name): \(who)", window)
        }
        report.add(versus: row)
    }
}

exit(await runBenchmarks(Array(CommandLine.arguments.dropFirst())))
