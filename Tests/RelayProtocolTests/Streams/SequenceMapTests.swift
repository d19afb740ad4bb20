import RelayProtocol
import TestSupport
import Testing

struct SequenceMapTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    private func map(first: UInt16 = 1000, source: UInt32 = 1) -> SequenceMap {
        var map = SequenceMap(sequence: first, timestamp: 5_000, clockRate: 90_000)
        map.begin(source: source)
        return map
    }

    private func send(
        _ map: inout SequenceMap, _ source: UInt32, _ sequence: UInt16, _ timestamp: UInt32 = 0, _ now: Int64 = 0
    )
        -> UInt16?
    {
        map.forward(source: source, sequence: sequence, timestamp: timestamp, at: at(now))?.sequence
    }

    @Test func startsWhereItIsToldAndWrapsOnBothSides() {
        var map = map(first: 65_534)
        let sent = [65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 0, 1].map { send(&map, 1, $0) }
        #expect(sent == [65_534, 65_535, 0, 1, 2, 3, 4, 5])
        #expect(map.highestSequence == 5)
        #expect(map.origin(of: 65_535) == .init(source: 1, sequence: 65_531, timestampOffset: 5_000))
        #expect(map.origin(of: 5)?.sequence == 1)
        #expect(map.origin(of: 6) == nil)
    }

    @Test func forwardsNothingBeforeItHasBegun() {
        var map = SequenceMap(sequence: 1, timestamp: 1, clockRate: 90_000)
        #expect(send(&map, 1, 1) == nil)
        map.leaveOut(source: 1, sequence: 2)
        #expect(map.origin(of: 1) == nil)
        #expect(map.source == nil)
        #expect(map.highestSequence == nil)
    }

    @Test func aLossStaysAGapThatALatePacketFills() {
        var map = map()
        #expect(send(&map, 1, 10) == 1000)
        #expect(send(&map, 1, 13) == 1003)
        #expect(map.origin(of: 1001)?.sequence == 11)
        #expect(send(&map, 1, 11) == 1001)
        #expect(send(&map, 1, 9) == nil)
    }

    @Test func packetsLeftOutLeaveNoGap() {
        var map = map()
        #expect(send(&map, 1, 10) == 1000)
        map.leaveOut(source: 1, sequence: 11)
        map.leaveOut(source: 1, sequence: 12)
        #expect(send(&map, 1, 13) == 1001)
        map.leaveOut(source: 1, sequence: 14)
        #expect(send(&map, 1, 15) == 1002)
        #expect(send(&map, 1, 12) == nil)
        #expect(send(&map, 1, 13) == 1001)
        #expect([1000, 1001, 1002].map { map.origin(of: $0)?.sequence } == [10, 13, 15])
    }

    @Test func aLossBetweenPacketsLeftOutStaysAGap() {
        var map = map()
        #expect(send(&map, 1, 10) == 1000)
        map.leaveOut(source: 1, sequence: 11)
        map.leaveOut(source: 1, sequence: 13)
        #expect(send(&map, 1, 15) == 1003)
        #expect(send(&map, 1, 12) == 1001)
        #expect(send(&map, 1, 14) == 1002)
        #expect((1000...1003).map { map.origin(of: $0)?.sequence } == [10, 12, 14, 15])
    }

    @Test func aChangeOfSourceContinuesNumbersAndTime() {
        var map = map()
        let first = map.forward(source: 1, sequence: 10, timestamp: 100, at: at(0))
        #expect(first == .init(sequence: 1000, timestamp: 5_000))
        _ = map.forward(source: 1, sequence: 11, timestamp: 3_100, at: at(33))
        map.begin(source: 2)
        let still = map.forward(source: 1, sequence: 12, timestamp: 6_100, at: at(66))
        #expect(still == .init(sequence: 1002, timestamp: 11_000))
        let other = map.forward(source: 2, sequence: 65_000, timestamp: 777, at: at(166))
        #expect(other == .init(sequence: 1003, timestamp: 11_000 + 9_000))
        #expect(map.source == 2)
        #expect(map.timestamp(ofCurrentSource: 777 + 90) == 20_090)
        let next = map.forward(source: 2, sequence: 65_001, timestamp: 777 + 3_000, at: at(199))
        #expect(next == .init(sequence: 1004, timestamp: 23_000))
        #expect(map.origin(of: 1002)?.source == 1)
        #expect(map.origin(of: 1003) == .init(source: 2, sequence: 65_000, timestampOffset: 20_000 &- 777))
    }

    @Test func afterAChangeOldPacketsFillGapsOrAreRefused() {
        var map = map()
        for sequence: UInt16 in [10, 12] { _ = send(&map, 1, sequence) }
        map.begin(source: 2)
        #expect(send(&map, 2, 500, 0, 10) == 1003)
        #expect(send(&map, 1, 11, 0, 11) == 1001)
        #expect(send(&map, 1, 13, 0, 12) == nil)
        #expect(send(&map, 2, 499, 0, 13) == nil)
        #expect(send(&map, 3, 1, 0, 14) == nil)
        #expect(send(&map, 2, 501, 0, 15) == 1004)
    }

    @Test func aPauseLeavesNoGapInNumbersAndItsLengthInTime() {
        var map = map()
        for sequence: UInt16 in [10, 11, 13] { _ = send(&map, 1, sequence, UInt32(sequence) * 3_000) }
        let before = map.forward(source: 1, sequence: 14, timestamp: 14 * 3_000, at: at(100))
        map.pause()
        #expect(send(&map, 1, 15, 15 * 3_000, 133) == nil)
        map.begin(source: 1)
        #expect(send(&map, 1, 12, 12 * 3_000, 2_000) == 1002)
        let after = map.forward(source: 1, sequence: 200, timestamp: 99, at: at(2_100))
        #expect(after?.sequence == 1005)
        #expect(after.map { $0.timestamp &- (before?.timestamp ?? 0) } == 180_000)
        #expect(send(&map, 1, 150, 0, 2_101) == nil)
        #expect(send(&map, 1, 12, 0, 2_102) == 1002)
    }

    @Test func aSourceThatJumpsIsFollowedOnceConfirmed() {
        var map = map()
        _ = send(&map, 1, 10)
        #expect(send(&map, 1, 30_000, 0, 10) == nil)
        #expect(send(&map, 1, 11, 0, 20) == 1001)
        #expect(send(&map, 1, 30_001, 0, 30) == nil)
        #expect(send(&map, 1, 30_002, 0, 40) == 1002)
        #expect(send(&map, 1, 30_003, 0, 50) == 1003)
    }

    @Test func aLongRunKeepsItsRecentPastOnly() {
        var map = map(first: 0)
        var wrong = 0
        for index in 0..<200_000 {
            let sequence = UInt16(truncatingIfNeeded: index)
            if send(&map, 1, sequence) != sequence { wrong += 1 }
        }
        #expect(wrong == 0)
        let last = UInt16(truncatingIfNeeded: 199_999)
        #expect(map.origin(of: last &- 8_000)?.sequence == last &- 8_000)
        #expect(map.origin(of: last &- 9_000) == nil)
        #expect(send(&map, 1, last &- 2_000) == last &- 2_000)
    }

    @Test func everyPacketKeepsThePictureOffsetOfItsRun() {
        var map = map()
        map.begin(source: 1, pictures: PictureOffset(id: 7, tl0: 1))
        let first = map.forward(source: 1, sequence: 10, timestamp: 0, at: at(0))
        #expect(first?.pictures == PictureOffset(id: 7, tl0: 1))
        map.leaveOut(source: 1, sequence: 11, pictures: PictureOffset(id: 6, tl0: 1))
        map.leaveOut(source: 1, sequence: 12, pictures: PictureOffset(id: 5, tl0: 1))
        #expect(map.forward(source: 1, sequence: 13, timestamp: 0, at: at(0))?.pictures.id == 5)
        // A packet without payload does not count.
        map.leaveOut(source: 1, sequence: 14)
        #expect(map.forward(source: 1, sequence: 16, timestamp: 0, at: at(0))?.pictures.id == 5)
        map.begin(source: 2, pictures: PictureOffset(id: 900))
        #expect(map.forward(source: 1, sequence: 15, timestamp: 0, at: at(0))?.pictures.id == 5)
        #expect(map.forward(source: 2, sequence: 1, timestamp: 0, at: at(0))?.pictures == PictureOffset(id: 900))
        #expect([1000, 1001, 1002, 1003, 1004].map { map.origin(of: $0)?.pictures.id } == [7, 5, 5, 5, 900])
        #expect(map.recentOrigin(of: 1004)?.pictures.id == 900)
    }

    @Test func theSourcesClocksDecideTheTimestampWhereTheyArePlausible() {
        /// Timestamp of the first packet of a second source, 100 ms after the first one's only packet, which is sent as 5000.
        func timestamp(distance: UInt32?) -> UInt32? {
            var map = map()
            _ = map.forward(source: 1, sequence: 10, timestamp: 100, at: at(0))
            map.begin(source: 2, timestampDistance: distance)
            return map.forward(source: 2, sequence: 1, timestamp: 50_000, at: at(100))?.timestamp
        }
        #expect(timestamp(distance: nil) == 14_000)
        // On the first source's timeline: 80 ms after its packet, 900 ms, 1.2 s; at the same time, and before it.
        #expect(timestamp(distance: 100 + 7_200 &- 50_000) == 12_200)
        #expect(timestamp(distance: 100 + 81_000 &- 50_000) == 86_000)
        #expect(timestamp(distance: 100 + 108_000 &- 50_000) == 14_000)
        #expect(timestamp(distance: 100 &- 50_000) == 14_000)
        #expect(timestamp(distance: 99 &- 50_000) == 14_000)
    }

    @Test func senderReportsTellHowTimelinesLie() {
        func info(_ seconds: Double, _ rtpTime: UInt32) -> SenderInfo {
            SenderInfo(
                ssrc: 1, ntpTime: 0x8000_0000_0000_0000 &+ UInt64(seconds * 4_294_967_296), rtpTime: rtpTime,
                packetCount: 0, octetCount: 0)
        }
        let old = info(10, 1_000)
        let new = info(10.5, 4_000_000_000)
        // At 10.5 s the old source was at 46000.
        #expect(new.timestampDistance(to: old, clockRate: 90_000) == 46_000 &- 4_000_000_000)
        #expect(old.timestampDistance(to: new, clockRate: 90_000) == 4_000_000_000 &- 46_000)
        #expect(old.timestampDistance(to: old, clockRate: 90_000) == 0)
        #expect(info(80, 1).timestampDistance(to: old, clockRate: 90_000) == nil)
    }

    /// Random sources, pauses, losses, reordering and omissions against a plain dictionary.
    @Test func agreesWithAPlainModel() {
        var random = SeededRandom(seed: 77)
        var map = SequenceMap(sequence: 64_000, timestamp: 0, clockRate: 90_000)
        map.begin(source: 1)
        var heads: [UInt32: UInt16] = [1: 100, 2: 65_500, 3: 30_000]
        var source: UInt32 = 1
        var given: [UInt16: (UInt32, UInt16)] = [:]
        var order: [UInt16] = []
        var highest: UInt16 = 63_999
        var now: Int64 = 0
        var wrong = 0
        for step in 0..<60_000 {
            now += Int64.random(in: 0...20, using: &random)
            switch Int.random(in: 0..<400, using: &random) {
            case 0:
                source = UInt32.random(in: 1...3, using: &random)
                map.begin(source: source)
            case 1:
                map.pause()
                map.begin(source: source)
            default: break
            }
            var head = heads[source] ?? 0
            // A loss now and then.
            head &+= Int.random(in: 0..<30, using: &random) == 0 ? 3 : 1
            heads[source] = head
            if map.source == source, Int.random(in: 0..<10, using: &random) == 0 {
                map.leaveOut(source: source, sequence: head)
                continue
            }
            let late = Int.random(in: 0..<20, using: &random) == 0
            let sequence = late ? head &- UInt16.random(in: 1...40, using: &random) : head
            if late { heads[source] = head &- 1 }
            guard let out = send(&map, source, sequence, UInt32(step) * 10, now) else { continue }
            if let known = given[out] {
                // Only the very same packet may get the number again.
                if known != (source, sequence) { wrong += 1 }
            } else {
                given[out] = (source, sequence)
                order.append(out)
            }
            if Int16(bitPattern: out &- highest) > 0 { highest = out }
            // A packet left out after a loss passes the lost ones' numbers without anything being forwarded.
            if !late, map.highestSequence != highest { wrong += 1 }
            if let origin = map.origin(of: out), (origin.source, origin.sequence) != (source, sequence) { wrong += 1 }
            if order.count > 2_000 { given.removeValue(forKey: order.removeFirst()) }
        }
        #expect(wrong == 0)
        #expect(order.count > 1_000)
    }
}
