import RelayProtocol
import TestSupport
import Testing

/// The first second, and times at which little or nothing is sent.
struct StartTests {
    /// A first keyframe of 40 KB to a new subscriber, whose path nobody knows: when has all of it arrived?
    private func firstPicture(
        capacity: Int64, roundTrip: Int64 = 50, givesFeedback: Bool = true, audioBefore: Int64 = 0
    ) -> (milliseconds: Int64, subscriber: SimulatedSubscriber) {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(capacity))
        conditions.delay = .milliseconds(roundTrip / 2)
        let subscriber = SimulatedSubscriber(over: SimulatedLink(conditions))
        subscriber.returnDelay = .milliseconds(roundTrip / 2)
        subscriber.add(.constant(.kilobitsPerSecond(800)), givesFeedback: givesFeedback)
        subscriber.sendsVideo = audioBefore == 0
        var complete: Int64?
        simulate([subscriber], seconds: 3) { millisecond in
            if millisecond == audioBefore {
                subscriber.sendsVideo = true
                subscriber.sendKeyframe(bytes: 40_000, at: .zero + .milliseconds(millisecond))
            }
            if complete == nil, subscriber.arrivedVideoBytes >= 40_000 { complete = millisecond - audioBefore }
        }
        return (complete ?? .max, subscriber)
    }

    /// Beside 25 ms on the way.
    @Test(arguments: [0, 50, 400] as [Int64], [true, false])
    func theFirstPictureTakesLittleOverACleanLink(_ audioBefore: Int64, _ givesFeedback: Bool) {
        let first = firstPicture(capacity: 20_000, givesFeedback: givesFeedback, audioBefore: audioBefore)
        #expect(first.milliseconds < 120)
        #expect(first.subscriber.link.dropped == 0)
    }

    @Test func theEstimateIsUpAfterHalfASecond() {
        let first = firstPicture(capacity: 20_000)
        #expect(first.subscriber.estimates[0] >= 1_000)
        #expect(first.subscriber.time(from: 0, until: 3_000...100_000) ?? .max < 300)
        #expect(first.subscriber.time(from: 0, until: 5_000...100_000) ?? .max < 700)
    }

    /// 40 KB are 360 ms at 900 kbit/s; a path so slow is found out before they are through.
    @Test func aSlowLinkGetsItsFirstPictureWithoutLoss() {
        let first = firstPicture(capacity: 900)
        #expect(first.milliseconds < 700)
        #expect(first.subscriber.link.dropped == 0)
        #expect(first.subscriber.averageEstimate(from: 1, to: 3) < 1_000)
    }

    @Test func probesBeginWithTheMediaNotBefore() {
        let subscriber = SimulatedSubscriber(over: SimulatedLink(.init(.megabitsPerSecond(20))))
        subscriber.add(.elastic)
        simulate([subscriber], seconds: 3) { subscriber.isPaused = $0 < 2_000 }
        let first = subscriber.probes.first
        #expect(first.map { $0.at >= .zero + .seconds(2) && $0.at < .zero + .milliseconds(2_050) } ?? false)
        #expect(first?.cluster.rate == .megabitsPerSecond(3))
    }

    /// With nothing but audio yet, nothing can be sent as padding.
    @Test func aProbeThatCouldNotBeSentIsRepeatedSoon() {
        let subscriber = SimulatedSubscriber(over: SimulatedLink(.init(.megabitsPerSecond(20))))
        subscriber.add(.elastic)
        subscriber.sendsVideo = false
        subscriber.canPad = false
        simulate([subscriber], seconds: 4) { millisecond in
            if millisecond == 2_000 {
                subscriber.sendsVideo = true
                subscriber.canPad = true
            }
        }
        #expect(subscriber.probes.count { $0.at < .zero + .seconds(2) } < 6)
        #expect(subscriber.time(from: 2_000, until: 3_000...100_000) ?? .max < 1_200)
    }

    @Test func anEstimateOutlivesAPauseAndIsProbedWhenMoreIsWanted() {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(3_000))
        conditions.rates.append((.zero + .seconds(30), .kilobitsPerSecond(6_000)))
        let subscriber = SimulatedSubscriber(over: SimulatedLink(conditions))
        subscriber.add(.elastic)
        simulate([subscriber], seconds: 60) { millisecond in
            // Audio goes on.
            subscriber.sendsVideo = !(20_000..<50_000).contains(millisecond)
            subscriber.estimator.wanted = (20_000..<40_000).contains(millisecond) ? .kilobitsPerSecond(100) : nil
        }
        let before = subscriber.estimates[19_900]
        #expect(subscriber.lowestEstimate(from: 20, to: 40) > 0.95 * before)
        #expect(subscriber.probes.allSatisfy { !(20_500..<40_000).contains($0.at.microseconds / 1_000) })
        // Padding shows that there is more now, before any video is sent again.
        #expect(subscriber.averageEstimate(from: 47, to: 50) > 4_000)
        #expect(subscriber.link.queueing95(from: 50, to: 60) < 150)
    }

    /// What is wanted is ten times what the link takes, for two minutes.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func aSlowSubscriberIsNotProbedIntoLoss(_ seed: UInt64) {
        var conditions = SimulatedLink.Conditions(.kilobitsPerSecond(300))
        conditions.queue = .milliseconds(200)
        let subscriber = SimulatedSubscriber(over: SimulatedLink(conditions, seed: seed), seed: seed)
        subscriber.add(.elastic)
        subscriber.estimator.wanted = .megabitsPerSecond(3)
        simulate([subscriber], seconds: 120)
        #expect(subscriber.link.dropped(from: 5, to: 120) == 0)
        #expect(subscriber.link.queueing95(from: 10, to: 120) < 120)
        #expect(subscriber.probes.count { $0.at > .zero + .seconds(10) } < 30)
        #expect(subscriber.averageEstimate(from: 10, to: 120) > 240)
    }

    /// A jolt of the delay while there is nothing but audio must not cost the picture its size.
    @Test func overuseWhileLittleIsSentLowersLittle() {
        let subscriber = SimulatedSubscriber(over: SimulatedLink(.init(.kilobitsPerSecond(4_000))))
        subscriber.add(.elastic)
        simulate([subscriber], seconds: 30) { millisecond in
            subscriber.sendsVideo = millisecond < 15_000
            if millisecond == 15_000 { subscriber.estimator.wanted = .kilobitsPerSecond(50) }
            subscriber.link.conditions.delay =
                (20_000..<20_400).contains(millisecond)
                ? .milliseconds(25 + (millisecond - 20_000) / 5) : .milliseconds(25)
        }
        #expect(subscriber.estimates[29_000] > 0.4 * subscriber.estimates[14_900])
    }
}
