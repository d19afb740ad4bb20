/// What was measured of this server beside another.
extension Report {
    func begin(versus other: String) {
        say(
            "versus \(other) (µs: processor time of the server's process for a packet that arrived; both on the same core, through"
                + " the same veth pair)")
        say(
            "  " + column("", 40)
                + ["µs", "pkt/s", "server %", "gen. %", "p50 ms", "p99 ms", "lost"].map { column($0, 9, right: true) }
                .joined())
    }

    func add(versus name: String, _ window: VersusBenchmark.Window) {
        let cells = [
            decimal(window.cost, 2), decimal(window.packetsPerSecond, 0), decimal(window.serverPercent, 1),
            decimal(window.generatorPercent, 1), decimal(window.latencyP50, 2), decimal(window.latencyP99, 2),
            "\(window.lost)",
        ]
        say("  " + column(name, 40) + cells.map { column($0, 9, right: true) }.joined())
    }

    mutating func add(versus row: VersusBenchmark.Row) {
        let name = row.scenario.name
        for reason in row.unmeasured { miss("\(name): a round could not be measured: \(reason)") }
        guard !row.own.isEmpty else { return }
        let spread = row.spread
        keep(.versus, "\(name): one packet", median(row.own.map(\.cost)), "µs", bound: median(row.janus.map(\.cost)))
        say(
            "  \(name): Janus \(decimal(median(row.janus.map(\.cost)), 2)) µs"
                + " (\(row.eventLoops == 0 ? "a thread a connection" : "\(row.eventLoops) event loops"),"
                + " \(row.janus.first?.profile ?? "")), Switchyard \(decimal(median(row.own.map(\.cost)), 2)) µs"
                + " (\(row.own.first?.profile ?? ""))"
                + (row.easing.isEmpty ? "" : ", both at \(row.easing) for lack of a core's time"))
        judge(
            .versus,
            "\(name): times Janus's processor time (from \(decimal(spread.least, 2)) to \(decimal(spread.most, 2)))",
            row.ratio, .atLeast(thresholds.versusJanus[row.scenario.goal] ?? .infinity), 2)
        judge(
            .versus, "\(name): packets that we lost", Double(row.own.reduce(0) { $0 + $1.lost }), .atMost(0), 0)
        judge(
            .versus, "\(name): packets of ours doubled, out of order or corrupt",
            Double(row.own.reduce(0) { $0 + $1.faults }), .atMost(0), 0)
        if (row.own + row.janus).contains(where: \.isOverloaded) {
            say("  a core was at its limit, or Janus lost packets: the ratio of \(name) says less than it should")
        }
    }
}
