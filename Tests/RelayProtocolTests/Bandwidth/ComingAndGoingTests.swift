import RelayProtocol
import TestSupport
import Testing

/// Those who are watched turn their cameras off, leave, and others come.
struct ComingAndGoingTests {
    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    /// Somebody's audio, over a connection that no transport-wide feedback comes of.
    private func sendAudio(over path: FeedbackPath, _ estimator: BandwidthEstimator, at millisecond: Int64) {
        guard millisecond % 20 == 0 else { return }
        path.sent.count(bytes: 120)
        if millisecond % 1_000 == 0 {
            estimator.received(reportedPackets: 50, lost: 0, roundTrip: .milliseconds(50), at: at(millisecond))
        }
    }

    private func subscriber(_ capacity: Int64 = 3_000) -> SimulatedSubscriber {
        let subscriber = SimulatedSubscriber(over: SimulatedLink(.init(.kilobitsPerSecond(capacity))))
        subscriber.add(.elastic)
        subscriber.estimator.wanted = .megabitsPerSecond(2)
        return subscriber
    }

    /// A camera is off for a minute, and somebody's audio goes on over a connection that never answers.
    @Test func audioThatNobodyReportsAboutIsNoSignOfAChokedPath() {
        let subscriber = subscriber()
        let audio = subscriber.estimator.addPath(givesFeedback: false, at: at(0))
        simulate([subscriber], seconds: 70) { millisecond in
            subscriber.isPaused = millisecond >= 10_000
            if millisecond == 10_000 { subscriber.estimator.wanted = .kilobitsPerSecond(60) }
            sendAudio(over: audio, subscriber.estimator, at: millisecond)
        }
        #expect(subscriber.lowestEstimate(from: 10, to: 70) > 0.9 * subscriber.estimates[9_990])
    }

    /// The last packets of somebody who stops are lost: nothing will ever be told of them.
    @Test func aLostLastPacketIsNotWaitedForForEver() {
        let subscriber = subscriber()
        simulate([subscriber], seconds: 40) { millisecond in
            subscriber.isPaused = millisecond >= 10_000
            subscriber.link.conditions.loss = millisecond >= 9_900 ? 1 : 0
            if millisecond == 10_000 { subscriber.estimator.wanted = .kilobitsPerSecond(60) }
        }
        #expect(subscriber.lowestEstimate(from: 10, to: 40) > 0.6 * subscriber.estimates[9_800])
    }

    @Test func whatIsKnownOfTheNetworkOutlivesTheConnectionThatShowedIt() {
        let subscriber = subscriber()
        let estimator = subscriber.estimator
        let audio = estimator.addPath(givesFeedback: false, at: at(0))
        simulate([subscriber], seconds: 10)
        let before = estimator.estimate
        #expect(before > .megabitsPerSecond(1))
        estimator.remove(subscriber.lines[0].path)
        estimator.wanted = .kilobitsPerSecond(60)
        for millisecond in Int64(10_000)..<70_000 {
            sendAudio(over: audio, estimator, at: millisecond)
            estimator.poll(at: at(millisecond))
        }
        #expect(estimator.estimate == before)
        #expect(estimator.nextProbe(at: at(70_000)) == nil)
        // Loss is told of by receiver reports from now on.
        estimator.received(reportedPackets: 50, lost: 25, roundTrip: nil, at: at(70_000))
        #expect(estimator.estimate < before * 0.8)
        let next = estimator.addPath(givesFeedback: true, at: at(71_000))
        next.sent.record(1, bytes: 1_000, at: at(71_000))
        estimator.poll(at: at(71_000))
        #expect(estimator.estimate >= before * 0.9)
    }

    /// So little is believed in that no video is sent at all; padding finds out that there is more.
    @Test func whoseVideosAreAllHeldBackIsProbed() {
        let subscriber = subscriber()
        simulate([subscriber], seconds: 60) { millisecond in
            // Nothing gets through for six seconds; then nothing but padding is sent.
            subscriber.link.conditions.loss = (10_000..<16_000).contains(millisecond) ? 1 : 0
            subscriber.isPaused = millisecond >= 15_000
        }
        #expect(subscriber.lowestEstimate(from: 10, to: 16) < 500)
        #expect(subscriber.time(from: 16_000, until: 1_500...100_000) ?? .max < 15_000)
    }

    /// The connection over which a camera was seen is gone, with a low estimate; over the new one nothing has been sent yet.
    @Test func aConnectionThatNothingWasSentOverYetIsProbed() throws {
        let subscriber = subscriber()
        simulate([subscriber], seconds: 20) { subscriber.link.conditions.loss = $0 >= 10_000 ? 1 : 0 }
        let estimator = subscriber.estimator
        #expect(estimator.estimate < .kilobitsPerSecond(500))
        estimator.remove(subscriber.lines[0].path)
        let next = estimator.addPath(givesFeedback: true, at: at(20_000))
        var probe: ProbeCluster?
        for millisecond in stride(from: Int64(20_000), to: 30_000, by: 20) where probe == nil {
            estimator.poll(at: at(millisecond))
            probe = estimator.nextProbe(at: at(millisecond))
        }
        let found = try #require(probe)
        #expect(found.path == next.number)
        #expect(found.rate > estimator.estimate)
    }

    /// Audio came first, from somebody without a camera.
    @Test func probesBeginThoughAudioWasThereBefore() {
        let subscriber = SimulatedSubscriber(over: SimulatedLink(.init(.megabitsPerSecond(20))))
        let audio = subscriber.estimator.addPath(givesFeedback: false, at: at(0))
        simulate([subscriber], seconds: 8) { millisecond in
            sendAudio(over: audio, subscriber.estimator, at: millisecond)
            if millisecond == 5_000 { subscriber.add(.elastic, at: at(5_000)) }
        }
        let first = subscriber.probes.first
        #expect(first.map { $0.at >= at(5_000) && $0.at < at(5_100) } ?? false)
        #expect(subscriber.time(from: 5_000, until: 3_000...100_000) ?? .max < 1_000)
    }
}
