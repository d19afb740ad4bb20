import RelayProtocol
import Testing

struct KeyframeCacheTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    /// 30 frames a second of three packets of 1000 bytes each; a keyframe begins at frame 10.
    private final class Publisher {
        let history: PacketHistory
        var cache: KeyframeCache
        var sequence: UInt16 = 65_400
        var frame: Int64 = 0
        var now: Instant { Instant.zero + .milliseconds(frame * 33) }

        init(cache span: Instant.Span = .seconds(2)) {
            cache = KeyframeCache(span: span)
            history = PacketHistory(PacketHistory.Settings(keyframeCache: span))
        }

        func send(frames: Int, losing lost: Int64? = nil) {
            for _ in 0..<frames {
                for packet in 0..<3 {
                    if frame == 10, packet < 2 {
                        cache.keyframeStarts(sequence, timestamp: UInt32(frame * 3_000), at: now)
                    }
                    if frame != lost || packet != 1 {
                        _ = history.insert(sequence, slot: Int32(sequence), length: 1_000, at: now)
                    }
                    sequence &+= 1
                }
                while history.expired(at: now) != nil {}
                frame += 1
            }
        }

        func replay(bytes: Int = 1_000_000) -> KeyframeCache.Replay? {
            cache.replay(through: sequence &- 1, from: history, maximumBytes: bytes, at: now)
        }
    }

    @Test func whoJoinsLateGetsTheKeyframeAndAllThatFollowed() throws {
        let publisher = Publisher()
        publisher.send(frames: 60)
        let replay = try #require(publisher.replay())
        #expect(replay.count == 150 && replay.bytes == 150_000)
        // The keyframe's first packet was the 31st.
        #expect(Array(replay) == (0..<150).map { 65_430 &+ UInt16($0) })
    }

    @Test func withoutAKeyframeThatIsYoungEnoughThereIsNothing() {
        let publisher = Publisher()
        publisher.send(frames: 10)
        #expect(publisher.replay() == nil)
        publisher.send(frames: 60)
        #expect(publisher.replay() != nil)
        publisher.send(frames: 10)
        #expect(publisher.replay() == nil)
        let none = Publisher(cache: .milliseconds(0))
        none.send(frames: 20)
        #expect(none.replay() == nil)
    }

    @Test func aGapMakesItUseless() {
        let publisher = Publisher()
        publisher.send(frames: 20, losing: 15)
        #expect(publisher.replay() == nil)
    }

    @Test func whatThePathDoesNotTakeInSoonIsNotReplayed() {
        let publisher = Publisher()
        publisher.send(frames: 60)
        #expect(publisher.replay(bytes: 149_999) == nil)
        #expect(publisher.replay(bytes: 150_000) != nil)
        publisher.cache.forget()
        #expect(publisher.replay() == nil)
    }

    /// The newcomer's packets are numbered without a gap, the replay spans a few milliseconds of timestamps, and what is live keeps its pace.
    @Test func aReplayIsNotPlayedAtThePaceAtWhichItWasSent() {
        var map = SequenceMap(sequence: 500, timestamp: 0, clockRate: 90_000)
        map.begin(source: 1)
        var clock = KeyframeCache.ReplayClock()
        var out: [SequenceMap.Mapped] = []
        for packet in 0..<180 {
            let (sequence, timestamp) = (UInt16(truncatingIfNeeded: 65_430 + packet), UInt32(packet / 3 * 3_000))
            let mapped: SequenceMap.Mapped?
            if let ticks = clock.ticksAfterNewest(timestamp) {
                mapped = map.forward(
                    source: 1, sequence: sequence, timestamp: timestamp, ticksAfterNewest: ticks, at: at(0))
            } else {
                mapped = map.forward(source: 1, sequence: sequence, timestamp: timestamp, at: at(0))
            }
            if let mapped { out.append(mapped) }
        }
        #expect(out.map(\.sequence) == (0..<180).map { 500 + UInt16($0) })
        #expect(out[179].timestamp &- out[0].timestamp == 59 * 90)
        let live = map.forward(source: 1, sequence: 65_430 &+ 180, timestamp: 60 * 3_000, at: at(33))
        #expect(live?.timestamp == out[179].timestamp &+ 3_000)
        // Each is found again under its own timestamp.
        for index in [0, 1, 3, 100, 179] {
            let origin = map.origin(of: out[index].sequence)
            #expect(origin?.sequence == UInt16(truncatingIfNeeded: 65_430 + index))
            #expect(origin.map { UInt32(index / 3 * 3_000) &+ $0.timestampOffset } == out[index].timestamp)
        }
    }
}
