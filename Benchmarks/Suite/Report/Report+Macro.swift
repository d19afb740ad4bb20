/// What was measured of a whole server.
extension Report {
    mutating func add(bound windows: [ForwardingBenchmark.Window]) {
        say("the machine's bound (processor time of one packet sent out)")
        for window in windows { say("  \(describe(window))") }
        keep(.bound, "one packet", median(windows.map(\.cost)), "ns")
    }

    private func describe(_ window: ForwardingBenchmark.Window) -> String {
        "\(decimal(window.cost, 0)) ns, \(window.packets) packets of \(decimal(window.averageBytes, 0)) bytes, \(window.lost) lost"
            + ", runs of \(decimal(window.runLength, 1))"
    }

    mutating func add(forwarding result: ForwardingBenchmark.Result, consumers: Int) {
        say("forwarding, one producer to \(consumers) consumers (processor time of one forwarded packet)")
        for (server, bound) in zip(result.server, result.bound) {
            say("  server \(describe(server))")
            say("  bound  \(describe(bound))   ×\(decimal(server.cost / bound.cost, 2))")
        }
        keep(
            .forwarding, "1→\(consumers), one packet", median(result.server.map(\.cost)), "ns",
            bound: median(result.bound.map(\.cost)))
        judge(
            .forwarding, "1→\(consumers), processor time as a multiple of the bound's (medians)", result.ratio.value,
            .atMost(consumers == 200 ? thresholds.forwardingRatioTo200 : thresholds.forwardingRatio), 2)
        judge(
            .forwarding, "1→\(consumers), share of packets lost", Self.lossShare(result.server),
            .atMost(thresholds.lossShare), 5)
        judge(
            .forwarding, "1→\(consumers), sampled packets that did not decrypt, of \(result.authentic + result.forged)",
            Double(result.forged), .atMost(0), 0)
        if result.authentic == 0 { fail("no sampled packet decrypted") }
    }

    func begin(comparison other: String, consumers: Int) {
        say(
            "this build beside \(other), one producer to \(consumers) consumers (processor time of one forwarded packet)"
        )
    }

    func add(pair own: Double, _ other: Double) {
        say("  this \(decimal(own, 0)) ns, other \(decimal(other, 0)) ns   ×\(decimal(own / other, 3))")
    }

    mutating func add(comparison result: ComparisonBenchmark.Result) {
        let ratio = result.ratio
        say(
            "  medians: this \(decimal(median(result.own.map(\.cost)), 0)) ns in runs of"
                + " \(decimal(median(result.own.map(\.runLength)), 1)), other"
                + " \(decimal(median(result.other.map(\.cost)), 0)) ns in runs of"
                + " \(decimal(median(result.other.map(\.runLength)), 1))")
        say(
            "  this build takes \(decimal(ratio.value, 3)) of the other's time"
                + " (\(decimal(ratio.lower, 3)) to \(decimal(ratio.upper, 3)) in the middle half of the pairs)")
        keep(.forwarding, "share of the other build's time", ratio.value, "")
        judge(
            .forwarding, "share of packets lost by this build", Self.lossShare(result.own),
            .atMost(thresholds.lossShare), 5)
        judge(.forwarding, "sampled packets that did not decrypt", Double(result.forged), .atMost(0), 0)
    }

    func beginSpan(consumers: Int) {
        say(
            "one room on two workers (this) beside the same on one (other), one producer to \(consumers) consumers"
                + " (processor time of one forwarded packet)")
    }

    mutating func add(span result: ComparisonBenchmark.Result) {
        let ratio = result.ratio
        say(
            "  \(decimal(ratio.lower, 3)) to \(decimal(ratio.upper, 3)) in the middle half of the pairs;"
                + " runs of \(decimal(median(result.own.map(\.runLength)), 1)) and"
                + " \(decimal(median(result.other.map(\.runLength)), 1))")
        judge(
            .span, "processor time on two workers as a multiple of that on one (medians)", ratio.value,
            .atMost(thresholds.spanRatio), 3)
        judge(
            .span, "share of packets lost on two workers", Self.lossShare(result.own), .atMost(thresholds.lossShare), 5)
        judge(.span, "sampled packets that did not decrypt", Double(result.forged), .atMost(0), 0)
    }

    private static func lossShare(_ windows: [ForwardingBenchmark.Window]) -> Double {
        let sent = windows.reduce(0.0) { $0 + Double($1.packets) + Double($1.lost) }
        return Double(windows.reduce(0) { $0 + $1.lost }) / max(1, sent)
    }

    mutating func add(allocations result: AllocationBenchmark.Result) {
        say("allocations and system calls, at half and at twice the bitrate")
        for window in [result.slow, result.fast] {
            let threads = window.allocations.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map {
                "\($0.key) \($0.value)"
            }
            say("  \(window.packets) packets forwarded: allocations by thread: \(threads.joined(separator: ", "))")
            let calls = window.calls.filter { $0.value != 0 }.sorted { $0.value > $1.value }.map {
                "\($0.key) \($0.value)"
            }
            say("    system calls: \(calls.joined(separator: ", "))")
        }
        judge(
            .allocations, "allocations for a forwarded packet", (result.perPacket * 1_000).rounded() / 1_000,
            .atMost(thresholds.allocationsPerPacket), 3)
        judge(
            .allocations, "system calls for a forwarded packet", result.callsPerPacket,
            .atMost(thresholds.systemCallsPerPacket), 3)
    }

