import CBench

/// One part of the server by itself, beside the least work that the same can be done with.
struct MicroRow {
    enum Unit: String {
        case nanoseconds = "ns"
        case microseconds = "µs"
        var decimals: Int { self == .nanoseconds ? 0 : 2 }
        var perNanosecond: Double { self == .nanoseconds ? 1 : 0.001 }
    }

    var name: String
    /// In `unit`, the medians of windows that alternated.
    var value: Double
    var bound: Double?
    /// What the bound is.
    var beside = "bare"
    var unit = Unit.nanoseconds
    /// Of the ratio.
    var limit: Limit?
}

/// Measures the parts of the server by themselves.
struct MicroBenchmark {
    let options: Options
    let thresholds: Thresholds

    /// - Parameter found: called with the name of each group and its rows.
    @MainActor func run(found: (String, [MicroRow]) -> Void) async throws {
        var count = 0
        func isWanted(_ name: String) -> Bool {
            guard options.only.isEmpty || name.contains(options.only) else { return false }
            count += 1
            return true
        }
        func group(_ name: String, _ rows: () throws -> [MicroRow]) rethrows {
            if isWanted(name) { found(name, try rows()) }
        }
        try group("SRTP (beside bare OpenSSL in C)") { try SRTPMicro().run() }
        let ciphers = CipherMicro()
        try group("AES-128-GCM by library (\(ciphers.versions); beside OpenSSL's EVP functions)") { try ciphers.run() }
        try group("a header parsed and rewritten (beside memcpy of its bytes)") { try HeaderMicro().run() }
        try group("sending (a datagram; beside bare sendmmsg)") { try SendMicro().run() }
        try group("fan-out (a forwarded packet; beside a C loop that copies, encrypts and sends as much)") {
            try FanOutMicro(limit: .atMost(thresholds.fanOutRatio)).run()
        }
        try group("control thread to worker and back, on one core (beside two eventfds)") {
            try Processors.onServerCore { try MailboxMicro().run() }
        }
        try group("SDP (beside finding and copying its lines in C)") {
            try DescriptionMicro(folder: options.fixtures).run()
        }
        let request = "a REST call but for HTTP and the socket (beside finding and copying the body's strings in C)"
        if isWanted(request) { found(request, try await RequestMicro(folder: options.fixtures).run()) }
        if count == 0, options.suites == [.micro] {
            throw BenchmarkError("no part of micro is called \(options.only)")
        }
    }
}

/// Windows of both in turn, since the machine's speed drifts: the medians.
/// - Parameters: each gives nanoseconds of one, negative where it failed.
func interleaved(
    _ name: String, unit: MicroRow.Unit = .nanoseconds, beside: String = "bare", repetitions: Int = 7,
    limit: Limit? = nil,
    own: () throws -> Double, bound: () throws -> Double
) throws -> MicroRow {
    var owns: [Double] = []
    var bounds: [Double] = []
    for _ in 0..<repetitions {
        owns.append(try own())
        bounds.append(try bound())
    }
    guard owns.allSatisfy({ $0 >= 0 }) else { throw BenchmarkError("\(name) failed") }
    guard bounds.allSatisfy({ $0 >= 0 }) else { throw BenchmarkError("\(name): what it is held against failed") }
    return MicroRow(
        name: name, value: median(owns) * unit.perNanosecond, bound: median(bounds) * unit.perNanosecond,
        beside: beside, unit: unit, limit: limit)
}

/// Nanoseconds of this thread's time for one of `rounds` turns.
func timed(_ rounds: Int, _ body: () throws -> Void) rethrows -> Double {
    let start = cbench_thread_time()
    try body()
    return (cbench_thread_time() - start) / Double(rounds)
}
