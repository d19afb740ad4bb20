import RelayProtocol
import Testing

struct SentPacketsTests {
    @Test func growsForWhatIsUnderWayAndNoFarther() {
        let sent = SentPackets()
        for index in 0..<20_000 {
            sent.record(UInt16(truncatingIfNeeded: index), bytes: 1_000, at: .zero + .microseconds(Int64(index) * 10))
        }
        #expect(sent.capacity == SentPackets.maximumCapacity)
        #expect(sent.forgotten == 20_000 - UInt64(SentPackets.maximumCapacity))
        #expect(sent.bytes == 20_000_000)
    }

    @Test func staysSmallWhereReportsNeverCome() {
        let sent = SentPackets()
        for index in 0..<2_000 {
            sent.record(UInt16(truncatingIfNeeded: index), bytes: 100, at: .zero + .milliseconds(Int64(index) * 20))
        }
        #expect(sent.capacity == SentPackets.initialCapacity)
    }
}
