import RelayProtocol
import Testing

struct ControlBudgetTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    @Test func isAmpleForAWidePath() {
        var budget = ControlBudget()
        func admitsReport(ofPackets count: Int, _ milliseconds: Int64) -> Bool {
            budget.admitsReport(ofPackets: count, at: at(milliseconds))
        }
        func admitsRequest(_ milliseconds: Int64) -> Bool { budget.admitsRequest(at: at(milliseconds)) }
        // 20,000 packets a second, 5 % of them asked for again.
        for turn in Int64(0)..<500 {
            #expect(admitsReport(ofPackets: 400, turn * 20))
            for _ in 0..<20 { #expect(admitsRequest(turn * 20)) }
        }
    }

    @Test func aReportAfterASilenceMayTellOfAllThatIsWaitedForAndNoMore() {
        var budget = ControlBudget()
        func admitsReport(ofPackets count: Int, _ milliseconds: Int64) -> Bool {
            budget.admitsReport(ofPackets: count, at: at(milliseconds))
        }
        #expect(!admitsReport(ofPackets: SentPackets.maximumCapacity + 1, 0))
        #expect(admitsReport(ofPackets: SentPackets.maximumCapacity, 0))
    }

    @Test func aFloodIsReadInPartOnly() {
        var budget = ControlBudget()
        var (packets, reports, requests) = (0, 0, 0)
        for now in Int64(0)..<10_000 {
            for _ in 0..<3 where budget.admitsReport(ofPackets: 8_000, at: at(now)) { packets += 8_000 }
            for _ in 0..<100 where budget.admitsRequest(at: at(now)) { requests += 1 }
        }
        #expect((1_000_000...2_016_384).contains(packets))
        #expect((190_000...201_000).contains(requests))
        budget = ControlBudget()
        for now in Int64(0)..<10_000 {
            for _ in 0..<60 where budget.admitsReport(ofPackets: 1, at: at(now)) { reports += 1 }
        }
        #expect(reports < 70_000)
    }

    @Test func whatWasUsedUpComesBackHoweverShortTheSteps() {
        var budget = ControlBudget()
        func admitsReport(ofPackets count: Int, _ milliseconds: Int64) -> Bool {
            budget.admitsReport(ofPackets: count, at: at(milliseconds))
        }
        while budget.admitsRequest(at: at(0)) {}
        var admitted = 0
        for microseconds in stride(from: Int64(0), through: 10_000, by: 100) {
            if budget.admitsRequest(at: Instant(microseconds: microseconds)) { admitted += 1 }
        }
        #expect((50...200).contains(admitted))
        #expect(admitsReport(ofPackets: 8_192, 3_600_000))
    }
}
