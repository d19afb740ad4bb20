import RelayProtocol
import Testing

struct KeyframeRequestsTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    @Test func theFirstIsServedAtOnceAllOthersTogetherAtTheEndOfTheQuiet() {
        var requests = KeyframeRequests()
        let first = requests.request(at: at(0))
        #expect(first)
        for milliseconds in Int64(1)..<500 {
            let sent = requests.request(at: at(milliseconds))
            #expect(!sent)
        }
        #expect(requests.deadline == at(500))
        let early = requests.poll(at: at(499))
        #expect(!early)
        let due = requests.poll(at: at(500))
        #expect(due)
        #expect(requests.sent == 2)
        let again = requests.request(at: at(999))
        #expect(!again)
        #expect(requests.deadline == at(1_000))
    }

    @Test func aKeyframeServesThoseWhoWait() {
        var requests = KeyframeRequests()
        _ = requests.request(at: at(0))
        _ = requests.request(at: at(100))
        requests.keyframeArrived()
        #expect(requests.deadline == nil)
        let after = requests.request(at: at(200))
        #expect(!after)
        #expect(requests.deadline == at(500))
        let due = requests.poll(at: at(500))
        #expect(due)
    }

    @Test func anUnansweredRequestIsRepeatedAFewTimes() {
        var requests = KeyframeRequests()
        _ = requests.request(at: at(0))
        var times: [Int64] = []
        for now in Int64(0)..<20_000 where requests.poll(at: at(now)) { times.append(now) }
        #expect(times == [1_000, 2_000, 3_000, 4_000, 5_000])
        let fresh = requests.request(at: at(20_000))
        #expect(fresh)
        requests.keyframeArrived()
        #expect(requests.deadline == nil)
    }
}

struct SenderReportClockTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    private func block(_ last: UInt32, delay: UInt32) -> ReportBlock {
        ReportBlock(
            ssrc: 1, fractionLost: 0, cumulativeLost: 0, highestSequence: 0, jitter: 0, lastSenderReport: last,
            delaySinceLastSenderReport: delay)
    }

    @Test func theRoundTripIsWhatTheReceiverDidNotHoldBack() {
        var clock = SenderReportClock()
        clock.sent(compactNTPTime: 0xffff_0000, at: at(1_000))
        #expect(clock.roundTrip(of: block(0xffff_0000, delay: 65_536 / 2), at: at(1_580)) == .milliseconds(80))
        #expect(clock.roundTrip(of: block(0xffff_0000, delay: 65_536), at: at(1_990)) == .milliseconds(0))
        #expect(clock.roundTrip(of: block(0xffff_0000, delay: .max), at: at(1_990)) == nil)
        #expect(clock.roundTrip(of: block(0, delay: 0), at: at(1_990)) == nil)
        #expect(clock.roundTrip(of: block(3, delay: 0), at: at(1_990)) == nil)
    }

    @Test func onlyTheLatestReportsCanBeAnswered() {
        var clock = SenderReportClock()
        for number: UInt32 in 1...9 { clock.sent(compactNTPTime: number, at: at(Int64(number) * 100)) }
        #expect(clock.roundTrip(of: block(1, delay: 0), at: at(1_000)) == nil)
        #expect(clock.roundTrip(of: block(2, delay: 0), at: at(1_000)) == .milliseconds(800))
        #expect(clock.roundTrip(of: block(9, delay: 0), at: at(1_000)) == .milliseconds(100))
    }

    @Test func smoothsByAnEighth() {
        var roundTrip = RoundTrip()
        #expect(roundTrip.smoothed == nil)
        roundTrip.add(.milliseconds(80))
        #expect(roundTrip.smoothed == .milliseconds(80))
        roundTrip.add(.milliseconds(160))
        #expect(roundTrip.smoothed == .milliseconds(90))
        #expect(roundTrip.latest == .milliseconds(160))
        #expect(roundTrip.variation == .milliseconds(50))
        roundTrip.add(.milliseconds(-1))
        #expect(roundTrip.latest == .milliseconds(160))
    }
}
