import Foundation
import Testing

@testable import Load

@Suite struct LoadReportTests {
    /// One of three joined; 5 of 1000 packets lost; p99 9 ms.
    private func report() throws -> LoadReport {
        let text = """
            {"target": "http://127.0.0.1:8080/<x>", "seconds": 2, "participants": {"wanted": 3, "joined": 1, "failed": 2, "left": 0},
             "sent": {"packets": 500, "bytes": 1, "retransmissions": 0, "keyframesAskedFor": 1, "nacked": 0, "feedbackReports": 0, "receiverReports": 0, "dropped": 0,
              "refused": 0},
             "received": {"packets": 995, "bytes": 250000, "lost": 5, "lossPercent": 0.5, "recovered": 0, "superfluous": 0, "duplicated": 0,
              "reordered": 0, "corrupted": 0, "forged": 0, "silentStreams": 0, "dropped": 0, "nacked": 0, "keyframesAskedFor": 0,
              "feedbackReports": 0, "layerChanges": 0},
             "latencyMilliseconds": {"p50": 1, "p95": 2, "p99": 9, "maximum": 12}, "joinTimes": [5, 7.5, 100],
             "generator": {"cpuSeconds": 1, "cpuPercent": 50, "microsecondsPerReceivedPacket": 3}, "pairs": [], "errors": [], "broken": [], "warnings": [],
             "samples": [{"seconds": 1, "joined": 1, "receivedBitsPerSecond": 1e6, "packetsPerSecond": 500, "lossPercent": 0,
              "generatorCPUPercent": 50}]}
            """
        return try JSONDecoder().decode(LoadReport.self, from: Data(text.utf8))
    }

    private func broken(_ arguments: String...) throws -> Int {
        LoadReport.broken(try LoadOptions(arguments: arguments).bounds, try report()).count
    }

    @Test func boundsThatHoldAreSilent() throws {
        #expect(try broken("--max-loss", "0.5", "--max-p99-latency", "9ms", "--min-joined", "33") == 0)
        #expect(try broken() == 0)
    }

    @Test func eachBrokenBoundIsNamed() throws {
        #expect(try broken("--max-loss", "0.4") == 1)
        #expect(try broken("--max-p99-latency", "8ms") == 1)
        #expect(try broken("--min-joined", "34") == 1)
        #expect(try broken("--max-loss", "0", "--max-p99-latency", "1ms", "--min-joined", "100") == 3)
    }

    @Test func nothingReceivedBreaksEveryBoundOnMedia() throws {
        var report = try report()
        report.received.packets = 0
        report.received.lossPercent = 0
        report.latencyMilliseconds = nil
        let bounds = try LoadOptions(arguments: ["--max-loss", "100", "--max-p99-latency", "60s"]).bounds
        #expect(LoadReport.broken(bounds, report).count == 2)
    }

    @Test func theReportSurvivesItsOwnJSON() throws {
        let report = try report()
        let again = try JSONDecoder().decode(LoadReport.self, from: Data(report.json()))
        #expect(again.json() == report.json() && again.samples == report.samples)
    }

    @Test func axesEndAtRoundNumbersAndTellSmallOnesApart() {
        let chart = LoadChart(title: "t", unit: "u")
        let bars = chart.histogram([14, 22, 47])
        for tick in [">10<", ">20<", ">50<"] { #expect(bars.contains(tick), "\(tick)") }
        let small = chart.lines([.init(name: "loss", values: [0, 0.0004])], at: [1, 2])
        #expect(small.contains(">0.0004<") && small.contains("at most 0.0004"))
    }

    @Test func theTableStandsWhereItIsPut() throws {
        let lines = LoadTable.text(try report(), indent: "").split(separator: "\n")
        #expect(lines.allSatisfy { $0.first != " " } && lines[0].hasPrefix("joined"))
    }

    @Test func thePageIsWellFormedAndNeedsNothingElse() throws {
        let page = LoadPage.html(try report())
        let body = page.replacingOccurrences(of: "<!doctype html>", with: "")
        #expect(!page.contains("<script") && !page.contains("src=") && !page.contains("<x>"))
        #expect(page.components(separatedBy: "<svg").count == 6)
        #expect(body.components(separatedBy: "<figure").count == body.components(separatedBy: "</figure>").count)
        #expect(!page.contains("nan"))
    }

    @Test(arguments: [
        (1.5, 2, "1.5"), (0.005, 2, "0.01"), (-0.001, 2, "0"), (12, 0, "12"), (2.05, 2, "2.05"), (-3.25, 1, "-3.3"),
    ])
    func numbersAreShort(value: Double, decimals: Int, text: String) { #expect(value.text(decimals) == text) }

    @Test func theBarFollowsTheProgress() throws {
        let sample = try #require(try report().samples.first)
        #expect(LoadTable.line(sample, progress: 0.5, width: 4).hasPrefix("[##--] 50 %"))
        #expect(LoadTable.line(sample, progress: 2, width: 4).hasPrefix("[####]"))
    }
}
