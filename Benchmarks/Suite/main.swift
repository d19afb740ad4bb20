import Foundation

/// Runs the benchmarks that the command line names; 0: every threshold was kept, 1: one was missed, 2: it could not be measured.
func runBenchmarks(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") {
        print(Options.help)
        return 0
    }
    signal(SIGPIPE, SIG_IGN)
    do {
        let options = try Options(arguments)
        Processors.keepOffServerCore()
        var report = Report(try Thresholds(file: options.thresholds))
        if options.suites.contains(.micro) { report.add(micro: try MicroBenchmark().run()) }
        if options.suites.contains(.bound) { report.add(bound: try ForwardingBenchmark(options: options).runBound()) }
        if let other = options.against {
            report.begin(comparison: other, consumers: options.consumers)
            let result = try ComparisonBenchmark(options: options).run(against: other) { report.add(pair: $0, $1) }
            report.add(comparison: result)
        } else if options.suites.contains(.forwarding) {
            report.add(forwarding: try ForwardingBenchmark(options: options).run(), consumers: options.consumers)
        }
        if options.suites.contains(.allocations) {
            report.add(allocations: try AllocationBenchmark(options: options).run())
        }
        if options.suites.contains(.memory) { report.add(memory: try MemoryBenchmark(options: options).run()) }
        for failure in report.failures { print("missed: \(failure)") }
        return report.failures.isEmpty ? 0 : 1
    } catch {
        FileHandle.standardError.write(Data("switchyard-bench: \(error)\n".utf8))
        return 2
    }
}

exit(runBenchmarks(Array(CommandLine.arguments.dropFirst())))
