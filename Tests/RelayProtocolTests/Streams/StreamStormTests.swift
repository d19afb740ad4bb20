import RelayProtocol
import TestSupport
import Testing

/// Sequence numbers, sizes and times as no sane sender produces them: nothing traps, everything stays bounded.
struct StreamStormTests {
    /// A walk that mostly goes on by one, and now and then jumps anywhere or stands on an edge of the number space.
    private struct Walk {
        var random: SeededRandom
        var sequence: UInt16 = 0
        var now = Instant(microseconds: 1 << 40)

        init(seed: UInt64) { random = SeededRandom(seed: seed) }

        mutating func step() {
            switch Int.random(in: 0..<30, using: &random) {
            case 0: sequence = UInt16.random(in: 0...UInt16.max, using: &random)
            case 1: sequence = [0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff][Int.random(in: 0..<6, using: &random)]
            case 2: sequence &-= UInt16.random(in: 0...4_000, using: &random)
            case 3: sequence &+= UInt16.random(in: 0...4_000, using: &random)
            default: sequence &+= 1
            }
            switch Int.random(in: 0..<100, using: &random) {
            case 0: now = now + .seconds(Int64.random(in: 0...100_000, using: &random))
            case 1: now = now + .milliseconds(-Int64.random(in: 0...1_000, using: &random))
            default: now = now + .microseconds(Int64.random(in: 0...5_000, using: &random))
            }
        }
    }

    @Test func missingPacketsStayBounded() {
        var walk = Walk(seed: 31)
        let list = MissingPackets()
        for _ in 0..<50_000 {
            walk.step()
            _ = list.received(walk.sequence, at: walk.now)
            if Int.random(in: 0..<50, using: &walk.random) == 0 { list.forget(before: walk.sequence &- 3) }
            let due = list.poll(at: walk.now)
            guard list.count <= 512, due.sequences.count <= 240 else {
                Issue.record("\(list.count) missing, \(due.sequences.count) asked for")
                return
            }
            if list.count > 0 && list.deadline == nil {
                Issue.record("missing packets without a deadline")
                return
            }
        }
        // Left alone, it comes to rest.
        var polls = 0
        while let deadline = list.deadline, polls < 10_000 {
            walk.now = max(walk.now, deadline)
            _ = list.poll(at: walk.now)
            polls += 1
        }
        #expect(list.count == 0)
        #expect(polls < 10_000)
    }

    @Test func statisticsStayPlausible() {
        var walk = Walk(seed: 32)
        var statistics = ReceiveStatistics(ssrc: 1, clockRate: 90_000)
        for _ in 0..<50_000 {
            walk.step()
            statistics.received(
                sequence: walk.sequence, timestamp: UInt32.random(in: 0...UInt32.max, using: &walk.random),
                bytes: Int.random(in: 0...1_500, using: &walk.random), at: walk.now)
            if Int.random(in: 0..<20, using: &walk.random) == 0 { _ = statistics.reportBlock(at: walk.now) }
        }
        #expect(statistics.packets > 30_000)
        #expect(statistics.reportBlock(at: walk.now) != nil)
    }

    @Test func feedbackIsAlwaysReadable() {
        var walk = Walk(seed: 33)
        let feedback = TransportFeedback()
        var reports = 0
        for _ in 0..<50_000 {
            walk.step()
            feedback.received(sequence: walk.sequence, at: walk.now)
            guard let deadline = feedback.deadline, deadline <= walk.now else { continue }
            let capacity = Int.random(in: 0...1_200, using: &walk.random)
            let bytes = writtenRTCP(capacity: capacity) {
                reports += feedback.poll(at: walk.now, sender: 1, media: 2, into: &$0)
            }
            if !bytes.isEmpty, readRTCP(bytes) {
                Issue.record("unreadable: \(bytes)")
                return
            }
        }
        #expect(reports > 100)
    }

    @Test func numbersOfAConsumerNeverJump() {
        var walk = Walk(seed: 34)
        var map = SequenceMap(sequence: 0, timestamp: 0, clockRate: 90_000)
        var highest: UInt16?
        for _ in 0..<50_000 {
            walk.step()
            let source = UInt32.random(in: 1...2, using: &walk.random)
            switch Int.random(in: 0..<60, using: &walk.random) {
            case 0: map.begin(source: source)
            case 1: map.pause()
            case 2...10: map.leaveOut(source: source, sequence: walk.sequence)
            default: break
            }
            let out = map.forward(
                source: source, sequence: walk.sequence,
                timestamp: UInt32.random(in: 0...UInt32.max, using: &walk.random), at: walk.now)
            _ = map.origin(of: UInt16.random(in: 0...UInt16.max, using: &walk.random))
            guard let out = out?.sequence else { continue }
            if let highest, abs(Int(Int16(bitPattern: out &- highest))) > 8_192 + 3_000 {
                Issue.record("from \(highest) to \(out)")
                return
            }
            highest = map.highestSequence
        }
        #expect(highest != nil)
    }
}
