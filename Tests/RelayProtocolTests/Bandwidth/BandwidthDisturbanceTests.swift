import RelayProtocol
import TestSupport
import Testing

/// What is not congestion, or only looks like it. Rates in kbit/s, times in milliseconds.
struct BandwidthDisturbanceTests {
    private func subscriber(
        capacity: Int64 = 3_000, source: SimulatedSubscriber.Source = .elastic, seed: UInt64 = 1,
        _ change: (inout SimulatedLink.Conditions) -> Void = { _ in }
    ) -> SimulatedSubscriber {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(capacity))
        change(&conditions)
        let subscriber = SimulatedSubscriber(over: SimulatedLink(conditions, seed: seed), seed: seed)
        subscriber.add(source)
        return subscriber
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aLittleRandomLossCostsNothing(_ seed: UInt64) {
        let subscriber = subscriber(seed: seed) { $0.loss = 0.02 }
        simulate([subscriber], seconds: 30)
        #expect(subscriber.averageEstimate(from: 3, to: 30) > 2_400)
        #expect(subscriber.lowestEstimate(from: 3, to: 30) > 1_500)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aTenthLostAtRandomCostsLittle(_ seed: UInt64) {
        let subscriber = subscriber(seed: seed) { $0.loss = 0.1 }
        simulate([subscriber], seconds: 30)
        #expect((2_400...3_000).contains(subscriber.averageEstimate(from: 5, to: 30)))
        #expect(subscriber.lowestEstimate(from: 5, to: 30) > 1_500)
    }

    @Test func thirtyPerCentLossLeavesRoomForAudio() {
        let subscriber = subscriber { $0.loss = 0.3 }
        simulate([subscriber], seconds: 30)
        #expect((100...900).contains(subscriber.averageEstimate(from: 10, to: 30)))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func jitterIsNoCongestion(_ seed: UInt64) {
        let subscriber = subscriber(seed: seed) { $0.jitter = .milliseconds(40) }
        simulate([subscriber], seconds: 30)
        #expect((2_400...3_100).contains(subscriber.averageEstimate(from: 3, to: 30)))
        #expect(subscriber.lowestEstimate(from: 3, to: 30) > 1_800)
    }

    @Test func reorderingIsNoCongestion() {
        let subscriber = subscriber(capacity: 2_000) { $0.reordering = 0.05 }
        simulate([subscriber], seconds: 20)
        #expect((1_600...2_050).contains(subscriber.averageEstimate(from: 3, to: 20)))
    }

    @Test func whoSendsLittleKeepsTheEstimateAndDoesNotInflateIt() {
        let subscriber = subscriber(capacity: 10_000, source: .constant(.kilobitsPerSecond(300)))
        subscriber.canPad = false
        simulate([subscriber], seconds: 30)
        // 340 with audio; it began with 1,000.
        #expect(subscriber.highestEstimate(from: 2, to: 30) <= 1_000)
        #expect(subscriber.lowestEstimate(from: 2, to: 30) >= 1_000)
        #expect(subscriber.estimator.applicationLimit.since == nil || subscriber.averageSent(from: 20, to: 30) < 400)
    }

    @Test func whatIsWantedBoundsTheProbes() {
        let subscriber = subscriber(capacity: 10_000, source: .constant(.kilobitsPerSecond(600)))
        subscriber.estimator.wanted = .kilobitsPerSecond(2_000)
        simulate([subscriber], seconds: 20)
        #expect(subscriber.probes.allSatisfy { $0.cluster.rate <= .kilobitsPerSecond(4_000) })
        #expect(subscriber.averageEstimate(from: 10, to: 20) > 2_000)
        // Satisfied, so there is nothing more to find out.
        #expect(subscriber.probes.allSatisfy { $0.at < .zero + .seconds(5) })
    }

    @Test func withoutFeedbackTheEstimateGoesDownAndComesBack() {
        let subscriber = subscriber(capacity: 2_000)
        simulate([subscriber], seconds: 30) { millisecond in
            subscriber.reportLoss = (10_000..<16_000).contains(millisecond) ? 1 : 0
        }
        let before = subscriber.estimates[9_900]
        #expect(subscriber.estimates[11_000] == subscriber.estimates[10_300])
        #expect(subscriber.estimates[15_900] < 0.4 * before)
        #expect(subscriber.time(from: 16_000, until: 1_500...2_200) ?? .max < 6_000)
    }

    @Test func aThirdOfTheFeedbackMayGetLost() {
        let subscriber = subscriber(capacity: 2_000)
        subscriber.reportLoss = 0.3
        simulate([subscriber], seconds: 30)
        #expect((1_600...2_100).contains(subscriber.averageEstimate(from: 5, to: 30)))
    }

    @Test func sequenceNumbersWrapUnnoticed() {
        let plain = subscriber(capacity: 2_000)
        let wrapping = SimulatedSubscriber(over: SimulatedLink(.init(.kilobitsPerSecond(2_000))))
        wrapping.add(.elastic, sequence: 64_500)
        simulate([plain], seconds: 12)
        simulate([wrapping], seconds: 12)
        #expect(wrapping.lines[0].sequence < 20_000)
        #expect(wrapping.estimates.elementsEqual(plain.estimates) == true)
    }

    /// The reference time's 24 bits are signed; the receiver's clock may stand anywhere.
    @Test(arguments: [1 << 23, 1 << 24] as [Int64])
    func theReferenceTimeWrapsUnnoticed(_ cycle: Int64) {
        let wrapping = subscriber(capacity: 2_000)
        wrapping.clockOffset = .milliseconds(cycle * 64 - 6_400)
        simulate([wrapping], seconds: 12)
        #expect((1_600...2_100).contains(wrapping.averageEstimate(from: 3, to: 12)))
        #expect(wrapping.lowestEstimate(from: 3, to: 12) > 1_400)
    }

    @Test func aReceiverWhoseClockIsSetAnewIsFollowed() {
        let subscriber = subscriber(capacity: 2_000)
        simulate([subscriber], seconds: 20) { millisecond in
            if millisecond == 10_000 { subscriber.clockOffset = .seconds(600) }
        }
        #expect((1_500...2_100).contains(subscriber.averageEstimate(from: 12, to: 20)))
        #expect(subscriber.lowestEstimate(from: 10, to: 20) > 1_000)
    }

    @Test func reportsOfWhatWasNotSentChangeNothing() {
        let estimator = BandwidthEstimator()
        let path = estimator.addPath(givesFeedback: true, at: .zero)
        var random = SeededRandom(seed: 5)
        for round in 0..<2_000 {
            let now = Instant.zero + .milliseconds(Int64(round))
            var body = random.bytes(Int.random(in: 16...80, using: &random))
            body[4] = 0
            body[5] = UInt8.random(in: 1...40, using: &random)
            let padding = (4 - body.count % 4) % 4
            body += [UInt8](repeating: 0, count: padding)
            let bytes = [0x8f, 205, 0, UInt8(body.count / 4)] + body
            readRTCP(bytes) { packet in
                if case .transportFeedback(let report) = packet { estimator.received(report, over: path, at: now) }
            }
        }
        #expect(estimator.estimate == BandwidthEstimator.Settings().start)
    }
}
