import RelayProtocol
import Testing

struct ReceiveStatisticsTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    @Test func countsLossesAcrossTheWrap() {
        var statistics = ReceiveStatistics(ssrc: 9, clockRate: 90_000)
        for sequence in 65_530..<65_546 where sequence % 4 != 0 {
            statistics.received(sequence: UInt16(truncatingIfNeeded: sequence), timestamp: 0, bytes: 100, at: at(0))
        }
        #expect(statistics.extendedHighestSequence == 65_545)
        #expect(statistics.expected == 16)
        #expect(statistics.cumulativeLost == 4)
        let block = statistics.reportBlock(at: at(0))
        #expect(block?.fractionLost == 64)
        #expect(block?.cumulativeLost == 4)
        #expect(block?.highestSequence == 65_545)
    }

    @Test func fractionCountsFromTheReportBefore() {
        var statistics = ReceiveStatistics(ssrc: 9, clockRate: 90_000)
        for sequence: UInt16 in [0, 1, 2, 4] {
            statistics.received(sequence: sequence, timestamp: 0, bytes: 1, at: at(0))
        }
        #expect(statistics.reportBlock(at: at(0))?.fractionLost == 51)
        for sequence: UInt16 in 5..<15 { statistics.received(sequence: sequence, timestamp: 0, bytes: 1, at: at(0)) }
        #expect(statistics.reportBlock(at: at(0))?.fractionLost == 0)
        #expect(statistics.reportBlock(at: at(0))?.fractionLost == 0)
        #expect(statistics.cumulativeLost == 1)
    }

    @Test func lateAndDoublePacketsAreNotLosses() {
        var statistics = ReceiveStatistics(ssrc: 9, clockRate: 90_000)
        for sequence: UInt16 in [10, 12, 11, 13, 13] {
            statistics.received(sequence: sequence, timestamp: 0, bytes: 1, at: at(0))
        }
        #expect(statistics.cumulativeLost == -1)
        #expect(statistics.extendedHighestSequence == 13)
        #expect(statistics.packets == 5)
        #expect(statistics.reportBlock(at: at(0))?.fractionLost == 0)
    }

    @Test func aLatePacketFromBeforeTheWrapDoesNotCountACycle() {
        var statistics = ReceiveStatistics(ssrc: 9, clockRate: 90_000)
        for sequence: UInt16 in [65_534, 0, 65_535, 1] {
            statistics.received(sequence: sequence, timestamp: 0, bytes: 1, at: at(0))
        }
        #expect(statistics.extendedHighestSequence == 65_537)
        #expect(statistics.cumulativeLost == 0)
    }

    @Test func believesAJumpOnlyTheSecondTime() {
        var statistics = ReceiveStatistics(ssrc: 9, clockRate: 90_000)
        for sequence: UInt16 in [100, 101, 103] {
            statistics.received(sequence: sequence, timestamp: 0, bytes: 1, at: at(0))
        }
        let first = statistics.received(sequence: 40_000, timestamp: 0, bytes: 1, at: at(0))
        #expect(!first)
        #expect(statistics.extendedHighestSequence == 103)
        let second = statistics.received(sequence: 40_001, timestamp: 0, bytes: 1, at: at(0))
        #expect(second)
        #expect(statistics.extendedHighestSequence == 40_001)
        #expect(statistics.cumulativeLost == 1)
        statistics.received(sequence: 40_003, timestamp: 0, bytes: 1, at: at(0))
        #expect(statistics.cumulativeLost == 2)
    }

    /// Packets every 20 ms that arrive alternately 0 and 5 ms late differ by 5 ms each time: the jitter converges there.
    @Test func jitterConvergesToTheDeviation() {
        var statistics = ReceiveStatistics(ssrc: 9, clockRate: 48_000)
        let start: Int64 = 1 << 40
        for index in 0..<400 {
            let now = Instant(microseconds: start + Int64(index) * 20_000 + (index % 2 == 0 ? 0 : 5_000))
            statistics.received(
                sequence: UInt16(index), timestamp: 0xffff_0000 &+ UInt32(index) * 960, bytes: 100, at: now)
        }
        #expect((235...240).contains(statistics.jitter))
    }

    @Test func aSteadyStreamHasNoJitterWhateverTheClockSays() {
        var statistics = ReceiveStatistics(ssrc: 9, clockRate: 90_000)
        for index in 0..<1_000 {
            statistics.received(
                sequence: UInt16(index), timestamp: UInt32(truncatingIfNeeded: index * 900), bytes: 100,
                at: Instant(microseconds: 3_600_000_000_000 + Int64(index) * 10_000))
        }
        #expect(statistics.jitter <= 1)
    }

    @Test func returnsTheSendersReportWithItsDelay() {
        var statistics = ReceiveStatistics(ssrc: 9, clockRate: 90_000)
        #expect(statistics.reportBlock(at: at(0)) == nil)
        statistics.received(sequence: 1, timestamp: 0, bytes: 1, at: at(0))
        #expect(statistics.reportBlock(at: at(10))?.lastSenderReport == 0)
        statistics.received(
            SenderInfo(ssrc: 9, ntpTime: 0x1111_2222_3333_4444, rtpTime: 0, packetCount: 0, octetCount: 0),
            at: at(1_000))
        let block = statistics.reportBlock(at: at(2_500))
        #expect(block?.lastSenderReport == 0x2222_3333)
        #expect(block?.delaySinceLastSenderReport == 98_304)
        let late = statistics.reportBlock(at: at(1_000_000_000))
        #expect(late?.delaySinceLastSenderReport == UInt32(65_535 * 65_536))
    }

    @Test func bitrateIsThatOfTheLastSecond() {
        var statistics = ReceiveStatistics(ssrc: 9, clockRate: 90_000)
        for index in 0..<200 {
            statistics.received(sequence: UInt16(index), timestamp: 0, bytes: 1250, at: at(Int64(index) * 10))
        }
        let rate = statistics.bitsPerSecond(at: at(2_000))
        #expect((980_000...1_020_000).contains(rate))
        #expect(statistics.bitsPerSecond(at: at(3_100)) == 0)
    }
}

struct BitrateWindowTests {
    @Test func forgetsWhatIsOlderThanASecond() {
        var window = BitrateWindow()
        window.add(bytes: 1000, at: Instant(microseconds: 70_000_000))
        #expect((8_000...8_500).contains(window.bitsPerSecond(at: Instant(microseconds: 70_900_000))))
        #expect(window.bitsPerSecond(at: Instant(microseconds: 71_000_000)) == 0)
    }

    @Test func survivesClocksAndSizesThatMakeNoSense() {
        var window = BitrateWindow()
        window.add(bytes: -5, at: Instant(microseconds: .max))
        window.add(bytes: .max, at: Instant(microseconds: .min))
        #expect(window.bitsPerSecond(at: .zero) == .max)
    }
}
