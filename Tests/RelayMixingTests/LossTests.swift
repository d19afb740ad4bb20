@testable import RelayMixing
import RelayProtocol
import TestSupport
import Testing

/// What is heard of sound of which something was lost.
@Suite struct LossTests {
    /// Something like a voice, in syllables of 400 ms: encoders correct only what they take for one.
    private func voiced(_ at: Int, _ channel: Int) -> Float {
        let isFaint = at % 24_000 >= 19_200
        return (isFaint ? 0.03 : 1) * harmonics[at % harmonics.count]
    }

    private let harmonics: [Float] = (0..<4_800).map { at in
        (1...12).reduce(0) { $0 + 0.4 / Float($1) * tone(140 * Double($1), 0.5)(at, 0) }
    }

    /// Frames that are much fainter or louder than the syllables.
    private func spoilt(_ ear: Ear, _ span: Range<Double>) -> (faint: Int, loud: Int, all: Int) {
        let loudness = ear.loudness(span)
        let usual = loudness.sorted()[loudness.count / 2]
        return (
            loudness.filter { $0 < usual / 2 }.count, loudness.filter { $0 > usual * 2 }.count, loudness.count
        )
    }

    private func lossy(_ share: Double, correction: Int32, seed: UInt64) -> (Simulation, Voice, Ear) {
        var random = SeededRandom(seed: seed)
        let simulation = Simulation()
        let voice = Voice(1, bitrate: 28_000, loss: correction, sound: voiced)
        let isLost = (0..<2_000).map { _ in Double.random(in: 0..<1, using: &random) < share }
        voice.network = { isLost[$0 % isLost.count] ? nil : 5_000 }
        simulation.add(voice)
        return (simulation, voice, simulation.listen(1, of: nil))
    }

    @Test func lossOfFivePerCentIsCorrectedByWhatTheNextPacketBears() {
        let (simulation, voice, ear) = lossy(0.05, correction: 10, seed: 3)
        simulation.run(milliseconds: 3_000)
        let (before, lostBefore) = (simulation.mix.statistics, voice.lost)
        simulation.run(milliseconds: 17_000)
        let after = simulation.mix.statistics
        let lost = voice.lost - lostBefore
        #expect(lost > 25)
        // Of two in a row only the second can be had.
        #expect(Int(after.corrected - before.corrected) > lost * 8 / 10)
        let (whole, _, other) = lossy(0, correction: 10, seed: 3)
        whole.run(milliseconds: 20_000)
        let (mended, perfect) = (spoilt(ear, 3..<19.5), spoilt(other, 3..<19.5))
        #expect(mended.faint <= perfect.faint + mended.all / 100)
        #expect(mended.loud == 0)
    }

    @Test func withoutCorrectionWhatIsLostIsMadeUp() {
        let (simulation, voice, ear) = lossy(0.05, correction: 0, seed: 4)
        simulation.run(milliseconds: 20_000)
        let statistics = simulation.mix.statistics
        #expect(statistics.corrected == 0)
        #expect(Int(statistics.concealed) >= voice.lost * 8 / 10)
        let (whole, _, other) = lossy(0, correction: 0, seed: 4)
        whole.run(milliseconds: 20_000)
        let (mended, perfect) = (spoilt(ear, 3..<19.5), spoilt(other, 3..<19.5))
        #expect(mended.faint <= perfect.faint + mended.all / 40)
        #expect(mended.loud == 0)
    }

    @Test func whatIsLostOfATelephonesSoundIsMadeUp() {
        var random = SeededRandom(seed: 5)
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400, amplitude: 0.25)
        voice.clockScale = 6
        voice.encode = { samples in
            stride(from: 0, to: samples.count, by: 6).map { G711.encodeA(Int(samples[$0] * 32_767)) }
        }
        let isLost = (0..<2_000).map { _ in Double.random(in: 0..<1, using: &random) < 0.03 }
        voice.network = { isLost[$0] ? nil : 5_000 }
        simulation.add(voice, codec: .pcma)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 10_000)
        let loudness = ear.loudness(1..<9.5)
        #expect(loudness.allSatisfy { $0 > 0.1 && $0 < 0.3 })
        #expect(simulation.mix.statistics.concealed >= UInt64(voice.lost) * 8 / 10)
    }

    @Test func whoStopsWithoutAWordIsSilentSoon() {
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400)
        voice.network = { $0 < 100 ? 5_000 : nil }
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 5_000)
        #expect(ear.loudness(2.3..<4).allSatisfy { $0 < 0.001 })
        let frames = ear.frames.count
        simulation.run(milliseconds: 4_000)
        #expect(ear.frames.count - frames <= 11)
    }

    @Test func numbersThatBeginAnewAreHeard() {
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400)
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 2_000)
        voice.firstSequence = 12
        voice.firstTimestamp = 777
        simulation.run(milliseconds: 2_000)
        #expect(simulation.mix.statistics.restarted == 1)
        #expect(ear.loudness(2.3..<3.9).allSatisfy { $0 > 0.1 })
    }

    /// A player that is paused goes on where it was, as if no time had passed.
    @Test func timestampsThatStandStillForAWhileAreHeardAgain() {
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400)
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 2_000)
        voice.network = { _ in 405_000 }
        simulation.run(milliseconds: 3_000)
        #expect(ear.loudness(3..<4.9).allSatisfy { $0 > 0.1 })
    }
}
