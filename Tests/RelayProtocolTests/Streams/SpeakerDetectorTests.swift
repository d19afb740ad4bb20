import RelayProtocol
import TestSupport
import Testing

struct SpeakerDetectorTests {
    /// Feeds 20 ms packets to members, and gathers what polls say.
    private struct Room {
        let detector = SpeakerDetector()
        var now: Int64 = 0
        var changes: [SpeakerDetector.Change] = []
        var random = SeededRandom(seed: 4)

        /// Levels like speech: syllables of 200 ms with dips between, around −`dBov`.
        mutating func run(_ milliseconds: Int64, speaking: [Int], quiet: [Int] = []) {
            for _ in 0..<(milliseconds / 20) {
                let at = Instant.zero + .milliseconds(now)
                for member in speaking {
                    let dip: Int = now % 300 < 60 ? 35 : 0
                    detector.level(
                        of: member, dBov: UInt8(clamping: 28 + dip + Int.random(in: -5...5, using: &random)), at: at)
                }
                for member in quiet {
                    detector.level(of: member, dBov: UInt8(78 + Int.random(in: -4...4, using: &random)), at: at)
                }
                if let deadline = detector.deadline, deadline <= at, let change = detector.poll(at: at) {
                    changes.append(change)
                }
                now += 20
            }
        }
    }

    @Test func whoSpeaksIsTheSpeakerAndThenNobodyIs() {
        var room = Room()
        let (a, b) = (room.detector.add(), room.detector.add())
        room.run(1_000, speaking: [], quiet: [a, b])
        #expect(room.changes == [])
        room.run(1_000, speaking: [b], quiet: [a])
        #expect(room.changes == [.speaker(b)])
        room.run(2_000, speaking: [], quiet: [a, b])
        #expect(room.changes == [.speaker(b)])
        room.run(3_000, speaking: [], quiet: [a, b])
        #expect(room.changes == [.speaker(b), .nobody])
        #expect(room.detector.speaker == nil)
    }

    @Test func theFloorPassesOnWithinASecond() {
        var room = Room()
        let (a, b) = (room.detector.add(), room.detector.add())
        room.run(5_000, speaking: [a], quiet: [b])
        #expect(room.detector.speaker == a)
        room.run(1_200, speaking: [b], quiet: [a])
        #expect(room.changes == [.speaker(a), .speaker(b)])
    }

    @Test func aCoughOrAnInterjectionDoesNotTakeTheFloor() {
        var room = Room()
        let (a, b) = (room.detector.add(), room.detector.add())
        room.run(3_000, speaking: [a], quiet: [b])
        for _ in 0..<5 {
            room.run(200, speaking: [a, b])
            room.run(2_000, speaking: [a], quiet: [b])
        }
        room.run(5_000, speaking: [a, b])
        #expect(room.changes == [.speaker(a)])
    }

    @Test func steadyNoiseIsNotSpeech() {
        var room = Room()
        let (a, b) = (room.detector.add(), room.detector.add())
        for _ in 0..<1_000 {
            let at = Instant.zero + .milliseconds(room.now)
            room.detector.level(of: a, dBov: 50, at: at)
            room.detector.level(of: b, dBov: 127, at: at)
            _ = room.detector.poll(at: at)
            room.now += 20
        }
        #expect(room.detector.speaker == nil)
        room.run(1_000, speaking: [b])
        #expect(room.detector.speaker == b)
    }

    @Test func muteEndsSpeechWithoutAnyPackets() {
        var room = Room()
        let a = room.detector.add()
        room.run(2_000, speaking: [a])
        room.run(5_000, speaking: [])
        #expect(room.changes == [.speaker(a), .nobody])
    }

    @Test func aRemovedSpeakerIsNobodyAndItsPlaceBeginsAnew() {
        var room = Room()
        let a = room.detector.add()
        let b = room.detector.add()
        room.run(2_000, speaking: [a], quiet: [b])
        room.detector.remove(a)
        room.run(400, speaking: [], quiet: [b])
        #expect(room.changes == [.speaker(a), .nobody])
        #expect(room.detector.add() == a)
        room.run(400, speaking: [], quiet: [a, b])
        #expect(room.changes.count == 2)
        room.detector.level(of: 99, dBov: 0, at: .zero)
        room.detector.level(of: -1, dBov: 0, at: .zero)
        room.detector.remove(99)
        #expect(room.detector.speaker == nil)
    }
}
