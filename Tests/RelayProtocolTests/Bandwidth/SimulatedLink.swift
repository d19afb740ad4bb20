import RelayProtocol
import TestSupport

/// A bottleneck on simulated time: one queue before a link whose rate follows a schedule, then delay, jitter, loss and reordering.
/// The same in every run with the same seed.
final class SimulatedLink {
    struct Conditions {
        /// From each instant on; the first one from the beginning.
        var rates: [(from: Instant, rate: DataRate)]
        /// One way, without queueing.
        var delay = Instant.Span.milliseconds(25)
        /// What finds more than this waiting is dropped.
        var queue = Instant.Span.milliseconds(500)
        /// Added to the delay, evenly spread, in order.
        var jitter = Instant.Span.milliseconds(0)
        /// Of 1, at random.
        var loss = 0.0
        /// Share of packets that come up to 30 ms late, behind others.
        var reordering = 0.0

        init(_ rate: DataRate) { rates = [(.zero, rate)] }
    }

    struct Passed {
        var at: Instant
        var queueing: Instant.Span
        var bytes: Int
    }

    var conditions: Conditions
    private var random: SeededRandom
    private var busyUntil = Instant.zero
    private var lastArrival = Instant.zero
    private(set) var passed: [Passed] = []
    private(set) var dropped = 0

    init(_ conditions: Conditions, seed: UInt64 = 1) {
        self.conditions = conditions
        random = SeededRandom(seed: seed)
    }

    func rate(at now: Instant) -> DataRate {
        conditions.rates.last { $0.from <= now }?.rate ?? conditions.rates[0].rate
    }

    /// When a packet that enters now arrives; nil: never.
    func send(bytes: Int, at now: Instant) -> Instant? {
        let start = max(busyUntil, now)
        guard start - now <= conditions.queue else {
            dropped += 1
            return nil
        }
        busyUntil = start + rate(at: start).span(of: bytes)
        passed.append(Passed(at: now, queueing: start - now, bytes: bytes))
        guard Double.random(in: 0..<1, using: &random) >= conditions.loss else { return nil }
        var arrival = busyUntil + conditions.delay
        if conditions.jitter > .zero {
            arrival = arrival + .microseconds(Int64.random(in: 0...conditions.jitter.microseconds, using: &random))
            arrival = max(arrival, lastArrival)
            lastArrival = arrival
        }
        if conditions.reordering > 0, Double.random(in: 0..<1, using: &random) < conditions.reordering {
            return arrival + .microseconds(Int64.random(in: 1_000...30_000, using: &random))
        }
        return arrival
    }

    /// The queueing delay that 95 % of the packets stayed below.
    func queueing95(from: Int64, to: Int64) -> Int64 {
        let spans = queueing(from: from, to: to).sorted()
        return spans.isEmpty ? 0 : spans[min(spans.count * 95 / 100, spans.count - 1)]
    }

    /// Milliseconds; of packets that entered between seconds `from` and `to`.
    func longestQueueing(from: Int64, to: Int64) -> Int64 { queueing(from: from, to: to).max() ?? 0 }

    func throughput(from: Int64, to: Int64) -> DataRate {
        DataRate(bytes: within(from, to).reduce(0) { $0 + $1.bytes }, over: .seconds(to - from))
    }

    private func queueing(from: Int64, to: Int64) -> [Int64] { within(from, to).map(\.queueing.milliseconds) }

    private func within(_ from: Int64, _ to: Int64) -> ArraySlice<Passed> {
        let start = passed.firstIndex { $0.at >= .zero + .seconds(from) } ?? passed.count
        let end = passed.lastIndex { $0.at < .zero + .seconds(to) }.map { $0 + 1 } ?? passed.count
        return passed[start..<max(start, end)]
    }
}

extension Instant.Span {
    static let zero = Instant.Span.microseconds(0)
}
