import RelayProtocol
import TestSupport
import Testing

struct AudibleSpeakersTests {
    /// A room in which everybody sends a packet every 20 ms.
    private struct Room {
        let speakers: AudibleSpeakers
        var members: [Int] = []
        var now = Instant(microseconds: 1_000_000)
        /// Of each member, packets forwarded and sent since `clear`.
        var forwarded: [Int] = []
        var sent = 0
        var mostAudible = 0
        var random = SeededRandom(seed: 8)

        init(seats: Int, people: Int) {
            speakers = AudibleSpeakers(AudibleSpeakers.Settings(seats: seats))
            for _ in 0..<people { members.append(speakers.add()) }
            clear()
        }

        mutating func clear() {
            forwarded = Array(repeating: 0, count: members.count)
            sent = 0
        }

        /// - Parameter level: of member and milliseconds since this began, in −dBov; nil: sends nothing.
        mutating func run(_ milliseconds: Int, level: (Int, Int) -> Int?) {
            for turn in 0..<(milliseconds / 20) {
                for index in members.indices {
                    guard let level = level(index, turn * 20) else { continue }
                    let noisy = UInt8(clamping: min(level + Int.random(in: -2...2, using: &random), 127))
                    if speakers.heard(members[index], dBov: noisy, at: now) { forwarded[index] += 1 }
                }
                mostAudible = max(mostAudible, members.count { speakers.isAudible($0) })
                sent += 1
                now = now + .milliseconds(20)
            }
        }
    }

    /// Like speech: a dip of 60 ms between syllables, a pause of 600 ms every 3 s.
    private func speech(_ time: Int, _ level: Int = 30) -> Int {
        time % 3_000 >= 2_400 ? 90 : time % 300 < 60 ? level + 35 : level
    }

    @Test func withoutALimitEverybodyIsAudible() {
        var room = Room(seats: 0, people: 4)
        room.run(1_000) { _, _ in 127 }
        #expect(room.forwarded == [50, 50, 50, 50])
        #expect(room.speakers.isAudible(room.members[2]))
    }

    @Test func whereThereAreSeatsForAllNothingIsLeftOut() {
        var room = Room(seats: 3, people: 3)
        room.run(2_000) { member, time in member == 0 ? 127 : speech(time) }
        #expect(room.forwarded == [100, 100, 100])
    }

    @Test func talkIsNotCutInItsPauses() {
        var room = Room(seats: 2, people: 30)
        room.run(1_000) { member, time in member == 17 ? speech(time) : 75 }
        room.clear()
        // One speaks with pauses, the others cough and rustle in turn.
        room.run(30_000) { member, time in
            if member == 17 { return speech(time) }
            return (time / 200) % 29 == member % 29 ? 55 : 75
        }
        #expect(room.forwarded[17] == room.sent)
        #expect(room.mostAudible == 2)
    }

    @Test func whoeverBeginsToSpeakIsHeardWithTheFirstPacketWhereSomebodyIsSilent() {
        var room = Room(seats: 3, people: 40)
        room.run(3_000) { member, _ in member < 3 ? 90 : 100 }
        room.clear()
        room.run(2_000) { member, time in member == 30 ? speech(time) : 90 }
        #expect(room.forwarded[30] >= room.sent - 3)
    }

    @Test func whoIsClearlyLouderTakesTheSeatOfASpeakerAtOnce() {
        var room = Room(seats: 1, people: 10)
        room.run(2_000) { member, _ in member == 0 ? 45 : 90 }
        room.clear()
        room.run(1_000) { member, _ in member == 0 ? 45 : member == 5 ? 25 : 90 }
        #expect(room.forwarded[5] >= room.sent - 5)
        #expect(room.mostAudible == 1)
    }

    @Test func voicesOfLikeLoudnessDoNotPushEachOtherOut() {
        var room = Room(seats: 2, people: 6)
        room.run(1_000) { member, _ in member < 2 ? 32 : 90 }
        room.clear()
        room.run(20_000) { member, time in member < 2 ? speech(time, 32) : member < 5 ? speech(time + 200, 29) : 90 }
        #expect(room.forwarded[0] == room.sent && room.forwarded[1] == room.sent)
        #expect(room.forwarded[2...].allSatisfy { $0 == 0 })
    }

    @Test func aSeatGoesToTheNextOnceItsOwnerHasBeenSilent() {
        var room = Room(seats: 1, people: 3)
        room.run(2_000) { member, _ in member == 0 ? 30 : 90 }
        room.clear()
        // The second speaks more softly than the first did.
        room.run(4_000) { member, _ in member == 1 ? 45 : 100 }
        let first = room.sent - room.forwarded[1]
        // 1.5 s of hang-over are 75 packets.
        #expect((70...100).contains(first))
    }

    @Test func aClickTakesNoSpeakersSeat() {
        var room = Room(seats: 1, people: 5)
        room.run(2_000) { member, time in member == 0 ? 30 : 90 }
        room.clear()
        room.run(5_000) { member, time in member == 0 ? 30 : time % 500 == 0 ? 24 : 90 }
        #expect(room.forwarded[0] == room.sent)
    }

    @Test func whoIsMutedOrLeavesGivesTheSeatUp() {
        var room = Room(seats: 1, people: 3)
        room.run(1_000) { member, _ in member == 0 ? 20 : 90 }
        room.speakers.remove(room.members[0])
        #expect(room.speakers.add() == room.members[0])
        room.clear()
        room.run(400) { member, _ in member == 2 ? 60 : 90 }
        #expect(room.forwarded[2] >= room.sent - 1)
        room.clear()
        room.run(3_000) { member, _ in member == 2 ? 60 : nil }
        #expect(room.forwarded[2] >= room.sent - 20)
    }

    @Test func whoHasNoLevelsIsAlwaysAudible() {
        var room = Room(seats: 1, people: 2)
        room.run(1_000) { _, _ in 20 }
        #expect(room.speakers.heard(room.members[1], dBov: nil, at: room.now))
        #expect(room.speakers.heard(99, dBov: 20, at: room.now))
        room.speakers.remove(99)
        room.speakers.remove(-1)
    }

    /// Two workers, each with its own publishers, each hearing of the other's what that forwards.
    @Test func theLoudestOfARoomOnTwoWorkersAreHeardOnBoth() {
        var random = SeededRandom(seed: 12)
        let workers = [0, 1].map { _ in AudibleSpeakers(AudibleSpeakers.Settings(seats: 3)) }
        let places = workers.map { worker in (0..<40).map { _ in worker.add() } }
        let talkers: Set<Int> = [3, 21, 35]
        var heard = [0, 0]
        var others = [0, 0]
        for turn in Int64(0)..<500 {
            let now = Instant(microseconds: turn * 20_000)
            for person in 0..<40 {
                let home = person % 2
                let level = UInt8(Int.random(in: talkers.contains(person) ? 25...35 : 80...100, using: &random))
                guard workers[home].heard(places[home][person], dBov: level, at: now) else { continue }
                for worker in [home, 1 - home] {
                    if worker != home, !workers[worker].heard(places[worker][person], dBov: level, at: now) { continue }
                    if turn < 100 { continue }
                    if talkers.contains(person) { heard[worker] += 1 } else { others[worker] += 1 }
                }
            }
        }
        #expect(heard == [1_200, 1_200])
        #expect(others == [0, 0])
    }
}
