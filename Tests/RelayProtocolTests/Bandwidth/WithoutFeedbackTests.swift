import RelayProtocol
import Testing

/// Peers that have not negotiated transport-wide feedback.
struct WithoutFeedbackTests {
    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    private func receiverEstimate(_ bitsPerSecond: UInt64, _ body: (ReceiverEstimate) -> Void) {
        var exponent: UInt32 = 0
        var mantissa = bitsPerSecond
        while mantissa > 0x3_ffff {
            mantissa >>= 1
            exponent += 1
        }
        let rate = exponent << 18 | UInt32(mantissa)
        let bytes: [UInt8] = [
            0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0x52, 0x45, 0x4d, 0x42, 1, UInt8(rate >> 16),
            UInt8(rate >> 8 & 0xff), UInt8(rate & 0xff), 0, 0, 0, 9,
        ]
        readRTCP(bytes) { packet in
            if case .receiverEstimate(let estimate) = packet { body(estimate) }
        }
    }

    @Test func receiverEstimatesOfAllTransportsAddUp() {
        let estimator = BandwidthEstimator()
        let first = estimator.addPath(givesFeedback: false, at: at(0))
        let second = estimator.addPath(givesFeedback: false, at: at(0))
        receiverEstimate(1_000_000) { estimator.received($0, over: first, at: at(100)) }
        receiverEstimate(2_000_000) { estimator.received($0, over: second, at: at(100)) }
        #expect((2_990...3_000).contains(estimator.estimate.kilobitsPerSecond))
        receiverEstimate(200_000) { estimator.received($0, over: first, at: at(200)) }
        #expect((2_190...2_200).contains(estimator.estimate.kilobitsPerSecond))
        estimator.remove(second)
        estimator.poll(at: at(300))
        #expect((199...200).contains(estimator.estimate.kilobitsPerSecond))
        #expect(estimator.nextProbe(at: at(300)) == nil)
    }

    /// Whose path nothing will tell of is not choked.
    @Test func whoGivesNoFeedbackBeginsHigh() {
        let estimator = BandwidthEstimator()
        _ = estimator.addPath(givesFeedback: false, at: at(0))
        #expect(estimator.estimate == .megabitsPerSecond(4))
        #expect(estimator.pacingRate >= .megabitsPerSecond(8))
        // Beside a transport that does, that one is what there is to go by.
        _ = estimator.addPath(givesFeedback: true, at: at(0))
        estimator.poll(at: at(20))
        #expect(estimator.estimate <= .megabitsPerSecond(4))
    }

    /// Negotiated, and never sent: after five seconds of media loss decides here, too.
    @Test func promisedFeedbackIsNotWaitedForForEver() {
        let estimator = BandwidthEstimator()
        let path = estimator.addPath(givesFeedback: true, at: at(0))
        #expect(estimator.estimate == .megabitsPerSecond(1))
        for now in Int64(0)..<600 {
            path.sent.record(UInt16(truncatingIfNeeded: now), bytes: 1_000, at: at(now * 10))
            estimator.poll(at: at(now * 10))
            if now == 490 { #expect(estimator.estimate == .megabitsPerSecond(1)) }
        }
        #expect(estimator.estimate == .megabitsPerSecond(4))
    }

    @Test func reportedLossLowersAndItsAbsenceRaises() {
        let estimator = BandwidthEstimator()
        let path = estimator.addPath(givesFeedback: false, at: at(0))
        var now: Int64 = 0
        func run(seconds: Int64, lost: Int) {
            for _ in 0..<seconds * 10 {
                now += 100
                for packet in 0..<100 { path.sent.record(UInt16(packet), bytes: 1_000, at: at(now)) }
                if now % 1_000 == 0 {
                    estimator.received(reportedPackets: 80, lost: lost, roundTrip: .milliseconds(50), at: at(now))
                }
                estimator.poll(at: at(now))
            }
        }
        let start = estimator.estimate
        run(seconds: 10, lost: 0)
        let raised = estimator.estimate
        #expect(raised > start * 1.5)
        run(seconds: 5, lost: 4)
        #expect(estimator.estimate == raised)
        run(seconds: 5, lost: 20)
        #expect(estimator.estimate < raised * 0.6)
    }

    /// Over a network that takes `capacity` packets of 1,000 bytes a second: audio, and video while the estimate allows it.
    private func tries(capacity: Int, seconds: Int64) -> (begins: [Int64], sent: Int, estimator: BandwidthEstimator) {
        var settings = BandwidthEstimator.Settings()
        settings.startWithoutFeedback = .kilobitsPerSecond(60)
        let estimator = BandwidthEstimator(settings)
        let path = estimator.addPath(givesFeedback: false, at: at(0))
        estimator.wanted = .kilobitsPerSecond(200)
        var (begins, isSending, sent) = ([Int64](), false, 0)
        var packets = 0
        for now in stride(from: Int64(0), to: seconds * 1_000, by: 20) {
            path.sent.record(0, bytes: 100, at: at(now))
            packets += 1
            let mayBegin = estimator.estimate > .kilobitsPerSecond(isSending ? 190 : 215)
            if mayBegin, !isSending { begins.append(now / 1_000) }
            isSending = mayBegin
            if isSending, now % 40 == 0 {
                path.sent.record(0, bytes: 750, at: at(now))
                packets += 1
                sent += 750
            }
            if now % 1_000 == 0 {
                estimator.received(
                    reportedPackets: packets, lost: max(packets - capacity, 0), roundTrip: .milliseconds(50),
                    at: at(now))
                packets = 0
            }
            estimator.poll(at: at(now))
        }
        return (begins, sent, estimator)
    }

    /// 60 kbit/s, with audio at 40: one and a half times that would never be enough.
    @Test func whatWasHeldBackIsTriedAgainAfterSomeSeconds() {
        let found = tries(capacity: 1_000, seconds: 60)
        #expect(found.begins.count == 1)
        #expect((2...20).contains(found.begins.first ?? 0))
        #expect(found.sent > 40 * 25 * 750)
        #expect(found.estimator.estimate <= .kilobitsPerSecond(300), "no more than is wanted, and some room")
    }

    @Test func whatFailsIsTriedLessAndLessOften() {
        // Audio alone is 50 packets a second, video 25 more.
        let found = tries(capacity: 55, seconds: 600)
        #expect((3...15).contains(found.begins.count))
        let pauses = zip(found.begins, found.begins.dropFirst()).map { $1 - $0 }
        #expect((pauses.last ?? 0) >= 50)
        #expect((pauses.first ?? .max) < (pauses.last ?? 0))
    }

    @Test func nothingIsTriedWhileLossGoesOnOrNobodyReports() {
        let estimator = BandwidthEstimator(
            {
                var settings = BandwidthEstimator.Settings()
                settings.startWithoutFeedback = .kilobitsPerSecond(100)
                return settings
            }())
        let path = estimator.addPath(givesFeedback: false, at: at(0))
        estimator.wanted = .megabitsPerSecond(1)
        var estimates: [DataRate] = []
        for now in stride(from: Int64(0), to: 20_000, by: 20) {
            path.sent.record(0, bytes: 200, at: at(now))
            if now < 10_000, now % 1_000 == 0 {
                estimator.received(reportedPackets: 50, lost: 3, roundTrip: nil, at: at(now))
            }
            estimator.poll(at: at(now))
            estimates.append(estimator.estimate)
        }
        #expect(estimates[500] == .kilobitsPerSecond(100))
        #expect(estimates[700] > .kilobitsPerSecond(100), "the latest report is young enough")
        #expect(estimates[999] == estimates[710])
    }
}
