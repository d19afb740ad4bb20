import RelayProtocol
import TestSupport
import Testing

/// A publisher that understands nothing but REMB, over a simulated link. Rates in kbit/s.
struct ReceiverSideEstimateTests {
    /// Sends what it is told to, 30 frames a second, and hears of it after 50 ms; abs-send-time says when each packet left.
    private struct Publisher {
        let link: SimulatedLink
        var estimate = ReceiverSideEstimate()
        var saysWhenSent = true
        /// Of 2^-18 s: where its clock begins.
        var clock: UInt32 = 0
        var rate = DataRate.kilobitsPerSecond(300)
        var highest = DataRate.megabitsPerSecond(5)
        private(set) var told: [(at: Int64, rate: DataRate)] = []
        private var flow = SimulatedLink.Flow()
        private var arrivals: [Int64: [(sent: Int64, at: Instant, bytes: Int)]] = [:]
        private var commands: [Int64: DataRate] = [:]
        private var expected = 0
        private var received = 0
        private var reportedExpected = 0
        private var reportedReceived = 0

        init(over link: SimulatedLink) { self.link = link }

        mutating func run(from: Int64, to: Int64) {
            for millisecond in from..<to { step(millisecond) }
        }

        private mutating func step(_ millisecond: Int64) {
            let now = Instant.zero + .milliseconds(millisecond)
            if let command = commands.removeValue(forKey: millisecond) { rate = min(command, highest) }
            if millisecond % 33 == 0 {
                let count = max(rate.bytes(in: .milliseconds(33)) / 1_100, 1)
                let bytes = max(rate.bytes(in: .milliseconds(33)) / count, 60)
                for _ in 0..<count {
                    expected += 1
                    guard let arrival = link.send(bytes: bytes, of: &flow, at: now) else { continue }
                    let due = max((arrival.microseconds + 999) / 1_000, millisecond + 1)
                    arrivals[due, default: []].append((now.microseconds, arrival, bytes))
                }
            }
            for arrival in arrivals.removeValue(forKey: millisecond) ?? [] {
                received += 1
                let wire = UInt32(truncatingIfNeeded: arrival.sent << 18 / 1_000_000) &+ clock
                estimate.received(
                    bytes: arrival.bytes, sendTime: saysWhenSent ? wire & 0xff_ffff : nil, at: arrival.at)
            }
            if millisecond % 1_000 == 999 {
                let packets = expected - reportedExpected
                estimate.reported(packets: packets, lost: packets - (received - reportedReceived), at: now)
                reportedExpected = expected
                reportedReceived = received
            }
            if let rate = estimate.poll(at: now) {
                told.append((millisecond, rate))
                commands[millisecond + 50] = rate
            }
        }

        func average(from: Int64, to: Int64) -> Double { link.throughput(from: from, to: to).kilobitsPerSecond }
    }

    private func publisher(
        _ rates: [(Int64, Int64)], _ change: (inout SimulatedLink.Conditions) -> Void = { _ in }
    ) -> Publisher {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(rates[0].1))
        conditions.rates = rates.map { (.zero + .seconds($0.0), .kilobitsPerSecond($0.1)) }
        conditions.queue = .milliseconds(300)
        change(&conditions)
        return Publisher(over: SimulatedLink(conditions))
    }

    /// The 24 bits of the send time wrap every 64 s, wherever the publisher's clock stands.
    @Test(arguments: [0, 0xf0_0000] as [UInt32])
    func findsTheCapacityByTheDelay(_ clock: UInt32) {
        var publisher = publisher([(0, 2_000)])
        publisher.clock = clock
        publisher.run(from: 0, to: 90_000)
        #expect(publisher.average(from: 20, to: 90) > 1_600)
        #expect(publisher.link.queueing95(from: 10, to: 90) < 150)
        #expect(publisher.link.dropped == 0)
    }

    @Test func tellsALowerRateAtOnce() {
        var publisher = publisher([(0, 2_000), (30, 700)])
        publisher.run(from: 0, to: 60_000)
        let lowered = publisher.told.first { $0.at > 30_000 && $0.rate < .kilobitsPerSecond(900) }
        #expect(lowered.map { $0.at < 31_500 } ?? false)
        #expect(publisher.link.queueing95(from: 34, to: 60) < 150)
        #expect(publisher.average(from: 40, to: 60) > 560)
    }

    @Test func saysTheSameNoOftenerThanOnceASecond() {
        var publisher = publisher([(0, 10_000)])
        publisher.highest = .kilobitsPerSecond(600)
        publisher.run(from: 0, to: 20_000)
        #expect((15...21).contains(publisher.told.count))
        #expect(publisher.average(from: 5, to: 20) > 550)
        // Not more than what is known to arrive, and half of that again.
        #expect(publisher.estimate.estimate < .kilobitsPerSecond(1_100))
    }

    @Test func jitterIsNoCongestion() {
        var publisher = publisher([(0, 2_000)]) { $0.jitter = .milliseconds(30) }
        publisher.run(from: 0, to: 60_000)
        #expect(publisher.average(from: 20, to: 60) > 1_400)
    }

    @Test func withoutSendTimesLossDecides() {
        var publisher = publisher([(0, 800)]) { $0.queue = .milliseconds(100) }
        publisher.saysWhenSent = false
        publisher.run(from: 0, to: 60_000)
        #expect((600...805).contains(publisher.average(from: 20, to: 60)))
        let lossless = publisher.told.last?.rate ?? .zero
        #expect(lossless < .kilobitsPerSecond(1_000))
    }

    @Test func nothingIsSaidBeforeAnythingCame() {
        var estimate = ReceiverSideEstimate()
        #expect(estimate.poll(at: .zero) == nil)
        estimate.received(bytes: 1_000, sendTime: nil, at: .zero)
        #expect(estimate.poll(at: .zero) == .megabitsPerSecond(1))
    }

    @Test func sendTimesThatMakeNoSenseDoNoHarm() {
        var estimate = ReceiverSideEstimate()
        var random = SeededRandom(seed: 3)
        for millisecond in Int64(0)..<20_000 {
            estimate.received(
                bytes: 1_000, sendTime: UInt32.random(in: 0...UInt32.max, using: &random),
                at: .zero + .milliseconds(millisecond))
            if let rate = estimate.poll(at: .zero + .milliseconds(millisecond)) {
                #expect(rate >= .kilobitsPerSecond(100) && rate <= .megabitsPerSecond(10))
            }
        }
    }
}
