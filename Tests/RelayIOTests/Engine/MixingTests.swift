import Loop
import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// Joined members hear everybody but themselves, whichever way the others publish.
@MainActor @Suite(.serialized) struct MixingTests {
    /// Who sends a tone, and hears.
    private final class Member {
        let peer: TestPeer
        let tone: Tone?
        let ssrc: UInt32?
        private let listening = Listening()
        private var sequence: UInt16 = 0
        private var heard = 0

        init(_ peer: TestPeer, tone: Double?, mix ssrc: UInt32?) {
            self.peer = peer
            self.tone = tone.map { Tone($0) }
            self.ssrc = ssrc
        }

        func send() {
            guard let tone else { return }
            sequence &+= 1
            peer.sendRTP(
                payloadType: 111, sequence: sequence, timestamp: UInt32(sequence) * 960, ssrc: 1111, marker: false,
                payload: tone.frame())
        }

        func loudness(of frequency: Double) -> Double {
            let all = packets(peer, of: ssrc)
            listening.hear(all.dropFirst(heard).map { payload($0) })
            heard = all.count
            return listening.loudness(of: frequency)
        }
    }

    private let offer = ClientOffer(lines: [ClientOffer.microphone()])
    /// A tone that is there, and one that is not.
    private let loud = 1_500.0
    private let quiet = 300.0

    private func member(_ name: String, tone: Double?, _ fixture: EngineFixture) throws -> Member {
        let (peer, answer) = try fixture.member(name, offer)
        return Member(peer, tone: tone, mix: answer.sources["a"])
    }

    /// Everybody sends a frame each 20 ms, until `condition` holds.
    private func talk(_ members: [Member], _ fixture: EngineFixture, seconds: Double = 8, until condition: () -> Bool)
        -> Bool
    {
        let begin = fixture.loop.now
        var frames: Int64 = 0
        return fixture.wait(members.map(\.peer), seconds: seconds) {
            while fixture.loop.now - begin >= frames * 20_000 {
                for member in members { member.send() }
                frames += 1
            }
            return frames % 10 == 0 && condition()
        }
    }

    @Test func membersHearTheOthersAndNotThemselves() throws {
        let fixture = try EngineFixture()
        let one = try member("one", tone: 440, fixture)
        let two = try member("two", tone: 1_000, fixture)
        let silent = try member("silent", tone: nil, fixture)
        // By the other face.
        let publisher = Member(try fixture.publisher("three"), tone: 2_300, mix: nil)
        let all = [one, two, silent, publisher]
        #expect(
            talk(all, fixture) {
                one.loudness(of: 1_000) > loud && one.loudness(of: 2_300) > loud && two.loudness(of: 440) > loud
                    && silent.loudness(of: 440) > loud && silent.loudness(of: 1_000) > loud
                    && silent.loudness(of: 2_300) > loud
            })
        #expect(one.loudness(of: 440) < quiet)
        #expect(two.loudness(of: 1_000) < quiet)
        for listener in [one, two, silent] {
            #expect(Set(zip(steps(listener.peer, of: listener.ssrc), 0...).map { $0 == UInt16($1) }) == [true])
            #expect(headers(listener.peer).allSatisfy { $0.payloadType == 111 })
        }
        #expect(
            talk(all, fixture) {
                let found = fixture.engine.statistics(room: fixture.room, participant: ParticipantID("silent"))
                return found.produce?.returned.first?.packets ?? 0 > 0
            })
    }

    @Test func theMutedAreSilentAndWhoLeavesIsHeardNoMore() throws {
        let fixture = try EngineFixture()
        let one = try member("one", tone: 440, fixture)
        let two = try member("two", tone: 1_000, fixture)
        let listener = try member("listener", tone: nil, fixture)
        let all = [one, two, listener]
        #expect(talk(all, fixture) { listener.loudness(of: 440) > loud && listener.loudness(of: 1_000) > loud })
        _ = try fixture.engine.select(room: fixture.room, participant: ParticipantID("one"), wanted: .none)
        #expect(talk(all, fixture) { listener.loudness(of: 440) < quiet && listener.loudness(of: 1_000) > loud })
        _ = try fixture.engine.select(room: fixture.room, participant: ParticipantID("one"), wanted: .all)
        fixture.engine.remove(participant: ParticipantID("two"), room: fixture.room)
        #expect(talk(all, fixture) { listener.loudness(of: 440) > loud && listener.loudness(of: 1_000) < quiet })
    }

    @Test func membersOfSeveralWorkersAreInOneMix() throws {
        let fixture = try EngineFixture {
            $0.workers = 2
            $0.roomSpread = 1
        }
        let one = try member("one", tone: 440, fixture)
        let two = try member("two", tone: 1_000, fixture)
        #expect(one.peer.server?.address.port != two.peer.server?.address.port)
        #expect(
            talk([one, two], fixture) { one.loudness(of: 1_000) > loud && two.loudness(of: 440) > loud })
        #expect(one.loudness(of: 440) < quiet && two.loudness(of: 1_000) < quiet)
    }

    @Test func aRoomIsMixedOnlyWhileSomebodyHearsIt() throws {
        let fixture = try EngineFixture()
        _ = try fixture.publisher("other")
        #expect(fixture.engine.mixes.isEmpty && fixture.engine.startedMixer == nil)
        let one = try member("one", tone: 440, fixture)
        let two = try member("two", tone: 1_000, fixture)
        #expect(fixture.engine.mixes[fixture.room]?.listeners.count == 2)
        one.peer.closeDTLS()
        #expect(fixture.wait([one.peer, two.peer]) { fixture.engine.mixes[fixture.room]?.listeners.count == 1 })
        // A reloaded page listens in place of the one before.
        var again = offer
        again.session = "78"
        let (peer, answer) = try fixture.member("two", again)
        let reloaded = Member(peer, tone: nil, mix: answer.sources["a"])
        #expect(fixture.engine.mixes[fixture.room]?.listeners.count == 1)
        let (third, _) = try fixture.member("three", offer)
        let speaker = Member(third, tone: 700, mix: nil)
        #expect(talk([reloaded, speaker], fixture) { reloaded.loudness(of: 700) > loud })
        try fixture.engine.stopProducing(room: fixture.room, participant: ParticipantID("two"))
        fixture.engine.remove(participant: ParticipantID("three"), room: fixture.room)
        #expect(fixture.engine.mixes.isEmpty)
        fixture.engine.remove(room: fixture.room)
    }
}