    mutating func add(memory result: MemoryBenchmark.Result) {
        say("memory (\(result.transports) connected consumer transports without media, \(result.kibibytes) KiB in all)")
        say(
            "  connected in \(decimal(result.connectSeconds, 1)) s; idle, the server takes "
                + "\(decimal(result.idleShare * 100, 1)) % of a core")
        judge(
            .memory, "an idle consumer transport", result.perTransport, .atMost(thresholds.idleTransportKibibytes), 1,
            " KiB")
    }

    mutating func add(joins result: JoinBenchmark.Result) {
        say("joins (\(result.perRound) at a time: REST, connectivity checks, DTLS, SRTP)")
        say(
            "  \(result.rates.map { decimal($0, 0) }.joined(separator: ", ")) for each second of the server's processor time"
        )
        judge(
            .joins, "joins a second and core", result.perCoreSecond, .atLeast(thresholds.joinsPerCoreSecond), 0)
    }

    func beginMacro() {
        say(
            "macro (server"
                + (Processors.areApart ? " on a core of its own" : " and generator on the one core there is")
                + "; µs: processor time of a forwarded packet, or seconds for a million)")
        say(
            "  " + column("", 36)
                + ["pkt/s", "µs", "core %", "lost", "p50 ms", "p99 ms", "KiB/tr", "REST p50", "p99 ms", "gen. %"].map {
                    column($0, 9, right: true)
                }.joined())
    }

    mutating func add(macro row: MacroBenchmark.Row) {
        let cells = [
            decimal(row.packetsPerSecond, 0), decimal(row.microsecondsPerPacket, 2), decimal(row.serverPercent, 1),
            "\(row.lost)", decimal(row.latencyP50, 2), decimal(row.latencyP99, 2),
            // The allocator's own coming and going hides what a few connections take.
            row.scenario.transports < 50 ? "–" : decimal(row.kibibytesPerTransport, 1), decimal(row.restP50, 2),
            decimal(row.restP99, 2),
            decimal(row.generatorPercent, 1),
        ]
        let notes = [row.scenario.note, row.isGeneratorAtItsLimit ? "the generator is at its limit" : ""].filter {
            !$0.isEmpty
        }
        say(
            "  " + column(row.scenario.name, 36) + cells.map { column($0, 9, right: true) }.joined()
                + (notes.isEmpty ? "" : "   " + notes.joined(separator: "; ")))
        keepAll(row)
        // Late and lost packets of a generator without time for itself say nothing of the server.
        if row.isGeneratorAtItsLimit { return }
        check(row, "share of packets lost", row.lossShare, .atMost(thresholds.lossShare), 5)
        check(row, "packets doubled, out of order or corrupt", Double(row.faults), .atMost(0), 0)
        check(row, "latency p50, ms", row.latencyP50, .atMost(thresholds.latencyP50Milliseconds), 2)
        check(row, "latency p99, ms", row.latencyP99, .atMost(thresholds.latencyP99Milliseconds), 2)
        let late = [
            row.latencyP50 > thresholds.latencyP50Goal ? "p50" : "",
            row.latencyP99 > thresholds.latencyP99Goal ? "p99" : "",
        ].filter { !$0.isEmpty }
        // What is not reached yet is no step back.
        if !late.isEmpty {
            say(
                "  goal \(row.scenario.name): latency \(late.joined(separator: " and ")) above"
                    + " \(decimal(thresholds.latencyP50Goal, 0)) ms and \(decimal(thresholds.latencyP99Goal, 0)) ms")
        }
    }

    /// Prints only what was missed: the table has the figures.
    private mutating func check(
        _ row: MacroBenchmark.Row, _ name: String, _ value: Double, _ limit: Limit, _ decimals: Int
    ) {
        keep(.macro, "\(row.scenario.name): \(name)", value, "", limit: limit)
        if limit.isKept(by: value) { return }
        miss("\(row.scenario.name): \(name): \(decimal(value, decimals)), \(limit.text(decimals, ""))")
    }

    private mutating func keepAll(_ row: MacroBenchmark.Row) {
        let figures: [(String, Double, String)] = [
            ("packets", row.packetsPerSecond, "1/s"), ("one packet", row.microsecondsPerPacket, "µs"),
            ("server", row.serverPercent, "%"), ("generator", row.generatorPercent, "%"),
            ("worst latency p99", row.worstLatencyP99, "ms"), ("REST p50", row.restP50, "ms"),
            ("REST p99", row.restP99, "ms"), ("join p50", row.joinP50, "ms"), ("join p99", row.joinP99, "ms"),
            ("a transport with its media", row.kibibytesPerTransport, "KiB"),
        ]
        for (name, value, unit) in figures { keep(.macro, "\(row.scenario.name): \(name)", value, unit) }
    }
}
