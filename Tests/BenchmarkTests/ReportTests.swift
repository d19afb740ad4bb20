import Foundation
import Testing

@testable import switchyard_bench

@Suite struct ReportTests {
    @Test func limitsAreKeptUpToAndIncludingTheirNumber() {
        #expect(Limit.atMost(2).isKept(by: 2))
        #expect(!Limit.atMost(2).isKept(by: 2.001))
        #expect(Limit.atLeast(600).isKept(by: 600))
        #expect(!Limit.atLeast(600).isKept(by: 599))
    }

    @Test func whatCouldNotBeMeasuredKeepsToNothing() {
        #expect(!Limit.atMost(2).isKept(by: .nan))
        #expect(!Limit.atLeast(2).isKept(by: .nan))
    }

    @Test func missedThresholdIsNamedWithItsLimit() throws {
        var report = Report(try Self.thresholds())
        report.judge(.joins, "joins a second and core", 599, .atLeast(600), 0)
        report.judge(.memory, "an idle transport", 20, .atMost(24), 1, " KiB")
        #expect(report.failures == ["joins a second and core: 599, at least 600"])
        #expect(report.findings.figures.map(\.isKept) == [false, true])
    }

    @Test func partFarFromItsBoundFailsTheRun() throws {
        var report = Report(try Self.thresholds())
        report.add(
            micro: "group",
            [
                MicroRow(name: "near", value: 110, bound: 100, limit: .atMost(1.2)),
                MicroRow(name: "far", value: 130, bound: 100, limit: .atMost(1.2)),
                MicroRow(name: "free", value: 900, bound: 100),
            ])
        #expect(report.failures == ["far: ×1.30 of the bound, at most 1.20"])
    }

    @Test func figuresComeBackFromTheirFile() throws {
        var report = Report(try Self.thresholds())
        report.keep(.macro, "one packet", 2.5, "µs", bound: 2)
        report.keep(.macro, "unlimited", 1, "µs", limit: .atLeast(.infinity))
        report.keep(.macro, "nothing", .nan, "µs")
        let file = NSTemporaryDirectory() + "findings-\(UInt32.random(in: .min ... .max)).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try report.findings.write(file)
        let read = try Findings(file: file)
        #expect(read.figures == report.findings.figures)
        #expect(read.figures.first?.ratio == 1.25)
        #expect(read.figures.last?.value == nil)
    }

    private static func window(_ cost: Double) -> VersusBenchmark.Window {
        VersusBenchmark.Window(
            cost: cost, packetsPerSecond: 1_000, serverPercent: 10, generatorPercent: 10, latencyP50: 1, latencyP99: 2,
            lost: 0, faults: 0, profile: "none")
    }

    @Test func roundThatCouldNotBeMeasuredCountsForNeitherAndMisses() throws {
        var row = VersusBenchmark.Row(VersusScenario.all[0], easing: "", eventLoops: 0)
        row.add(janus: Self.window(30), own: Self.window(2))
        row.add(janus: .overwhelmed, own: Self.window(3))
        row.add(janus: Self.window(20), own: .overwhelmed)
        #expect(row.ratio == 15 && row.own.count == 1 && row.unmeasured.count == 2)
        var report = Report(try Self.thresholds())
        report.add(versus: row)
        #expect(report.failures.count == 2 && report.failures.allSatisfy { $0.contains("could not be measured") })
        #expect(report.findings.figures.contains { $0.name.contains("times Janus") && $0.value == 15 })
    }

    @Test func nothingButOverwhelmedRoundsReachNoGoal() throws {
        var row = VersusBenchmark.Row(VersusScenario.all[0], easing: "", eventLoops: 0)
        row.add(janus: .overwhelmed, own: .overwhelmed)
        var report = Report(try Self.thresholds())
        report.add(versus: row)
        #expect(row.ratio.isNaN && report.failures.count == 1 && report.findings.figures.isEmpty)
    }

    @Test func fileThatIsNoReportIsCalledSo() {
        #expect(throws: BenchmarkError.self) { try Findings(file: #filePath) }
        #expect(throws: BenchmarkError.self) { try Findings(file: "/nowhere/at/all") }
    }

    @Test func comparisonSetsRatiosBesideRatios() {
        func figure(_ name: String, _ value: Double, bound: Double? = nil) -> Figure {
            Figure(part: "micro", name: name, value: value, unit: "ns", bound: bound)
        }
        let lines = Report.comparison(
            [figure("a", 100, bound: 50), figure("b", 30), figure("same", 1), figure("new", 1)],
            with: [figure("a", 120, bound: 40), figure("b", 20), figure("same", 1)])
        #expect(
            lines == ["micro: a: ×3.00 of the bound before, ×2.00 now", "micro: b: 20.00 ns before, 30.00 now (150 %)"])
    }

    static func thresholds() throws -> Thresholds {
        let file = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        return try Thresholds(file: file + "/Benchmarks/thresholds.json")
    }
}
