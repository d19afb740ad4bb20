import RelayProtocol
import Testing

@Suite struct RecurrenceTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: 5_000_000 + milliseconds * 1_000) }

    @Test func isDueOnceAPeriodHoweverOftenSomebodyAsks() {
        var recurrence = Recurrence(every: .milliseconds(100))
        let due = (0..<1_000).filter { recurrence.isDue(at: at(Int64($0))) }
        #expect(due == Array(stride(from: 0, to: 1_000, by: 100)))
    }

    @Test func keepsItsPaceWhereItIsAskedLate() {
        var recurrence = Recurrence(every: .milliseconds(100))
        let due = stride(from: 0, to: 3_000, by: 15).filter { recurrence.isDue(at: at(Int64($0))) }
        #expect(due.count == 30)
    }

    @Test func whatWasMissedIsNotMadeUpFor() {
        var recurrence = Recurrence(every: .milliseconds(100))
        let due = [0, 950, 951, 1_049, 1_050].filter { recurrence.isDue(at: at($0)) }
        #expect(due == [0, 950, 1_050])
    }
}
