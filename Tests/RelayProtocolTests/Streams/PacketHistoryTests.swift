import RelayProtocol
import TestSupport
import Testing

struct PacketHistoryTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    private func small(_ capacity: Int, bytes: Int = 1_000_000) -> PacketHistory {
        var settings = PacketHistory.Settings()
        settings.capacity = capacity
        settings.maximumBytes = bytes
        return PacketHistory(settings)
    }

    @Test func findsWhatItHoldsAcrossTheWrap() {
        let history = small(16)
        for sequence in 65_530..<65_542 {
            let displaced = history.insert(
                UInt16(truncatingIfNeeded: sequence), slot: Int32(sequence), length: 100, at: at(0))
            #expect(displaced == nil)
        }
        #expect(history.find(65_535)?.slot == 65_535)
        #expect(history.find(3)?.slot == 65_539)
        #expect(history.find(6) == nil)
        #expect(history.find(65_529) == nil)
        #expect(history.count == 12)
        #expect(history.bytes == 1200)
    }

    @Test func aFullHistoryGivesBackItsOldestSlot() {
        let history = small(4)
        for sequence: UInt16 in 0..<4 {
            #expect(history.insert(sequence, slot: Int32(sequence), length: 1, at: at(0)) == nil)
        }
        #expect(history.insert(4, slot: 4, length: 1, at: at(0)) == 0)
        #expect(history.find(0) == nil)
        #expect(history.find(1)?.slot == 1)
    }

    @Test func aKnownPacketGivesItsOwnSlotBack() {
        let history = small(4)
        _ = history.insert(7, slot: 1, length: 1, at: at(0))
        #expect(history.insert(7, slot: 2, length: 1, at: at(0)) == 2)
        #expect(history.find(7)?.slot == 1)
    }

    @Test func packetsExpireByAgeAndByBytes() {
        let history = small(64, bytes: 250)
        _ = history.insert(1, slot: 1, length: 100, at: at(0))
        _ = history.insert(2, slot: 2, length: 100, at: at(500))
        #expect(history.expired(at: at(1_000)) == nil)
        #expect(history.expired(at: at(1_001)) == 1)
        #expect(history.expired(at: at(1_001)) == nil)
        _ = history.insert(3, slot: 3, length: 100, at: at(1_001))
        _ = history.insert(4, slot: 4, length: 100, at: at(1_001))
        #expect(history.expired(at: at(1_001)) == 2)
        #expect(history.expired(at: at(1_001)) == nil)
        #expect(history.deadline == at(2_001) + .microseconds(1))
    }

    /// Random numbers, jumps and times: every slot comes back exactly once, and what is found is what was put in.
    @Test func everySlotComesBackExactlyOnce() {
        var random = SeededRandom(seed: 21)
        let history = small(128, bytes: 60_000)
        var held: [Int32: UInt16] = [:]
        var sequence: UInt16 = 65_000
        var now: Int64 = 0
        var wrong = 0
        for slot in Int32(0)..<30_000 {
            switch Int.random(in: 0..<40, using: &random) {
            case 0: sequence = UInt16.random(in: 0...UInt16.max, using: &random)
            case 1, 2: sequence &-= UInt16.random(in: 0...100, using: &random)
            default: sequence &+= 1
            }
            now += Int64.random(in: 0...15, using: &random)
            if let back = history.insert(
                sequence, slot: slot, length: Int.random(in: 1...1_200, using: &random), at: at(now))
            {
                if back != slot, held.removeValue(forKey: back) == nil { wrong += 1 }
                if back != slot { held[slot] = sequence }
            } else {
                held[slot] = sequence
            }
            while let back = history.expired(at: at(now)) { if held.removeValue(forKey: back) == nil { wrong += 1 } }
            if let found = history.find(sequence), held[found.slot] != sequence { wrong += 1 }
            if held.count != history.count || history.bytes > 60_000 { wrong += 1 }
        }
        while let back = history.removeFirst() { if held.removeValue(forKey: back) == nil { wrong += 1 } }
        #expect(wrong == 0)
        #expect(held.isEmpty)
        #expect(history.bytes == 0)
        #expect(history.deadline == nil)
    }
}

