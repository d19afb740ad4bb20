@testable import RelayMixing
import Testing

@Suite struct LimiterTests {
    private func process(_ frames: Int, _ sound: (Int) -> Float) -> (output: [Float], gain: Float) {
        var limiter = Limiter()
        let frame = Samples.zeros(960)
        defer { frame.deallocate() }
        var output: [Float] = []
        for number in 0..<frames {
            for at in 0..<960 { frame[at] = sound(number * 960 + at) }
            limiter.process(frame)
            output += Array(frame)
        }
        return (output, limiter.gain)
    }

    private func tones(_ all: [Double], _ amplitude: Float) -> (Int) -> Float {
        { at in all.reduce(0) { $0 + tone($1, amplitude)(at, 0) } }
    }

    @Test func whatFitsPassesAsItIs() {
        let sound = tones([440], 0.999)
        let (output, _) = process(20, sound)
        #expect(output == (0..<20 * 960).map(sound))
    }

    @Test func severalWhoShoutAreNotClipped() {
        let all: [Double] = [410, 730, 1_090]
        let (output, gain) = process(100, tones(all, 0.9))
        #expect(output.allSatisfy { abs($0) <= 1 })
        #expect(gain > 0.3 && gain < 0.6)
        // What clipping makes of tones are other tones; where it is loudest, everything below −40 dB is none.
        let steady = output[48_000...]
        let loudness = all.map { goertzel(steady, $0) }
        for level in loudness { #expect(level > 0.25) }
        for other in [320.0, 640, 1_820, 2_190, 90, 1_230, 3_270] {
            #expect(goertzel(steady, other) < (loudness.min() ?? 0) / 100)
        }
    }

    @Test func theGainComesBackWithinASecond() {
        var limiter = Limiter()
        let frame = Samples.zeros(960)
        defer { frame.deallocate() }
        let loud = tones([400, 500, 600], 0.8)
        for number in 0..<60 {
            for at in 0..<960 { frame[at] = number < 10 ? loud(number * 960 + at) : 0.1 }
            limiter.process(frame)
        }
        #expect(limiter.gain == 1)
    }

    @Test func aBlowAtTheBeginningOfAFrameStaysWithinFullScale() {
        let (output, _) = process(3) { $0 < 960 ? 0.1 : $0 % 2 == 0 ? 3 : -3 }
        #expect(output.allSatisfy { abs($0) <= 1 })
    }

    @Test func inTheMixOneVoiceKeepsItsLoudness() {
        let simulation = Simulation()
        simulation.add(Voice(1, hertz: 400, amplitude: 0.9))
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 3_000)
        #expect(abs(ear.decibels(400, 1..<2.8) - -0.92) < 0.5)
    }
}
