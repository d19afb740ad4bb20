import Foundation
import Load

extension Report {
    mutating func add(storm result: StormBenchmark.Result) {
        func times(_ histogram: LatencyHistogram) -> String {
            func milliseconds(_ share: Double) -> String {
                histogram.percentile(share).map { String(format: "%.2f", Double($0) / 1_000) } ?? "–"
            }
            return "p50 \(milliseconds(0.5)), p99 \(milliseconds(0.99)), worst "
                + "\(milliseconds(1)) ms of \(histogram.count)"
        }
        let storm = result.storm
        let seconds = Double(storm.ended - storm.callsBegan) / 1_000_000
        say("storm, \(result.joins) at once beside a running room, in \(String(format: "%.2f", seconds)) s")
        say("  REST calls           \(times(storm.calls))")
        say("  handshakes, all in   \(times(storm.handshakes))")
        say("  packets before       \(times(result.before))")
        say("  during the calls     \(times(result.duringCalls))")
        say("  during the handshakes \(times(result.duringHandshakes))")
        say(
            String(
                format: "  the server's processor time of a join: %.0f µs of calls, %.0f µs of ICE and DTLS; "
                    + "the clients' %.0f µs", result.calls / 1_000, result.handshake / 1_000,
                Double(storm.ownTime) / 1_000 / Double(result.joins)))
        judge(
            .storm, "joins a second and core", result.perSecondAndCore, .atLeast(thresholds.joinsPerCoreSecond), 0)
        judge(
            .storm, "latency that the storm adds (p99)", result.addedLatency,
            .atMost(thresholds.stormLatencyMilliseconds), 2, " ms")
        judge(.storm, "packets of the running room that were not right", Double(result.spoilt), .atMost(0), 0)
    }
}
