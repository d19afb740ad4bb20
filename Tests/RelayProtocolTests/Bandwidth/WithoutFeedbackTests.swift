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
}
