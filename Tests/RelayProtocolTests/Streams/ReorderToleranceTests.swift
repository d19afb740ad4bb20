import RelayProtocol
import TestSupport
import Testing

struct ReorderToleranceTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    @Test func growsWithWhatIsSeenUpToABoundAndRelaxes() {
        var tolerance = ReorderTolerance()
        #expect(tolerance.span == .milliseconds(10) && tolerance.packets == 3)
        for turn in Int64(0)..<20 { tolerance.observed(lateBy: .milliseconds(40), packets: 12, at: at(turn * 100)) }
        #expect(tolerance.span > .milliseconds(45) && tolerance.span <= .milliseconds(52))
        #expect(tolerance.packets == 13)
        for turn in Int64(0)..<20 { tolerance.observed(lateBy: .seconds(100), packets: .max / 2, at: at(2_000 + turn)) }
        #expect(tolerance.span <= .milliseconds(120) && tolerance.packets <= 100)
        for turn in Int64(3)..<40 { tolerance.relax(at: at(turn * 1_000)) }
        #expect(tolerance.span == .milliseconds(10) && tolerance.packets == 3)
    }

    @Test func aRareStragglerCostsLittle() {
        var tolerance = ReorderTolerance()
        tolerance.observed(lateBy: .milliseconds(60), packets: 4, at: at(0))
        #expect(tolerance.span < .milliseconds(50))
        for second in Int64(1)...5 { tolerance.relax(at: at(second * 1_000)) }
        #expect(tolerance.span < .milliseconds(20))
        tolerance.observed(lateBy: .milliseconds(-60), packets: -4, at: at(0))
        #expect(tolerance.span >= .milliseconds(10) && tolerance.packets >= 3)
    }

    /// Every tenth packet takes 25 ms more than its neighbours, each hundredth is lost; retransmissions take 60 ms.
    /// - Returns: requests for what came by itself, for what was lost, and how long lost ones were missing on average, in ms.
    private func reorderingPath(seconds: Int64, isReordering: Bool) -> (needless: Int, lost: Int, missing: Double) {
        var random = SeededRandom(seed: 21)
        let list = MissingPackets()
        var arrivals: [Int64: [(sequence: UInt16, isOriginal: Bool)]] = [:]
        var lostAt: [UInt16: Int64] = [:]
        var (needless, lost) = (0, 0)
        var missing: [Int64] = []
        for now in Int64(0)..<(seconds * 1_000) {
            if now % 4 == 0 {
                let sequence = UInt16(truncatingIfNeeded: now / 4)
                let draw = Int.random(in: 0..<100, using: &random)
                if draw == 99 {
                    lostAt[sequence] = now
                } else {
                    arrivals[now + (isReordering && draw < 10 ? 45 : 20), default: []].append((sequence, true))
                }
            }
            for (sequence, isOriginal) in arrivals.removeValue(forKey: now) ?? [] {
                if !isOriginal, let at = lostAt.removeValue(forKey: sequence), now > seconds * 500 {
                    missing.append(now - at)
                }
                _ = list.received(sequence, isOriginal: isOriginal, at: at(now))
            }
            guard let deadline = list.deadline, deadline <= at(now) else { continue }
            for sequence in list.poll(at: at(now)).sequences {
                // The first half is for learning.
                if now > seconds * 500 { if lostAt[sequence] == nil { needless += 1 } else { lost += 1 } }
                arrivals[now + 60, default: []].append((sequence, false))
            }
        }
        return (needless, lost, Double(missing.reduce(0, +)) / Double(max(missing.count, 1)))
    }

    @Test func aPathThatReordersIsNotAskedInVain() {
        let path = reorderingPath(seconds: 60, isReordering: true)
        #expect(path.lost > 50)
        #expect(path.needless < path.lost / 5)
    }

    @Test func aPathThatDoesNotReorderIsAskedAtOnce() {
        let path = reorderingPath(seconds: 60, isReordering: false)
        #expect(path.needless <= 2)
        // 20 ms on the way, 12 until three have overtaken it, 60 for the answer.
        #expect(path.missing < 100)
    }

    @Test func whatComesByItselfTeachesNoRoundTrip() {
        let list = MissingPackets()
        list.measured(roundTrip: .milliseconds(200))
        _ = list.received(1, isOriginal: true, at: at(0))
        _ = list.received(3, isOriginal: true, at: at(0))
        #expect(Array(list.poll(at: at(10)).sequences) == [2])
        #expect(list.received(2, isOriginal: true, at: at(15)) == .reordered)
        #expect(list.roundTrip == .milliseconds(200))
        #expect(list.counts.needless == 1 && list.counts.recovered == 0)
        // The answer to the request comes nevertheless.
        #expect(list.received(2, at: at(210)) == .duplicate)
    }
}

struct ReferenceTimeClockTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    @Test func theRoundTripIsWhatTheOtherDidNotHoldBack() {
        var clock = ReferenceTimeClock()
        let first = clock.reference(at: at(1_000))
        let second = clock.reference(at: at(2_000))
        #expect(UInt32(truncatingIfNeeded: first >> 16) != UInt32(truncatingIfNeeded: second >> 16))
        let compact = UInt32(truncatingIfNeeded: first >> 16)
        #expect(clock.answered(lastReference: compact, delay: 65_536, at: at(2_080)) == .milliseconds(80))
        #expect(clock.roundTrip.smoothed == .milliseconds(80))
        #expect(clock.answered(lastReference: compact, delay: 65_536 * 10, at: at(2_090)) == nil)
        #expect(clock.answered(lastReference: 77, delay: 0, at: at(2_090)) == nil)
        #expect(clock.answered(lastReference: 0, delay: 0, at: at(2_090)) == nil)
        #expect(clock.roundTrip.latest == .milliseconds(80))
    }
}
