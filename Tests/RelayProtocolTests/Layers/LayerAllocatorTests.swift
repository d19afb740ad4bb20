import RelayProtocol
import TestSupport
import Testing

/// What changes when, on simulated time. Rates in kbit/s, times in milliseconds.
struct LayerAllocatorTests {
    // MARK: Start

    @Test func theFirstPictureDoesNotWait() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 100, budget: 460)
        #expect(videos.positions == [0])
    }

    @Test func atTheStartStepsUpAreQuick() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 3_000) { $0 < 300 ? 460 : 3_000 }
        #expect(videos.time(of: 2) ?? .max <= 600)
        // Straight to the best.
        #expect(videos.switches.count == 2)
    }

    @Test func whoJoinsLaterGetsAPictureAtOnceAndTheOthersMakeRoom() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 5_000, budget: 1_900)
        #expect(videos.positions == [2])
        videos.videos.append(VideoDemand(id: 9, ladder: camera))
        videos.run(milliseconds: 100, budget: 1_900)
        #expect(videos.positions == [1, 1])
    }

    @Test func aPictureWaitsForItsKeyframeBeforeAFurtherStep() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 100, budget: 200)
        videos.videos[0].isChanging = true
        videos.run(milliseconds: 5_000, budget: 3_000)
        #expect(videos.positions == [0])
        videos.videos[0].isChanging = false
        videos.run(milliseconds: 200, budget: 3_000)
        #expect(videos.positions == [2])
    }

    // MARK: Down and up

    @Test func aDropIsFollowedAtOnceAndInOneStep() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 20_000) { $0 < 10_000 ? 3_000 : 450 }
        #expect(videos.time(of: 0, from: 10_000) == 10_000)
        #expect(videos.switches(from: 5_000) == 1)
    }

    @Test func theBestIsBackSoonAfterTheBudget() {
        // Back at once, or little by little.
        for isSudden in [true, false] {
            var videos = AllocatedVideos([camera])
            videos.run(milliseconds: 60_000) { time in
                if time < 10_000 { return 3_000 }
                if time < 25_000 { return 450 }
                return isSudden ? 2_900 : min(450 * (1 + Double(time - 25_000) * 0.0005), 2_900)
            }
            let fits = isSudden ? 25_000 : 25_000 + Int((1_700 * 1.12 / 450 - 1) / 0.0005)
            #expect(videos.time(of: 2, from: 25_000) ?? .max <= fits + 2_000)
            #expect(videos.switches(from: 20_000) <= 2)
        }
    }

    @Test func aShortSpikeLeadsToNothing() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 60_000) { $0 % 4_000 < 700 && $0 > 9_000 ? 3_000 : 700 }
        #expect(videos.positions == [1])
        #expect(videos.switches(from: 9_000) == 0)
    }

    @Test func aSlightExcessIsBorneButNotForEver() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 10_000, budget: 3_000)
        videos.run(milliseconds: 2_500, budget: 1_550)
        #expect(videos.positions == [2])
        videos.run(milliseconds: 1_000, budget: 1_550)
        #expect(videos.positions == [1])
    }

    @Test func stepsUpThatLeadToCongestionComeMoreAndMoreRarely() {
        var videos = AllocatedVideos([camera])
        // The estimate always looks as if there were more, and falls once the layer is there.
        var congestedUntil = 0
        var wasBest = true
        videos.run(
            milliseconds: 120_000,
            each: { videos in
                let isBest = videos.positions == [2]
                if isBest, !wasBest || videos.milliseconds == 5_000 { congestedUntil = videos.milliseconds + 3_000 }
                wasBest = isBest
            }, budget: { $0 < congestedUntil ? 900 : 2_000 })
        let lowered = videos.switches.filter { $0.to == 1 }.map(\.at)
        #expect((2...5).contains(lowered.count))
        for (before, after) in zip(lowered, lowered.dropFirst()) { #expect(after - before > 20_000) }
    }

    @Test func theBurstAtTheBeginningOfALayerIsNoCongestion() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 20_000) { $0 < 5_000 || (6_200..<7_000).contains($0) ? 600 : 3_000 }
        #expect(videos.time(of: 2) ?? .max < 6_200)
        #expect(videos.switches.count == 2)
    }

    // MARK: No flapping

    @Test(arguments: [300, 500, 560, 700, 1_500, 1_700, 1_800, 1_900, 2_100] as [Double])
    func fastNoiseInTheEstimateChangesLittle(_ mean: Double) {
        var random = SeededRandom(seed: UInt64(mean))
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 310_000) { _ in mean * Double.random(in: 0.85...1.15, using: &random) }
        #expect(videos.switches(from: 10_000) <= 2)
    }

    @Test(arguments: [300, 500, 560, 700, 1_500, 1_700, 1_800, 1_900, 2_100] as [Double], [3_000, 8_000, 20_000])
    func slowNoiseInTheEstimateChangesLittle(_ mean: Double, _ period: Int) {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 310_000) { time in
            time / (period / 2) % 2 == 0 ? mean * 1.15 : mean * 0.85
        }
        // In five minutes.
        #expect(videos.switches(from: 10_000) <= 20)
    }

    @Test(arguments: [300, 500, 560, 700, 1_500, 1_700, 1_900, 2_100, 3_900] as [Double], [1, 2, 5])
    func noiseInTheMeasuredRatesChangesLittle(_ budget: Double, _ count: Int) {
        var random = SeededRandom(seed: UInt64(budget) + UInt64(count))
        var videos = AllocatedVideos(Array(repeating: camera, count: count))
        videos.run(
            milliseconds: 310_000,
            each: { videos in
                guard videos.milliseconds % 500 == 0 else { return }
                for index in videos.videos.indices {
                    videos.videos[index].ladder = scaled(
                        camera, by: Double.random(in: 0.85...1.15, using: &random))
                }
            }, budget: { _ in budget * Double(count) })
        #expect(videos.switches(from: 10_000) <= 10 * count)
    }

    // MARK: Pauses

    @Test func aSingleVersionThatHardlyFitsIsKeptAndOneThatDoesNotIsPausedAndResumed() {
        var videos = AllocatedVideos([simulcast([1_000])])
        videos.run(milliseconds: 10_000, budget: 1_200)
        videos.run(milliseconds: 20_000, budget: 700)
        #expect(videos.positions == [0])
        videos.run(milliseconds: 3_000, budget: 400)
        #expect(videos.positions == [nil])
        videos.run(milliseconds: 10_000, budget: 900)
        #expect(videos.positions == [nil])
        videos.run(milliseconds: 3_000, budget: 1_200)
        #expect(videos.positions == [0])
        #expect(videos.switches.count == 3)
    }

    @Test func aMomentWithoutBudgetPausesNothing() {
        var videos = AllocatedVideos([camera, camera])
        videos.run(milliseconds: 10_000, budget: 4_000)
        videos.run(milliseconds: 1_000, budget: 200)
        #expect(videos.positions == [0, 0])
        videos.run(milliseconds: 10_000, budget: 450)
        #expect(videos.positions == [0, 0])
    }

    @Test func theLeastImportantArePausedAndComeBack() {
        var videos = AllocatedVideos(Array(repeating: camera, count: 6))
        videos.videos[5].isScreen = true
        videos.run(milliseconds: 10_000, budget: 1_200)
        videos.run(milliseconds: 10_000, budget: 500)
        #expect(videos.positions == [0, 0, nil, nil, nil, 0])
        videos.run(milliseconds: 10_000, budget: 1_100)
        #expect(videos.positions == [0, 0, 0, 0, 0, 0])
        #expect(videos.switches(from: 10_000) == 6)
    }

    // MARK: Wishes

    @Test func whatIsAskedForIsDoneSoon() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 20_000, budget: 3_000)
        videos.videos[0].width = 320
        videos.run(milliseconds: 100, budget: 3_000)
        #expect(videos.positions == [0])
        videos.run(milliseconds: 20_000, budget: 3_000)
        videos.videos[0].width = 1_280
        videos.run(milliseconds: 400, budget: 3_000)
        #expect(videos.positions == [2])
        videos.videos[0].isPaused = true
        videos.run(milliseconds: 100, budget: 3_000)
        #expect(videos.positions == [nil])
        videos.videos[0].isPaused = false
        videos.run(milliseconds: 100, budget: 3_000)
        #expect(videos.positions == [2])
    }

    @Test func anotherSpeakerTakesTheLargePicture() {
        var videos = AllocatedVideos(Array(repeating: camera, count: 4))
        videos.videos[0].isSpeaker = true
        videos.run(milliseconds: 20_000, budget: 2_400)
        #expect(videos.positions == [2, 0, 0, 0])
        videos.videos[0].isSpeaker = false
        videos.videos[2].isSpeaker = true
        videos.run(milliseconds: 500, budget: 2_400)
        #expect(videos.positions == [0, 0, 2, 0])
    }

    @Test func priorityDecidesWhoIsBetterOff() {
        var videos = AllocatedVideos(Array(repeating: camera, count: 3))
        videos.videos[0].priority = 2
        videos.videos[1].priority = 2
        videos.videos[2].priority = 10
        videos.run(milliseconds: 20_000, budget: 2_300)
        #expect(videos.positions == [0, 0, 2])
    }

    // MARK: Ladders that change

    @Test func aVersionThatEndsIsReplacedAtOnce() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 10_000, budget: 3_000)
        videos.videos[0].ladder = simulcast([150, 500])
        videos.run(milliseconds: 100, budget: 3_000)
        #expect(videos.positions == [1])
        videos.videos[0].ladder = camera
        videos.run(milliseconds: 1_500, budget: 3_000)
        #expect(videos.positions == [2])
    }

    @Test func aVideoThatFallsSilentKeepsWhatItHad() {
        var videos = AllocatedVideos([camera])
        videos.run(milliseconds: 10_000, budget: 3_000)
        videos.videos[0].ladder = LayerLadder()
        videos.run(milliseconds: 60_000, budget: 500)
        #expect(videos.switches(from: 10_000) == 0)
        videos.videos[0].ladder = camera
        videos.run(milliseconds: 100, budget: 500)
        // A deep fall goes below what would just fit.
        #expect(videos.positions == [0])
    }

    @Test func aStepThatIsLeftOutOfTheLadderGivesWayToTheNextLower() {
        let low = [0, 1, 2].map {
            LayerStep(LayerChoice(encoding: 0, temporal: $0), rate: .kilobitsPerSecond(100 << Int64($0)))
        }
        let high = LayerStep(LayerChoice(encoding: 1), rate: .kilobitsPerSecond(1_000))
        var videos = AllocatedVideos([LayerLadder(low + [high])])
        videos.run(milliseconds: 10_000, budget: 500)
        #expect(videos.positions == [2])
        videos.videos[0].ladder = LayerLadder([low[0], low[1], high])
        videos.run(milliseconds: 100, budget: 500)
        #expect(videos.positions == [1])
    }

    // MARK: Whatever comes

    @Test func whateverComesTheBudgetIsRespectedSoon() {
        var random = SeededRandom(seed: 21)
        for _ in 0..<60 {
            var videos = AllocatedVideos([])
            videos.videos = randomVideos(&random)
            for _ in 0..<6 {
                if Bool.random(using: &random) { videos.videos.shuffle(using: &random) }
                let budget = Double(Int.random(in: 0...9_000, using: &random))
                videos.run(milliseconds: 5_000, budget: budget)
                let sent = videos.positions.compactMap(\.self)
                #expect(videos.spent <= 1.031 * budget || (sent == [0] && videos.spent <= 1.5 * budget))
                for (video, position) in zip(videos.videos, videos.positions) where video.isPaused {
                    #expect(position == nil)
                }
                if let deadline = videos.allocator.deadline {
                    #expect(deadline > Instant(milliseconds: videos.milliseconds - 100))
                }
            }
        }
    }

    @Test func withAllTheTimeEverybodyGetsWhatIsAskedFor() {
        var random = SeededRandom(seed: 22)
        for _ in 0..<40 {
            var videos = AllocatedVideos([])
            videos.videos = randomVideos(&random)
            let best = division(of: 10_000_000, among: videos.videos)
            videos.run(milliseconds: 5_000, budget: 500)
            videos.run(milliseconds: 10_000, budget: videos.allocator.wanted.kilobitsPerSecond)
            #expect(videos.positions == best)
        }
    }
}
