import RelayProtocol
import Testing

struct SilenceFilterTests {
    private struct Stream {
        var filter = SilenceFilter()
        var map = SequenceMap(sequence: 100, timestamp: 0, clockRate: 48_000)
        var sequence: UInt16 = 65_500
        var timestamp: UInt32 = 0xffff_0000
        var verdicts: [SilenceFilter.Verdict] = []
        var mapped: [SequenceMap.Mapped] = []

        init() { map.begin(source: 1) }

        mutating func send(_ count: Int, length: Int, dBov: UInt8?, every ticks: UInt32 = 960) {
            for _ in 0..<count {
                let verdict = filter.judge(contents: 0xfc, payloadLength: length, dBov: dBov, timestamp: timestamp)
                verdicts.append(verdict)
                if verdict.isForwarded {
                    let now = Instant(microseconds: Int64(verdicts.count) * 20_000)
                    let out =
                        verdict.followsGap
                        ? map.forwardAfterGap(source: 1, sequence: sequence, timestamp: timestamp, at: now)
                        : map.forward(source: 1, sequence: sequence, timestamp: timestamp, at: now)
                    if let out { mapped.append(out) }
                }
                sequence &+= 1
                timestamp &+= ticks
            }
        }

        var forwarded: Int { verdicts.count { $0.isForwarded } }
    }

    @Test func speechPassesUntouched() {
        var stream = Stream()
        stream.send(200, length: 80, dBov: 40)
        stream.send(50, length: 3, dBov: 90)
        stream.send(50, length: 40, dBov: 127)
        stream.send(50, length: 3, dBov: nil)
        #expect(stream.verdicts.allSatisfy { $0.isForwarded && !$0.followsGap && !$0.startsSpurt })
    }

    @Test func silenceAtFullRateBecomesAPacketEach400Milliseconds() {
        var stream = Stream()
        stream.send(10, length: 80, dBov: 40)
        stream.send(500, length: 3, dBov: 127)
        // 200 ms as they are, then one of twenty.
        #expect((10 + 10 + 24...10 + 10 + 26).contains(stream.forwarded))
        let sparse = stream.verdicts.dropFirst(20).filter(\.isForwarded)
        #expect(sparse.allSatisfy { $0.payloadLength == 1 && $0.followsGap && !$0.startsSpurt })
        #expect(stream.filter.leftOut == UInt64(510 - stream.forwarded))
    }

    @Test func numbersGoOnWithoutAGapAndTimestampsAsTheSources() {
        var stream = Stream()
        stream.send(100, length: 80, dBov: 40)
        stream.send(400, length: 2, dBov: 127)
        stream.send(100, length: 80, dBov: 40)
        let offset = stream.mapped[0].timestamp &- 0xffff_0000
        #expect(stream.mapped.count == stream.forwarded)
        for (index, mapped) in stream.mapped.enumerated() { #expect(mapped.sequence == 100 + UInt16(index)) }
        let sources = stream.verdicts.indices.filter { stream.verdicts[$0].isForwarded }
        for (mapped, source) in zip(stream.mapped, sources) {
            #expect(mapped.timestamp == UInt32(truncatingIfNeeded: 0xffff_0000 + source * 960) &+ offset)
        }
    }

    @Test func theNextSpurtBeginsWithTheMarkerAndWithItsFirstPacket() {
        var stream = Stream()
        stream.send(100, length: 2, dBov: 127)
        stream.send(3, length: 60, dBov: 35)
        let spurt = stream.verdicts.suffix(3)
        #expect(spurt.map(\.isForwarded) == [true, true, true])
        #expect(spurt.map(\.startsSpurt) == [true, false, false])
    }

    @Test func whoAlreadySendsDiscontinuouslyLosesNothing() {
        var stream = Stream()
        stream.send(50, length: 2, dBov: 127, every: 19_200)
        #expect(stream.forwarded == 50)
    }

    @Test func aPauseOfTwentyMinutesIsNoGapEither() {
        var stream = Stream()
        stream.send(1, length: 80, dBov: 40)
        stream.send(70_000, length: 2, dBov: 127)
        stream.send(100, length: 80, dBov: 40)
        #expect(stream.mapped.count == stream.forwarded)
        for (index, mapped) in stream.mapped.enumerated() {
            #expect(mapped.sequence == UInt16(truncatingIfNeeded: 100 + index))
        }
    }

    @Test func latePacketsNeitherEndNorBeginASilence() {
        var filter = SilenceFilter()
        for turn in UInt32(0)..<100 {
            _ = filter.judge(contents: 0, payloadLength: 2, dBov: 127, timestamp: turn * 960)
        }
        let speech = filter.judge(contents: 0, payloadLength: 90, dBov: 30, timestamp: 20 * 960)
        #expect(speech.isForwarded && !speech.followsGap && !speech.startsSpurt && speech.payloadLength == 90)
        let silence = filter.judge(contents: 0, payloadLength: 2, dBov: 127, timestamp: 21 * 960)
        #expect(!silence.isForwarded)
        let next = filter.judge(contents: 0, payloadLength: 2, dBov: 127, timestamp: 101 * 960)
        #expect(!next.startsSpurt)
    }
}
