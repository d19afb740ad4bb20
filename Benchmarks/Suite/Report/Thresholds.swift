import Foundation

/// What has to be reached; the exit code tells whether it was.
struct Thresholds: Decodable {
    /// Processor time for a forwarded packet, as a multiple of the machine's bound.
    var forwardingRatio: Double
    /// The same where one publisher has two hundred subscribers.
    var forwardingRatioTo200: Double
    /// Processor time of the fan-out by itself, as a multiple of a C loop that does as much.
    var fanOutRatio: Double
    /// Processor time for a forwarded packet where a room spans two workers, as a multiple of that on one.
    var spanRatio: Double
    /// What one forwarded packet adds, rounded to the third decimal.
    var allocationsPerPacket: Double
    var systemCallsPerPacket: Double
    var joinsPerCoreSecond: Double
    /// What a storm of joins may add to the 99th percentile of a packet's latency.
    var stormLatencyMilliseconds: Double
    /// One way, at no more than 70 % of the server's core: what may not be exceeded, and what it should come down to.
    var latencyP50Milliseconds: Double
    var latencyP99Milliseconds: Double
    var latencyP50Goal: Double
    var latencyP99Goal: Double
    var idleTransportKibibytes: Double
    /// Of one core, for mixing a room of twenty of whom three speak.
    var mixingSharePercent: Double
    var mixingAllocationsPerTick: Double
    /// Share of packets that may be lost on loopback.
    var lossShare: Double
    /// How many times our processor time for a packet Janus takes at least, by kind of scenario.
    var versusJanus: [String: Double]

    init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw BenchmarkError("\(file) cannot be read")
        }
        do {
            self = try JSONDecoder().decode(Thresholds.self, from: data)
        } catch {
            throw BenchmarkError("\(file): \(error)")
        }
    }
}
