import RelayProtocol
import Testing

struct LayerLadderTests {
    private func step(
        _ encoding: UInt8 = 0, _ spatial: UInt8 = 0, _ temporal: UInt8 = 0, rate: Int64, height: UInt16? = nil,
        frames: Double? = nil
    ) -> LayerStep {
        LayerStep(
            LayerChoice(encoding: encoding, spatial: spatial, temporal: temporal), rate: .kilobitsPerSecond(rate),
            width: height.map { $0 / 9 * 16 }, height: height, framesPerSecond: frames)
    }

    private func rates(_ ladder: LayerLadder) -> [Double] { ladder.steps.map(\.rate.kilobitsPerSecond) }

    @Test func versionsGoBySizeWhateverTheirNumbers() {
        let ladder = LayerLadder([
            step(0, rate: 1_700, height: 720), step(1, rate: 500, height: 360), step(2, rate: 150, height: 180),
        ])
        #expect(ladder.steps.map(\.choice.encoding) == [2, 1, 0])
        #expect(ladder.steps.map(\.encodingRank) == [0, 1, 2])
    }

    @Test func versionsOfUnknownSizeGoByRate() {
        let ladder = LayerLadder([step(0, rate: 1_700), step(1, rate: 150, height: 180), step(2, rate: 500)])
        #expect(ladder.steps.map(\.choice.encoding) == [1, 2, 0])
    }

    @Test func whatCostsMoreThanSomethingBetterIsLeftOut() {
        let ladder = LayerLadder([
            step(0, rate: 400, height: 180), step(1, rate: 300, height: 360), step(2, rate: 900, height: 720),
        ])
        #expect(ladder.steps.map(\.choice.encoding) == [1, 2])
    }

    @Test func temporalLayersComeBeforeTheNextSizeUnlessThatIsCheaper() {
        let ladder = LayerLadder([
            step(0, 1, 0, rate: 230, height: 360), step(0, 1, 1, rate: 300, height: 360),
            step(0, 0, 0, rate: 100, height: 180), step(0, 0, 1, rate: 150, height: 180),
            step(0, 0, 2, rate: 260, height: 180),
        ])
        #expect(rates(ladder) == [100, 150, 230, 300])
        #expect(ladder.steps.map(\.sizeRank) == [0, 0, 1, 1])
    }

    @Test func aLargerPictureThatJerksIsNoBetter() {
        var candidates: [LayerStep] = []
        for (encoding, rate) in [150, 500].enumerated() {
            for (temporal, share) in [0.4, 0.6, 1].enumerated() {
                candidates.append(
                    step(
                        UInt8(encoding), 0, UInt8(temporal), rate: Int64(Double(rate) * share),
                        height: UInt16(180 << encoding), frames: 7.5 * Double(1 << temporal)))
            }
        }
        #expect(rates(LayerLadder(candidates)) == [60, 90, 150, 300, 500])
        // Of a screen that never has more than five frames in a second each counts.
        for index in candidates.indices { candidates[index].framesPerSecond = [2, 3, 5][index % 3] }
        #expect(rates(LayerLadder(candidates)) == [60, 90, 150, 200, 300, 500])
    }

    @Test func stepsDoNotComeAndGoWithNoise() {
        let low = [step(0, 0, 0, rate: 100, height: 180), step(0, 0, 1, rate: 200, height: 180)]
        func ladder(_ upper: Int64, after previous: LayerLadder = LayerLadder()) -> LayerLadder {
            LayerLadder(low + [step(1, rate: upper, height: 360)], after: previous)
        }
        let with = ladder(230)
        #expect(with.steps.count == 3)
        let still = ladder(190, after: with)
        #expect(rates(still) == [100, 190, 190])
        let without = ladder(150, after: still)
        #expect(rates(without) == [100, 150])
        #expect(ladder(205, after: without).steps.count == 2)
        #expect(ladder(220, after: without).steps.count == 3)
    }

    @Test func aLongLadderKeepsItsEnds() {
        var candidates: [LayerStep] = []
        for encoding in 0..<UInt8(16) {
            for spatial in 0..<UInt8(4) {
                for temporal in 0..<UInt8(4) {
                    let position = Int64(encoding) * 16 + Int64(spatial) * 4 + Int64(temporal)
                    candidates.append(step(encoding, spatial, temporal, rate: 50 + 10 * position))
                }
            }
        }
        let ladder = LayerLadder(candidates)
        #expect(ladder.steps.count == LayerLadder.mostSteps)
        #expect(rates(ladder).first == 50 && rates(ladder).last == 2_600)
        #expect(rates(ladder) == rates(ladder).sorted())
    }

    @Test func aLittleMoreOrLessIsNearEnough() {
        #expect(camera.isNear(scaled(camera, by: 1.08)))
        #expect(!camera.isNear(scaled(camera, by: 1.2)))
        #expect(!camera.isNear(simulcast([150, 500])))
        #expect(LayerLadder().isNear(LayerLadder()))
    }

    @Test func candidatesAreTheLayersThatAreThere() {
        var rates = LayerRates()
        for frame in 0..<120 {
            let now = Instant(milliseconds: frame * 33)
            for spatial in UInt8(0)...2 where spatial < 2 || frame < 30 {
                rates.add(
                    bytes: 1_000 << Int(spatial), spatial: spatial, temporal: UInt8(frame % 2), endsPicture: true,
                    at: now)
            }
        }
        let candidates = LayerLadder.candidates(
            encoding: 3, rates: &rates, at: Instant(milliseconds: 4_000),
            size: { $0 == 1 ? (width: 1_280, height: 720) : nil })
        let ladder = LayerLadder(candidates)
        #expect(
            ladder.steps.map(\.choice)
                == [(0, 0), (0, 1), (1, 0), (1, 1)].map {
                    LayerChoice(encoding: 3, spatial: $0, temporal: $1)
                })
        #expect(ladder.steps.map(\.width) == [640, 640, 1_280, 1_280])
        #expect(ladder.encodingRank(of: 3) == 0)
        #expect(ladder.encodingRank(of: 0) == nil)
        let later = LayerLadder.candidates(
            encoding: 3, rates: &rates, at: Instant(milliseconds: 6_000), size: { _ in nil })
        #expect(later.isEmpty)
    }
}
