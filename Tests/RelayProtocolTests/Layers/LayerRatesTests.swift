import RelayProtocol
import TestSupport
import Testing

struct LayerRatesTests {
    private struct Camera {
        var rates = LayerRates()
        var milliseconds = 0
        var frames = 0

        /// 30 frames in a second; the temporal layer goes 0 2 1 2.
        mutating func run(
            milliseconds span: Int, bytes: (_ frame: Int) -> Int, spatial: [UInt8] = [0], temporals: [UInt8] = [0]
        ) {
            let end = milliseconds + span
            while milliseconds < end {
                for layer in spatial {
                    rates.add(
                        bytes: bytes(frames), spatial: layer, temporal: temporals[frames % temporals.count],
                        endsPicture: layer == spatial.last, at: Instant(milliseconds: milliseconds))
                }
                frames += 1
                milliseconds += frames % 3 == 0 ? 34 : 33
            }
        }

        mutating func rate(spatial: Int = 0, temporal: Int = 0) -> Double {
            rates.rate(spatial: spatial, temporal: temporal, at: Instant(milliseconds: milliseconds)).kilobitsPerSecond
        }
    }

    @Test func layersCountWithThoseBelow() {
        var camera = Camera()
        camera.run(milliseconds: 5_000, bytes: { _ in 1_000 }, spatial: [0, 1], temporals: [0, 2, 1, 2])
        for spatial in 0...1 {
            let all = 240.0 * Double(spatial + 1)
            #expect(abs(camera.rate(spatial: spatial, temporal: 2) - all) < 0.06 * all)
            #expect(abs(camera.rate(spatial: spatial, temporal: 1) - all / 2) < 0.06 * all)
            #expect(abs(camera.rate(spatial: spatial, temporal: 0) - all / 4) < 0.06 * all)
        }
        #expect(camera.rate(spatial: 2, temporal: 0) == 0)
    }

    @Test func picturesAreCountedByTemporalLayer() {
        var camera = Camera()
        camera.run(milliseconds: 5_000, bytes: { _ in 500 }, spatial: [0, 1], temporals: [0, 2, 1, 2])
        for (temporal, expected) in [(0, 7.5), (1, 15), (2, 30)] {
            let now = Instant(milliseconds: camera.milliseconds)
            let measured = camera.rates.framesPerSecond(temporal: temporal, at: now) ?? 0
            #expect(abs(measured - expected) < 1)
        }
        #expect(camera.rates.has(temporal: 2) && !camera.rates.has(temporal: 3))
    }

    @Test func aKeyframeDoesNotLookLikeAHigherRate() {
        var camera = Camera()
        // Every three seconds one of eight times the size.
        let bytes = { frame in frame % 90 == 0 ? 8_000 : 1_000 }
        camera.run(milliseconds: 2_000, bytes: bytes)
        for _ in 0..<300 {
            camera.run(milliseconds: 100, bytes: bytes)
            #expect((225...300).contains(camera.rate()))
        }
    }

    @Test func aLastingChangeShowsWithinThreeSeconds() {
        var camera = Camera()
        camera.run(milliseconds: 10_000, bytes: { _ in 1_000 })
        camera.run(milliseconds: 1_700, bytes: { _ in 4_000 })
        #expect(camera.rate() > 450)
        camera.run(milliseconds: 1_500, bytes: { _ in 4_000 })
        #expect(camera.rate() > 900)
        camera.run(milliseconds: 3_200, bytes: { _ in 1_000 })
        #expect(camera.rate() < 260)
    }

    @Test func theFirstKeyframeAloneIsNoHighRate() {
        var camera = Camera()
        camera.run(milliseconds: 33, bytes: { _ in 10_000 })
        #expect((100...200).contains(camera.rate()))
    }

    @Test func silenceEndsALayerAndItBeginsAnew() {
        var camera = Camera()
        camera.run(milliseconds: 5_000, bytes: { _ in 1_000 }, spatial: [0, 1])
        camera.run(milliseconds: 2_000, bytes: { _ in 1_000 })
        #expect(!camera.rates.isAlive(spatial: 1, at: Instant(milliseconds: camera.milliseconds)))
        #expect(camera.rate(spatial: 1) == 0)
        #expect(abs(camera.rate() - 240) < 20)
        camera.run(milliseconds: 600, bytes: { _ in 1_000 }, spatial: [0, 1])
        #expect(abs(camera.rate(spatial: 1) - 480) < 100)
        camera.milliseconds += 1_600
        #expect(!camera.rates.isAlive(at: Instant(milliseconds: camera.milliseconds)))
        camera.run(milliseconds: 700, bytes: { _ in 2_000 })
        #expect(abs(camera.rate() - 480) < 60)
    }

    @Test func nonsenseIsCountedSomewhere() {
        var rates = LayerRates()
        var random = SeededRandom(seed: 4)
        for _ in 0..<20_000 {
            let now = Instant(microseconds: Int64.random(in: -5_000_000...5_000_000_000, using: &random))
            rates.add(
                bytes: Int.random(in: -10...70_000, using: &random), spatial: .random(in: 0...255, using: &random),
                temporal: .random(in: 0...255, using: &random), endsPicture: .random(using: &random), at: now)
            let layer = Int.random(in: -2...9, using: &random)
            #expect(rates.rate(spatial: layer, temporal: layer, at: now) >= .zero)
            #expect(rates.framesPerSecond(temporal: layer, at: now) ?? 0 >= 0)
        }
    }
}
