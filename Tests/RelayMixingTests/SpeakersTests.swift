import RelayMixing
import RelayProtocol
import TestSupport
import Testing

/// Who is in the mix, and what of silence.
@Suite struct SpeakersTests {
    private func decibels(_ ear: Ear, _ tones: [Double], _ span: Range<Double>) -> [Double] {
        tones.map { ear.decibels($0, span) }
    }

    @Test func theLoudestThreeOfSixAreHeard() {
        let simulation = Simulation()
        let tones: [Double] = [310, 530, 770, 1_010, 1_330, 1_570]
        let loud: Set<Int> = [1, 3, 4]
        for (at, hertz) in tones.enumerated() {
            simulation.add(Voice(UInt64(at), hertz: hertz, amplitude: loud.contains(at) ? 0.3 : 0.02))
        }
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 6_000)
        for (at, level) in decibels(ear, tones, 4..<5.8).enumerated() {
            if loud.contains(at) { #expect(abs(level - -10.5) < 3) } else { #expect(level < -46) }
        }
    }

    @Test func whoIsALittleLouderDoesNotTakeTheTurn() {
        let simulation = Simulation()
        let tones: [Double] = [310, 530, 770, 1_010]
        let voices = tones.enumerated().map { at, hertz in
            Voice(UInt64(at), hertz: hertz, amplitude: 0.2, start: at == 3 ? 2_000_000 : 0)
        }
        voices[3].sound = tone(1_010, 0.28)
        for voice in voices { simulation.add(voice) }
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 5_000)
        #expect(ear.decibels(1_010, 3..<4.8) < -60)
        for hertz in tones[..<3] { #expect(ear.decibels(hertz, 3..<4.8) > -18) }
    }

