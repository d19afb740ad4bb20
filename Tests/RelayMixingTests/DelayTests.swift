import RelayMixing
import RelayProtocol
import TestSupport
import Testing

/// How long sound takes through the mix, and that it does not take longer with time.
@Suite struct DelayTests {
    /// A tone that begins at sample 48,000.
    private func onset(_ number: UInt64, milliseconds: Int, start: Int64) -> Voice {
        let steady = tone(1_000, 0.5)
        return Voice(number, milliseconds: milliseconds, start: start, isMusic: true) { at, channel in
            at < 48_000 ? 0.01 * steady(at, channel) : steady(at, channel)
        }
    }

    private func firstLoud(_ samples: [Float]) -> Int { samples.firstIndex { abs($0) > 0.2 } ?? .max }

    /// What is added to what a listener would hear who is sent the packets themselves.
    private func added(milliseconds: Int, phase: Int64) -> Double {
        let simulation = Simulation(phase: phase)
        let voice = onset(1, milliseconds: milliseconds, start: 0)
        voice.network = { _ in 5_000 }
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 3_000)
        // By packets alone: they are heard from when they come; the decoder's own delay is that of the voice's encoder, here as there.
        let direct = onset(2, milliseconds: milliseconds, start: 0)
        let own = Ear()
        var pcm: [Float] = []
        while direct.sent * direct.duration < 96_000, let packet = direct.send() {
            pcm += own.decode(packet.payload, direct.duration)
        }
        let heardDirectly = Double(firstLoud(pcm)) / 48 + Double(milliseconds) + 5
        let heardMixed = Double(firstLoud(ear.samples)) / 48 + Double(phase) / 1_000
        return heardMixed - heardDirectly
    }

    @Test(arguments: [10, 20]) func mixingAddsLessThanFortyMilliseconds(_ milliseconds: Int) {
        var all: [Double] = []
        for phase in stride(from: Int64(500), to: 20_000, by: 1_500) {
            all.append(added(milliseconds: milliseconds, phase: phase))
        }
        print("added delay, packets of \(milliseconds) ms: \(all.min() ?? 0) to \(all.max() ?? 0) ms")
        #expect(all.allSatisfy { $0 > 5 && $0 < 40 }, "\(all)")
    }

    @Test(arguments: [40, 60]) func longPacketsAddNoMoreThanTheyNeed(_ milliseconds: Int) {
        var all: [Double] = []
        for phase in stride(from: Int64(500), to: 20_000, by: 3_000) {
            all.append(added(milliseconds: milliseconds, phase: phase))
        }
        print("added delay, packets of \(milliseconds) ms: \(all.min() ?? 0) to \(all.max() ?? 0) ms")
        #expect(all.allSatisfy { $0 > 5 && $0 < 45 }, "\(all)")
    }

    @Test(arguments: [-200.0, 200.0]) func clocksThatDriftApartDoNotAddUp(_ partsPerMillion: Double) {
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400)
        voice.partsPerMillion = partsPerMillion
        simulation.add(voice)
        var delays: [Int64] = []
        simulation.beforeTick = { now in
            guard now > 2_000_000, let delay = simulation.mix.delay(of: voice.input, at: Instant(microseconds: now))
            else { return }
            delays.append(delay.microseconds)
        }
        simulation.run(milliseconds: 600_000)
        let statistics = simulation.mix.statistics
        print("drift \(partsPerMillion): \(delays.min() ?? 0) to \(delays.max() ?? 0) µs, \(statistics)")
        #expect(delays.count > 29_000)
        #expect(delays.allSatisfy { $0 < 45_000 })
        // 120 ms in ten minutes, by periods of at most 15 ms.
        #expect(statistics.stretched >= 8 && statistics.stretched < 100)
        #expect(statistics.concealed == 0 && statistics.late == 0 && statistics.restarted == 0)
    }

    @Test func aStallThatIsOverLeavesNoDelay() {
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400)
        // For 300 ms nothing comes, then all at once.
        voice.network = { $0 >= 200 && $0 < 215 ? Int64(215 - $0) * 20_000 + 5_000 : 5_000 }
        simulation.add(voice)
        simulation.run(milliseconds: 10_000)
        let delay = simulation.mix.delay(of: voice.input, at: Instant(microseconds: simulation.clock))
        #expect(delay.map { $0 < .milliseconds(45) } == true)
    }

    @Test func jitterIsBorneByAsMuchDelayAsItNeeds() {
        var random = SeededRandom(seed: 7)
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400)
        let jitter = (0..<2_000).map { _ in Int64.random(in: 5_000...65_000, using: &random) }
        voice.network = { jitter[$0 % jitter.count] }
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 5_000)
        let before = simulation.mix.statistics
        simulation.run(milliseconds: 25_000)
        let after = simulation.mix.statistics
        #expect(after.concealed - before.concealed < 1_250 / 50)
        let delay = simulation.mix.delay(of: voice.input, at: Instant(microseconds: simulation.clock))
        // Beyond the usual packet's, which comes 58 ms after the fastest.
        #expect(delay.map { $0 < .milliseconds(50) } == true)
        let loudness = ear.loudness(5..<29)
        let faint = loudness.filter { $0 < 0.09 }.count
        #expect(faint < loudness.count / 50)
    }

    @Test func packetsOutOfOrderAreHeardInOrder() {
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400)
        // Every second one comes after the one behind it.
        voice.network = { $0 % 2 == 0 ? 27_000 : 5_000 }
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 1_000)
        let before = simulation.mix.statistics
        simulation.run(milliseconds: 5_000)
        let after = simulation.mix.statistics
        #expect(after.concealed == before.concealed && after.late == before.late)
        #expect(after.decoded - before.decoded >= 245)
        #expect(ear.loudness(2..<5.5).allSatisfy { $0 > 0.1 })
    }
}
