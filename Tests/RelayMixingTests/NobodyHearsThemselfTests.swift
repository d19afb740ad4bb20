import RelayMixing
import RelayProtocol
import Testing

/// Who hears what, by a tone for each who speaks.
@Suite struct NobodyHearsThemselfTests {
    private let tones: [Double] = [410, 730, 1_090, 1_510]

    private func meeting(_ simulation: Simulation, _ count: Int, amplitude: Float = 0.2) -> [(Voice, Ear)] {
        (0..<count).map { at in
            let voice = Voice(UInt64(at), hertz: tones[at], amplitude: amplitude)
            simulation.add(voice)
            return (voice, simulation.listen(UInt64(at), of: voice.owner))
        }
    }

    @Test func everybodyHearsAllOthersAndNotThemself() {
        let simulation = Simulation()
        let members = meeting(simulation, 3)
        let guest = simulation.listen(100, of: nil)
        simulation.run(milliseconds: 4_000)
        for (at, member) in members.enumerated() {
            for other in 0..<3 where other != at {
                #expect(abs(member.1.decibels(tones[other], 1..<3.8) - -14) < 3)
            }
            let loudest = (0..<3).filter { $0 != at }.map { member.1.decibels(tones[$0], 1..<3.8) }.max() ?? 0
            #expect(member.1.decibels(tones[at], 1..<3.8) < loudest - 40)
        }
        for hertz in tones[..<3] { #expect(abs(guest.decibels(hertz, 1..<3.8) - -14) < 3) }
    }

    /// Each goes on and off in a rhythm of its own, so that seats and gains change all the time.
    @Test func nobodyHearsThemselfWhileVoicesComeAndGo() {
        var settings = MixSettings()
        settings.speakers = 2
        let simulation = Simulation(settings)
        let members = meeting(simulation, 4)
        for (at, member) in members.enumerated() {
            let own = tone(tones[at], 0.2)
            let period = 24_000 + at * 11_000
            member.0.sound = { sample, channel in sample / period % 2 == 0 ? own(sample, channel) : 0 }
        }
        simulation.run(milliseconds: 12_000)
        for (at, member) in members.enumerated() {
            let heard = (0..<4).filter { $0 != at }.map { member.1.decibels(tones[$0], 0.5..<12) }.max() ?? -99
            #expect(heard > -30)
            #expect(member.1.decibels(tones[at], 0.5..<12) < heard - 40)
        }
    }

    @Test func nobodyHearsThemselfByASecondInputOrASecondListener() {
        let simulation = Simulation()
        let voice = Voice(1, hertz: tones[0])
        let screen = Voice(2, hertz: tones[1])
        simulation.add(voice)
        simulation.mix.add(screen.input, of: voice.owner, codec: .opus)
        let own = [simulation.listen(1, of: voice.owner), simulation.listen(2, of: voice.owner)]
        let other = simulation.listen(3, of: MixOwner(77))
        simulation.run(milliseconds: 2_000)
        for ear in own { #expect(ear.samples.allSatisfy { abs($0) < 0.001 }) }
        #expect(other.decibels(tones[0], 1..<1.9) > -16)
    }

    @Test func whoSpeaksAloneHearsSilence() {
        let simulation = Simulation()
        let members = meeting(simulation, 2)
        members[1].0.isSending = false
        simulation.run(milliseconds: 2_000)
        #expect(members[0].1.samples.allSatisfy { abs($0) < 0.001 })
        #expect(members[0].1.frames.count < 12)
        #expect(abs(members[1].1.decibels(tones[0], 1..<1.9) - -14) < 1)
    }

    @Test func listenersWhoHearTheSameShareOneEncoding() {
        let simulation = Simulation()
        let voices = (0..<20).map { Voice(UInt64($0), hertz: 300 + Double($0) * 50) }
        for (at, voice) in voices.enumerated() {
            voice.isSending = at < 3
            simulation.add(voice)
            simulation.listen(UInt64(at), of: voice.owner)
        }
        simulation.run(milliseconds: 1_000)
        let before = simulation.frames
        var audiences: [Int] = []
        simulation.run(milliseconds: 1_000)
        #expect(simulation.frames - before == 50 * 4)
        simulation.mix.tick(at: .init(microseconds: simulation.clock)) { audiences.append($0.listeners.count) }
        #expect(audiences.sorted() == [1, 1, 1, 17])
    }

    @Test func everyListenersTimestampsGoOnWhoeverSpeaks() {
        let simulation = Simulation()
        let members = meeting(simulation, 3)
        for (at, member) in members.enumerated() {
            let own = tone(tones[at])
            member.0.sound = { sample, channel in sample / 96_000 % 3 == at ? own(sample, channel) : 0 }
        }
        simulation.run(milliseconds: 8_000)
        for (_, ear) in members {
            #expect(ear.frames.first.map { Int64($0.timestamp) / 960 * 20_000 + 13_000 == $0.at } == true)
            for frame in ear.frames { #expect(Int64(frame.timestamp) / 960 * 20_000 + 13_000 == frame.at) }
            for (last, next) in zip(ear.frames, ear.frames.dropFirst()) { #expect(next.timestamp > last.timestamp) }
        }
    }
}