struct RetransmissionRequestsTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    @Test func resendsAPacketOnceARoundTrip() {
        let requests = RetransmissionRequests()
        func asks(_ sequence: UInt16, _ milliseconds: Int64) -> Bool {
            requests.allows(sequence, bytes: 100, roundTrip: .milliseconds(50), at: at(milliseconds))
        }
        #expect(asks(0, 0))
        #expect(!asks(0, 49))
        #expect(asks(1, 49))
        #expect(asks(0, 50))
        #expect(!asks(0, 99))
        #expect(asks(0, 100))
        #expect(requests.allowed == 4)
        #expect(requests.refused == 2)
    }

    @Test func aTinyRoundTripIsNoLicence() {
        let requests = RetransmissionRequests()
        #expect(requests.allows(5, bytes: 100, roundTrip: .microseconds(100), at: at(0)))
        #expect(!requests.allows(5, bytes: 100, roundTrip: .microseconds(100), at: at(9)))
        #expect(requests.allows(5, bytes: 100, roundTrip: .microseconds(100), at: at(10)))
    }

    @Test func greedStaysWithinTheBudget() {
        var settings = RetransmissionRequests.Settings()
        settings.maximumBitrate = 1_000_000
        let requests = RetransmissionRequests(settings)
        var bytes = 0
        for now in Int64(0)..<10_000 {
            for sequence: UInt16 in 0..<300
            where requests.allows(sequence, bytes: 1000, roundTrip: .milliseconds(10), at: at(now)) {
                bytes += 1000
            }
        }
        let longRun = 10 * 1_000_000 / 8
        #expect(bytes <= longRun + 31_250)
        #expect(bytes > longRun * 9 / 10)
    }

    @Test func whatWasForwardedJustNowCannotBeMissedYet() {
        var roundTrip = RoundTrip()
        func canBeMissed(_ milliseconds: Int64) -> Bool {
            RetransmissionRequests.canBeMissed(sentAt: at(1_000), roundTrip: roundTrip, at: at(1_000 + milliseconds))
        }
        #expect(canBeMissed(0))
        for _ in 0..<40 { roundTrip.add(.milliseconds(80)) }
        #expect(!canBeMissed(0) && !canBeMissed(75))
        #expect(canBeMissed(80))
    }
}

struct RetransmissionBudgetTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    /// Bytes that a budget grants to somebody who wants all there is.
    private func granted(_ budget: inout RetransmissionBudget, seconds: Int64) -> Int {
        var bytes = 0
        for now in 0..<(seconds * 1_000) { while budget.take(1_000, at: at(now)) { bytes += 1_000 } }
        return bytes
    }

    @Test func isHalfOfWhatThePathCarries() {
        var budget = RetransmissionBudget()
        budget.follow(.megabitsPerSecond(2))
        let bytes = granted(&budget, seconds: 10)
        #expect((1_240_000...1_290_000).contains(bytes))
    }

    @Test func leavesRoomForSinglePacketsOnTheNarrowestPath() {
        var budget = RetransmissionBudget()
        budget.follow(.zero)
        let first = (0..<3).map { _ in budget.take(1_200, at: at(0)) }
        #expect(first == [true, true, false])
        let bytes = granted(&budget, seconds: 10)
        #expect((100_000...130_000).contains(bytes))
    }

    @Test func followsAPathThatNarrows() {
        var budget = RetransmissionBudget()
        budget.follow(.megabitsPerSecond(20))
        budget.follow(.kilobitsPerSecond(400))
        let bytes = granted(&budget, seconds: 10)
        #expect(bytes < 260_000)
    }

    @Test func isSharedByASubscribersStreams() {
        var budget = RetransmissionBudget(most: .megabitsPerSecond(1))
        let streams = [RetransmissionRequests(), RetransmissionRequests()]
        var bytes = 0
        for now in Int64(0)..<10_000 {
            for stream in streams {
                for sequence: UInt16 in 0..<50
                where stream.allows(
                    sequence, bytes: 1_000, roundTrip: .milliseconds(10), within: &budget, at: at(now))
                {
                    bytes += 1_000
                }
            }
        }
        #expect((1_240_000...1_290_000).contains(bytes))
        #expect(streams.allSatisfy { $0.refused > 0 })
    }
}
