import RelayProtocol
import TestSupport
import Testing

/// Bad paths of one kind each, at 3 Mbit/s and with a queue of 300 ms: loss at random and in bursts, jitter, distance.
struct BandwidthPathTests {
    private func run(
        capacity: Int64 = 3_000, roundTrip: Int64 = 50, seed: UInt64, _ change: (inout SimulatedLink.Conditions) -> Void
    ) -> SimulatedSubscriber {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(capacity))
        conditions.queue = .milliseconds(300)
        conditions.delay = .milliseconds(roundTrip / 2)
        change(&conditions)
        let subscriber = SimulatedSubscriber(over: SimulatedLink(conditions, seed: seed), seed: seed)
        subscriber.returnDelay = .milliseconds(roundTrip / 2)
        subscriber.add(.elastic)
        simulate([subscriber], seconds: 40)
        return subscriber
    }

    /// Share of the capacity that is used after ten seconds.
    private func utilisation(_ subscriber: SimulatedSubscriber) -> Double {
        Double(subscriber.link.throughput(from: 10, to: 40).bitsPerSecond)
            / Double(subscriber.link.rate(at: .zero).bitsPerSecond)
    }

    @Test(arguments: [1, 2, 3] as [UInt64], [0.01, 0.05, 0.1])
    func randomLoss(_ seed: UInt64, _ loss: Double) {
        let subscriber = run(seed: seed) { $0.loss = loss }
        #expect(utilisation(subscriber) > 0.8)
        #expect(subscriber.link.queueing95(from: 5, to: 40) < 150)
    }

    /// Gilbert-Elliott, four packets in a row on average.
    @Test(arguments: [1, 2, 3] as [UInt64], [0.01, 0.05, 0.1])
    func lossInBursts(_ seed: UInt64, _ loss: Double) {
        let subscriber = run(seed: seed) {
            $0.loss = loss
            $0.lossBurst = 4
        }
        #expect(utilisation(subscriber) > 0.8)
        #expect(subscriber.link.queueing95(from: 5, to: 40) < 150)
    }

    @Test(arguments: [1, 2, 3] as [UInt64], [1_000, 3_000] as [Int64])
    func jitter(_ seed: UInt64, _ capacity: Int64) {
        for jitter in [10, 20, 30, 40] as [Int64] {
            let subscriber = run(capacity: capacity, seed: seed) { $0.jitter = .milliseconds(jitter) }
            #expect(utilisation(subscriber) > 0.8, "\(jitter) ms")
            #expect(subscriber.link.queueing95(from: 5, to: 40) < 150, "\(jitter) ms")
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64], [50, 150, 300] as [Int64])
    func distance(_ seed: UInt64, _ roundTrip: Int64) {
        let subscriber = run(roundTrip: roundTrip, seed: seed) { _ in }
        #expect(utilisation(subscriber) > 0.8)
        #expect(subscriber.link.queueing95(from: 5, to: 40) < 100)
        #expect(subscriber.time(from: 0, until: 2_400...100_000) ?? .max < 2_000)
    }

    /// Whatever the probes may be doing when it happens.
    @Test(arguments: [(3_000, 500), (2_000, 1_000), (5_000, 300)] as [(Int64, Int64)], 0..<5 as Range<Int64>)
    func capacityThatDropsAndReturns(_ rates: (high: Int64, low: Int64), _ phase: Int64) {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(rates.high))
        conditions.queue = .milliseconds(300)
        conditions.rates += [
            (.zero + .seconds(15) + .milliseconds(phase * 230), .kilobitsPerSecond(rates.low)),
            (.zero + .seconds(35), .kilobitsPerSecond(rates.high)),
        ]
        let subscriber = SimulatedSubscriber(over: SimulatedLink(conditions))
        subscriber.add(.elastic)
        simulate([subscriber], seconds: 55)
        let link = subscriber.link
        #expect(subscriber.time(from: Int(15_000 + phase * 230), until: 0...Double(rates.low)) ?? .max < 1_000)
        #expect(link.queueing95(from: 18, to: 35) < 150)
        #expect(link.throughput(from: 25, to: 35) > .kilobitsPerSecond(rates.low) * 0.8)
        #expect(subscriber.time(from: 35_000, until: Double(rates.high) * 0.8...100_000) ?? .max < 10_000)
        #expect(link.throughput(from: 45, to: 55) > .kilobitsPerSecond(rates.high) * 0.8)
    }
}
