import RelayProtocol
import TestSupport
import Testing

/// How fast and how closely the estimate finds the capacity of a link. Rates in kbit/s, times in milliseconds.
struct BandwidthConvergenceTests {
    private func subscriber(
        _ conditions: SimulatedLink.Conditions, _ sources: [SimulatedSubscriber.Source] = [.elastic], seed: UInt64 = 1
    ) -> SimulatedSubscriber {
        let subscriber = SimulatedSubscriber(over: SimulatedLink(conditions, seed: seed), seed: seed)
        for source in sources { subscriber.add(source) }
        return subscriber
    }

    @Test(arguments: [(500, 2), (2_000, 2), (5_000, 2), (20_000, 3)] as [(Int64, Int)])
    func findsTheCapacityWithinSeconds(_ capacity: Int64, _ seconds: Int) {
        let subscriber = subscriber(.init(.kilobitsPerSecond(capacity)))
        simulate([subscriber], seconds: 15)
        let whole = Double(capacity)
        #expect((0.8 * whole...1.1 * whole).contains(subscriber.averageEstimate(from: seconds, to: seconds + 1)))
        #expect((0.8 * whole...whole).contains(subscriber.averageEstimate(from: seconds + 1, to: 15)))
        #expect(subscriber.averageSent(from: 10, to: 15) > 0.8 * whole)
        #expect(subscriber.link.queueing95(from: 2, to: 15) < 100)
    }

    @Test(arguments: [5, 150] as [Int64])
    func findsTheCapacityOverShortAndLongPaths(_ delay: Int64) {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(2_000))
        conditions.delay = .milliseconds(delay)
        let subscriber = subscriber(conditions)
        subscriber.returnDelay = .milliseconds(delay)
        simulate([subscriber], seconds: 20)
        #expect((1_600...2_050).contains(subscriber.averageEstimate(from: 5, to: 20)))
        #expect(subscriber.link.queueing95(from: 5, to: 20) < 100)
        let roundTrip = subscriber.estimator.roundTrip.smoothed?.milliseconds ?? 0
        #expect((2 * delay...2 * delay + 60).contains(roundTrip))
    }

    @Test func aSlowLinkIsNotFloodedByTheFirstProbe() {
        let subscriber = subscriber(.init(.kilobitsPerSecond(300)), [.layers([.kilobitsPerSecond(150)])])
        simulate([subscriber], seconds: 10)
        #expect(subscriber.link.dropped == 0)
        #expect(subscriber.link.longestQueueing(from: 0, to: 10) < 250)
        #expect((210...330).contains(subscriber.averageEstimate(from: 2, to: 10)))
    }

    @Test func aDropOfTheCapacityIsFollowedAndTheQueueEmptied() {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(2_000))
        conditions.rates += [
            (.zero + .seconds(15), .kilobitsPerSecond(1_000)), (.zero + .seconds(30), .kilobitsPerSecond(2_000)),
        ]
        let subscriber = subscriber(conditions)
        simulate([subscriber], seconds: 45)
        #expect(subscriber.time(from: 15_000, until: 0...1_000) ?? .max < 1_000)
        #expect(subscriber.highestEstimate(from: 17, to: 20) < 1_100)
        #expect(subscriber.averageEstimate(from: 17, to: 30) > 800)
        #expect(subscriber.link.longestQueueing(from: 17, to: 30) < 150)
        #expect(subscriber.link.queueing95(from: 17, to: 30) < 100)
        #expect(subscriber.time(from: 30_000, until: 1_600...3_000) ?? .max < 8_000)
        #expect((1_600...2_050).contains(subscriber.averageEstimate(from: 38, to: 45)))
    }

    @Test func aDropToASixthIsFollowedAndFullRateComesBack() {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(3_000))
        conditions.rates += [
            (.zero + .seconds(15), .kilobitsPerSecond(500)), (.zero + .seconds(30), .kilobitsPerSecond(3_000)),
        ]
        let layers: [DataRate] = [150, 500, 1_500, 2_500].map { .kilobitsPerSecond($0) }
        for source in [SimulatedSubscriber.Source.layers(layers), .elastic] {
            let subscriber = subscriber(conditions, [source])
            simulate([subscriber], seconds: 45)
            #expect(subscriber.time(from: 15_000, until: 0...500) ?? .max < 1_000)
            #expect(subscriber.link.queueing95(from: 18, to: 30) < 150)
            #expect(subscriber.averageEstimate(from: 20, to: 30) > 400)
            #expect(subscriber.time(from: 30_000, until: 2_400...9_000) ?? .max < 8_000)
        }
    }

    @Test func aCapacityThatComesBackIsFoundWithoutPadding() {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(600))
        conditions.rates += [(.zero + .seconds(10), .kilobitsPerSecond(2_000))]
        let subscriber = subscriber(conditions)
        subscriber.canPad = false
        simulate([subscriber], seconds: 35)
        #expect(subscriber.averageEstimate(from: 30, to: 35) > 1_600)
    }

    @Test func twoSubscribersOfOneLinkShareIt() {
        let link = SimulatedLink(.init(.kilobitsPerSecond(4_000)))
        let first = SimulatedSubscriber(over: link, seed: 1)
        let second = SimulatedSubscriber(over: link, seed: 2)
        first.add(.elastic)
        simulate([first, second], seconds: 120) { millisecond in
            if millisecond == 5_000 { second.add(.elastic, at: .zero + .milliseconds(millisecond)) }
        }
        let shares = [first, second].map { $0.averageEstimate(from: 30, to: 120) }.sorted()
        #expect(shares[1] < 1.5 * shares[0])
        #expect(shares[0] + shares[1] > 3_200)
        #expect(link.queueing95(from: 10, to: 120) < 150)
    }

    @Test func aTransportMoreDoesNotTakeMoreOfTheLink() {
        for count in [2, 10] {
            let subscriber = subscriber(
                .init(.kilobitsPerSecond(4_000)), Array(repeating: SimulatedSubscriber.Source.elastic, count: count))
            simulate([subscriber], seconds: 30)
            #expect((3_200...4_100).contains(subscriber.averageEstimate(from: 5, to: 30)), "\(count)")
            #expect(subscriber.link.queueing95(from: 3, to: 30) < 100)
        }
    }

    @Test func oneOverusedTransportSlowsAllOfItsParticipant() {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(2_000))
        conditions.rates += [(.zero + .seconds(10), .kilobitsPerSecond(800))]
        // The second one sends audio and little else: its delay says as much, and counts for less.
        let subscriber = subscriber(conditions, [.elastic, .constant(.kilobitsPerSecond(20))])
        simulate([subscriber], seconds: 20)
        #expect(subscriber.time(from: 10_000, until: 0...800) ?? .max < 3_000)
        #expect(subscriber.link.queueing95(from: 13, to: 20) < 150)
    }
}
