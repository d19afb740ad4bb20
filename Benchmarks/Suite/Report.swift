import Foundation

/// Prints results, and remembers whether one missed its threshold.
struct Report {
    private(set) var failures: [String] = []
    let thresholds: Thresholds

    init(_ thresholds: Thresholds) { self.thresholds = thresholds }

    /// Prints at once, also into a pipe.
    private func print(_ line: String) {
        Swift.print(line)
        fflush(nil)
    }

    private func text(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

    private mutating func judge(_ name: String, _ value: Double, _ limit: Double, _ decimals: Int, _ unit: String) {
        // Not a number fails, too.
        let isGood = value <= limit
        if !isGood {
            failures.append("\(name): \(text(value, decimals))\(unit), at most \(text(limit, decimals))\(unit)")
        }
        print(
            "  \(isGood ? "ok  " : "MISS") \(name): \(text(value, decimals))\(unit) (at most \(text(limit, decimals))\(unit))"
        )
    }

    func add(micro rows: [MicroBenchmark.Row]) {
        print("micro (ns of one, beside bare OpenSSL in C)")
        for row in rows {
            let name = row.name.padding(toLength: 42, withPad: " ", startingAt: 0)
            let comparison = row.raw.map { "  \(text($0, 0)) ns bare  ×\(text(row.nanoseconds / $0, 2))" } ?? ""
            print("  \(name) \(text(row.nanoseconds, 0)) ns\(comparison)")
        }
    }

    func add(bound windows: [ForwardingBenchmark.Window]) {
        print("the machine's bound (processor time of one packet sent out)")
        for window in windows { print("  \(describe(window))") }
    }

    private func describe(_ window: ForwardingBenchmark.Window) -> String {
        "\(text(window.cost, 0)) ns, \(window.packets) packets of \(text(window.averageBytes, 0)) bytes, \(window.lost) lost"
            + ", runs of \(text(window.runLength, 1))"
    }

    mutating func add(forwarding result: ForwardingBenchmark.Result, consumers: Int) {
        print("forwarding, one producer to \(consumers) consumers (processor time of one forwarded packet)")
        for (server, bound) in zip(result.server, result.bound) {
            print("  server \(describe(server))")
            print("  bound  \(describe(bound))   ×\(text(server.cost / bound.cost, 2))")
        }
        judge("processor time as a multiple of the bound's (medians)", result.ratio, thresholds.forwardingRatio, 2, "")
        judge("share of packets lost", Self.lossShare(result.server), thresholds.lossShare, 5, "")
        judge(
            "sampled packets that did not decrypt, of \(result.authentic + result.forged)", Double(result.forged), 0, 0,
            "")
        if result.authentic == 0 { failures.append("no sampled packet decrypted") }
    }

    func begin(comparison other: String, consumers: Int) {
        print(
            "this build beside \(other), one producer to \(consumers) consumers (processor time of one forwarded packet)"
        )
    }

    func add(pair own: Double, _ other: Double) {
        print("  this \(text(own, 0)) ns, other \(text(other, 0)) ns   ×\(text(own / other, 3))")
    }

    mutating func add(comparison result: ComparisonBenchmark.Result) {
        let ratio = result.ratio
        print(
            "  medians: this \(text(median(result.own.map(\.cost)), 0)) ns in runs of"
                + " \(text(median(result.own.map(\.runLength)), 1)), other"
                + " \(text(median(result.other.map(\.cost)), 0)) ns in runs of"
                + " \(text(median(result.other.map(\.runLength)), 1))")
        print(
            "  this build takes \(text(ratio.value, 3)) of the other's time"
                + " (\(text(ratio.lower, 3)) to \(text(ratio.upper, 3)) in the middle half of the pairs)")
        judge("share of packets lost by this build", Self.lossShare(result.own), thresholds.lossShare, 5, "")
        judge("sampled packets that did not decrypt", Double(result.forged), 0, 0, "")
    }

    private static func lossShare(_ windows: [ForwardingBenchmark.Window]) -> Double {
        let sent = windows.reduce(0.0) { $0 + Double($1.packets) + Double($1.lost) }
        return Double(windows.reduce(0) { $0 + $1.lost }) / max(1, sent)
    }

    mutating func add(allocations result: AllocationBenchmark.Result) {
        print("allocations, at half and at twice the bitrate")
        for window in [result.slow, result.fast] {
            let threads = window.allocations.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map {
                "\($0.key) \($0.value)"
            }
            print("  \(window.packets) packets forwarded: \(threads.joined(separator: ", "))")
        }
        judge(
            "allocations for a forwarded packet", (result.perPacket * 1_000).rounded() / 1_000,
            thresholds.allocationsPerPacket, 3, "")
    }

    mutating func add(memory result: MemoryBenchmark.Result) {
        print(
            "memory (\(result.transports) connected consumer transports without media, \(result.kibibytes) KiB in all)")
        judge("an idle consumer transport", result.perTransport, thresholds.idleTransportKibibytes, 1, " KiB")
    }
}
