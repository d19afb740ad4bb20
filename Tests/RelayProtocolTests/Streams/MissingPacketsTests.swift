import RelayProtocol
import TestSupport
import Testing

struct MissingPacketsTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    private func due(_ list: MissingPackets, _ milliseconds: Int64) -> [UInt16] {
        Array(list.poll(at: at(milliseconds)).sequences)
    }

    @Test func asksOnlyForTheMissingPacketsAcrossTheWrap() {
        let list = MissingPackets()
        for sequence: UInt16 in [65_533, 65_534, 1, 2, 3, 4] { #expect(list.received(sequence, at: at(0)) == .new) }
        #expect(list.deadline == at(0))
        #expect(due(list, 0) == [65_535, 0])
        #expect(due(list, 0) == [])
    }

    @Test func aSmallGapWaitsForReordering() {
        let list = MissingPackets()
        _ = list.received(10, at: at(0))
        _ = list.received(12, at: at(1))
        #expect(due(list, 5) == [])
        #expect(list.received(11, at: at(6)) == .reordered)
        #expect(list.deadline == nil)
        _ = list.received(14, at: at(20))
        #expect(list.deadline == at(30))
        #expect(due(list, 30) == [13])
        #expect(list.counts.requested == 1)
        #expect(list.counts.reordered == 1)
        #expect(list.counts.recovered == 0)
    }

    @Test func asksAgainEveryRoundTripWithGrowingPausesAndThenGivesUp() {
        var settings = MissingPackets.Settings()
        settings.maximumTries = 4
        settings.maximumAge = .seconds(10)
        let list = MissingPackets(settings)
        _ = list.received(1, at: at(0))
        _ = list.received(3, at: at(0))
        var times: [Int64] = []
        var gaveUpAt: Int64?
        for now in Int64(0)...5_000 {
            guard let deadline = list.deadline, deadline <= at(now) else { continue }
            let due = list.poll(at: at(now))
            if !due.sequences.isEmpty { times.append(now) }
            if due.needsKeyframe { gaveUpAt = now }
        }
        #expect(times == [10, 110, 260, 485])
        #expect(gaveUpAt == 823)
        #expect(list.count == 0)
        #expect(list.deadline == nil)
        #expect(list.counts.abandoned == 1)
        #expect(list.received(2, at: at(6_000)) == .duplicate)
    }

    @Test func givesUpWhatIsTooOldToBeOfUse() {
        let list = MissingPackets()
        list.measured(roundTrip: .milliseconds(200))
        _ = list.received(1, at: at(0))
        _ = list.received(3, at: at(0))
        #expect(due(list, 10) == [2])
        let late = list.poll(at: at(1_200))
        #expect(late.needsKeyframe)
        #expect(late.sequences.isEmpty)
        #expect(!list.poll(at: at(1_201)).needsKeyframe)
    }

    @Test func learnsTheRoundTripFromRecoveries() {
        let list = MissingPackets()
        var now: Int64 = 0
        var sequence: UInt16 = 65_000
        _ = list.received(sequence, at: at(now))
        for _ in 0..<60 {
            _ = list.received(sequence &+ 2, at: at(now))
            #expect(due(list, now + 10) == [sequence &+ 1])
            #expect(list.received(sequence &+ 1, at: at(now + 50)) == .recovered)
            sequence &+= 2
            now += 60
        }
        #expect(abs(list.roundTrip.milliseconds - 40) <= 1)
        #expect(list.counts.recovered == 60)
    }

    @Test func learnsThatItsRoundTripWasFarTooShort() {
        let list = MissingPackets()
        list.measured(roundTrip: .milliseconds(20))
        var sequence: UInt16 = 0
        var now: Int64 = 0
        _ = list.received(sequence, at: at(0))
        for _ in 0..<100 {
            _ = list.received(sequence &+ 2, at: at(now))
            for tick in 10..<211 { _ = list.poll(at: at(now + Int64(tick))) }
            #expect(list.received(sequence &+ 1, at: at(now + 210)) == .recovered)
            sequence &+= 2
            now += 300
        }
        #expect(list.roundTrip > .milliseconds(60))
        #expect(list.roundTrip <= .milliseconds(200))
    }

    @Test func aKeyframeMakesOlderGapsPointless() {
        let list = MissingPackets()
        for sequence: UInt16 in [1, 3, 5, 9] { _ = list.received(sequence, at: at(0)) }
        list.forget(before: 5)
        #expect(due(list, 20) == [6, 7, 8])
        list.forget(before: 10)
        #expect(list.deadline == nil)
        #expect(due(list, 500) == [])
    }

    @Test func aLongGapIsBoundedAndNeedsAKeyframe() {
        var settings = MissingPackets.Settings()
        settings.capacity = 100
        settings.maximumPerRequest = 30
        let list = MissingPackets(settings)
        _ = list.received(0, at: at(0))
        _ = list.received(90, at: at(0))
        _ = list.received(180, at: at(0))
        #expect(list.count == 100)
        let first = list.poll(at: at(10))
        #expect(first.needsKeyframe)
        #expect(first.sequences.count == 30)
        #expect(list.deadline.map { $0 <= at(10) } == true)
        var asked = Set(first.sequences)
        for _ in 0..<3 { asked.formUnion(list.poll(at: at(10)).sequences) }
        #expect(asked.count == 100)
        #expect(asked.max() == 179)
    }

    @Test func oneStrayPacketChangesNothingTwoMeanANewBeginning() {
        let list = MissingPackets()
        _ = list.received(100, at: at(0))
        #expect(list.received(30_000, at: at(1)) == .stray)
        #expect(list.received(101, at: at(2)) == .new)
        #expect(list.count == 0)
        #expect(list.received(30_000, at: at(3)) == .stray)
        #expect(list.received(30_001, at: at(4)) == .new)
        #expect(list.poll(at: at(4)).needsKeyframe)
        #expect(list.received(30_003, at: at(5)) == .new)
        #expect(due(list, 15) == [30_002])
    }

    @Test func duplicatesAreCountedAndAskForNothing() {
        let list = MissingPackets()
        for _ in 0..<3 { _ = list.received(7, at: at(0)) }
        #expect(list.counts.duplicates == 2)
        #expect(list.deadline == nil)
    }

    /// 10 % seeded loss, retransmissions lost as well: nothing that was received is asked for, and everything comes in the end.
    @Test func recoversEverythingOverALossyLink() {
        var random = SeededRandom(seed: 11)
        let list = MissingPackets()
        var received = Set<Int>()
        var inFlight: [(at: Int64, sequence: Int)] = []
        var wrong = 0
        for now in Int64(0)..<10_000 {
            if now < 9_000, now % 3 == 0 {
                let sequence = 64_000 + Int(now / 3)
                if sequence == 64_000 || Int.random(in: 0..<10, using: &random) > 0 {
                    _ = list.received(UInt16(truncatingIfNeeded: sequence), at: at(now))
                    received.insert(sequence)
                }
            }
            for packet in inFlight where packet.at == now {
                _ = list.received(UInt16(truncatingIfNeeded: packet.sequence), at: at(now))
                received.insert(packet.sequence)
            }
            inFlight.removeAll { $0.at <= now }
            guard let deadline = list.deadline, deadline <= at(now) else { continue }
            for sequence in list.poll(at: at(now)).sequences {
                let full = sequence >= 64_000 ? Int(sequence) : Int(sequence) + 65_536
                if received.contains(full) { wrong += 1 }
                if Int.random(in: 0..<10, using: &random) > 0 { inFlight.append((now + 40, full)) }
            }
        }
        #expect(wrong == 0)
        #expect(list.counts.abandoned == 0)
        #expect(list.count == 0)
        #expect(received.count >= 2_999)
        #expect(list.counts.recovered > 200)
    }
}