    @Test func whoFallsSilentGivesTheirTurnUpAndNoWordIsCut() {
        let simulation = Simulation()
        let tones: [Double] = [310, 530, 770, 1_010]
        let voices = tones.enumerated().map { at, hertz in Voice(UInt64(at), hertz: hertz, amplitude: 0.2) }
        // Pauses of half a second cost nobody the turn.
        let first = tone(310, 0.2)
        voices[0].sound = { at, channel in at / 24_000 % 2 == 0 ? first(at, channel) : 0 }
        // The second falls silent after 3 s, the fourth begins after 5.
        let second = tone(530, 0.2)
        voices[1].sound = { at, channel in at < 144_000 ? second(at, channel) : 0 }
        let fourth = tone(1_010, 0.2)
        voices[3].sound = { at, channel in at > 240_000 ? fourth(at, channel) : 0 }
        for voice in voices { simulation.add(voice) }
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 8_000)
        #expect(ear.decibels(1_010, 5.2..<7.8) > -17)
        #expect(ear.decibels(310, 5.05..<5.4) > -17 || ear.decibels(310, 5.55..<5.9) > -17)
        #expect(ear.decibels(1_010, 5.05..<5.15) > -18)
    }

    @Test func whoIsMutedIsNotHeardFromTheNextTickOn() {
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400)
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 2_000)
        let mutedAt = Double(simulation.clock) / 1_000_000
        simulation.mix.setMuted(voice.input, true)
        simulation.run(milliseconds: 2_000)
        #expect(simulation.mix.audible.isEmpty)
        // 6.5 ms are the codec's, and a frame in which it comes to rest.
        #expect(ear.loudness(mutedAt + 0.06..<3.9).allSatisfy { $0 < 0.001 })
        simulation.mix.setMuted(voice.input, false)
        simulation.run(milliseconds: 1_000)
        #expect(ear.loudness(4.2..<4.9).allSatisfy { $0 > 0.1 })
    }

    @Test func whoIsAddedMutedIsNotHeard() {
        let simulation = Simulation()
        simulation.add(Voice(1, hertz: 400), isMuted: true)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 1_000)
        #expect(ear.samples.allSatisfy { $0 == 0 })
        #expect(simulation.mix.statistics.decoded == 0)
    }

    @Test func whoJoinsLateIsHeardAndHears() {
        let simulation = Simulation()
        simulation.add(Voice(1, hertz: 400))
        simulation.run(milliseconds: 3_000)
        let late = Voice(2, hertz: 900, start: 3_000_000)
        simulation.add(late)
        let ear = simulation.listen(2, of: late.owner)
        let other = simulation.listen(1, of: MixOwner(1))
        simulation.run(milliseconds: 2_000)
        #expect(ear.frames.first.map { $0.at == 3_013_000 } == true)
        #expect(ear.decibels(400, 3.1..<4.9) > -16 && ear.decibels(900, 3.1..<4.9) < -60)
        #expect(other.decibels(900, 3.2..<4.9) > -16 && other.decibels(400, 3.2..<4.9) < -60)
    }

    @Test func whoLeavesIsHeardNoMoreAndToldNoMore() {
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400)
        simulation.add(voice)
        let own = simulation.listen(1, of: voice.owner)
        let ear = simulation.listen(2, of: nil)
        simulation.run(milliseconds: 2_000)
        simulation.remove(voice)
        simulation.leave(1)
        let frames = own.frames.count
        simulation.run(milliseconds: 2_000)
        #expect(own.frames.count == frames)
        #expect(ear.loudness(2.1..<3.9).allSatisfy { $0 < 0.001 })
        #expect(!simulation.mix.hasInputs && simulation.mix.hasListeners)
        #expect(simulation.mix.statistics.decoded > 90)
    }

    @Test func whileNobodySpeaksAlmostNothingIsSent() {
        let simulation = Simulation()
        for at in 0..<5 {
            let voice = Voice(UInt64(at), dtx: true) { _, _ in 0 }
            simulation.add(voice)
            simulation.listen(UInt64(at), of: voice.owner)
        }
        simulation.run(milliseconds: 2_000)
        let (frames, bytes) = (simulation.frames, simulation.bytes)
        simulation.run(milliseconds: 10_000)
        #expect(simulation.frames - frames == 25)
        #expect(simulation.bytes - bytes == 125)
    }

    @Test func aVoiceBehindASilenceIsMarkedAndWhole() {
        let simulation = Simulation()
        let own = tone(400)
        let voice = Voice(1) { at, channel in at / 96_000 % 2 == 1 ? own(at, channel) : 0 }
        voice.isPause = { $0 / 100 % 2 == 0 }
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 8_000)
        let marked = ear.frames.filter(\.marker)
        #expect(marked.count == 2)
        for (frame, second) in zip(marked, [2.0, 6.0]) {
            #expect(abs(Double(frame.at) / 1_000_000 - second) < 0.1)
            #expect(!frame.isSilence && frame.level < 40)
        }
        #expect(ear.loudness(2.1..<4).allSatisfy { $0 > 0.1 })
        #expect(ear.loudness(6.1..<7.9).allSatisfy { $0 > 0.1 })
        #expect(simulation.mix.statistics.concealed == 0)
    }

    @Test func aSilentInputCostsNoDecoding() {
        let simulation = Simulation()
        let voice = Voice(1, dtx: true) { _, _ in 0 }
        simulation.add(voice)
        simulation.run(milliseconds: 2_000)
        let before = simulation.mix.statistics
        simulation.run(milliseconds: 10_000)
        #expect(simulation.mix.statistics.decoded - before.decoded < 60)
    }

    @Test func whoSaysThatTheyAreNotAmongTheLoudestIsNotDecoded() {
        let simulation = Simulation()
        let tones: [Double] = [310, 530, 770, 1_010, 1_330]
        let voices = tones.enumerated().map { at, hertz in Voice(UInt64(at), hertz: hertz, amplitude: 0.25) }
        for (at, voice) in voices.enumerated() {
            voice.level = at < 3 ? 15 : 50
            simulation.add(voice)
        }
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 4_000)
        let before = simulation.mix.statistics
        simulation.run(milliseconds: 2_000)
        let after = simulation.mix.statistics
        #expect(after.decoded - before.decoded == 300)
        #expect(after.unheard - before.unheard == 200)
        // One of them speaks up, and is heard at once and whole.
        voices[0].level = 127
        voices[0].sound = { _, _ in 0 }
        voices[4].level = 10
        simulation.run(milliseconds: 4_000)
        #expect(ear.loudness(8..<9.9).allSatisfy { $0 > 0.1 })
        #expect(ear.decibels(1_330, 8.2..<9.8) > -16)
        #expect(ear.decibels(1_010, 8.2..<9.8) < -45)
    }

    @Test func stereoIsHeardInTheMiddle() {
        let simulation = Simulation()
        let (left, right) = (tone(500, 0.4), tone(900, 0.4))
        let voice = Voice(1, channels: 2, bitrate: 96_000, isMusic: true) { at, channel in
            channel == 0 ? left(at, 0) : right(at, 0)
        }
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 3_000)
        #expect(abs(ear.decibels(500, 1..<2.8) - -14) < 1)
        #expect(abs(ear.decibels(900, 1..<2.8) - -14) < 1)
    }
}
