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
        /// How many packets in a row are lost on average; 1: each by itself. More is a Gilbert-Elliott channel.
        var lossBurst = 1.0
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
    private var isLosing = false
    private(set) var passed: [Passed] = []
    private var drops: [Instant] = []

    init(_ conditions: Conditions, seed: UInt64 = 1) {
        self.conditions = conditions
        random = SeededRandom(seed: seed)
    }

    func rate(at now: Instant) -> DataRate {
        conditions.rates.last { $0.from <= now }?.rate ?? conditions.rates[0].rate
    }

    /// What keeps the packets of one flow in order.
    struct Flow {
        /// Of this flow's path beside the link's own, one way.
        var delay = Instant.Span.zero
        fileprivate var lastArrival = Instant.zero
    }

    /// When a packet that enters now arrives; nil: never.
    func send(bytes: Int, of flow: inout Flow, at now: Instant) -> Instant? {
        let start = max(busyUntil, now)
        guard start - now <= conditions.queue else {
            drops.append(now)
            return nil
        }
        busyUntil = start + rate(at: start).span(of: bytes)
        passed.append(Passed(at: now, queueing: start - now, bytes: bytes))
        guard !isLost() else { return nil }
        var arrival = busyUntil + conditions.delay + flow.delay
        if conditions.jitter > .zero {
            arrival = arrival + .microseconds(Int64.random(in: 0...conditions.jitter.microseconds, using: &random))
            arrival = max(arrival, flow.lastArrival)
            flow.lastArrival = arrival
        }
        if conditions.reordering > 0, Double.random(in: 0..<1, using: &random) < conditions.reordering {
            return arrival + .microseconds(Int64.random(in: 1_000...30_000, using: &random))
        }
        return arrival
    }

    private func isLost() -> Bool {
        let draw = Double.random(in: 0..<1, using: &random)
        guard conditions.lossBurst > 1 else { return draw < conditions.loss }
        let ending = 1 / conditions.lossBurst
        // In the long run `loss` of the time is spent in the state in which everything is lost.
        isLosing = isLosing ? draw >= ending : draw < ending * conditions.loss / (1 - conditions.loss)
        return isLosing
    }

    /// How many found the queue full.
    var dropped: Int { drops.count }

    func dropped(from: Int64, to: Int64) -> Int {
        drops.count { $0 >= .zero + .seconds(from) && $0 < .zero + .seconds(to) }
    }

    /// How long a packet would wait now.
    func waiting(at now: Instant) -> Instant.Span { max(busyUntil - now, .zero) }

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
