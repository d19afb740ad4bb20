import RelayProtocol
import TestSupport
import Testing

/// How a rate is divided where nothing was sent before. Rates in kbit/s.
struct LayerDivisionTests {
    private func videos(_ count: Int, _ ladder: LayerLadder = camera) -> [VideoDemand] {
        (0..<count).map { VideoDemand(id: UInt64($0), ladder: ladder) }
    }

    @Test(
        arguments: [
            (90, nil), (100, 0), (150, 0), (499, 0), (500, 1), (1_699, 1), (1_700, 2), (50_000, 2),
        ] as [(Int64, Int?)])
    func oneVideoGetsTheBestThatFits(_ budget: Int64, _ expected: Int?) {
        #expect(division(of: budget, among: videos(1)) == [expected])
    }

    @Test func equalVideosGetEqualPictures() {
        #expect(division(of: 1_000, among: videos(2)) == [1, 1])
        #expect(division(of: 2_000, among: videos(2)) == [1, 1])
        #expect(division(of: 2_200, among: videos(2)) == [2, 1])
        #expect(division(of: 700, among: videos(4)) == [0, 0, 0, 0])
        #expect(division(of: 1_000, among: videos(4)) == [1, 0, 0, 0])
    }

    @Test func theLeastImportantIsLeftOutFirst() {
        var four = videos(4)
        four[1].priority = 9
        four[2].isScreen = true
        four[3].isSpeaker = true
        #expect(division(of: 500, among: four) == [nil, 0, 0, 0])
        #expect(division(of: 300, among: four) == [nil, nil, 0, 0])
        #expect(division(of: 150, among: four) == [nil, nil, 0, nil])
        #expect(division(of: 100, among: four) == [nil, nil, 0, nil])
        #expect(division(of: 99, among: four) == [nil, nil, nil, nil])
    }

    @Test func screenThenSpeakerThenPriorityGetMore() {
        var four = videos(4)
        four[1].priority = 10
        four[2].isScreen = true
        four[3].isSpeaker = true
        #expect(division(of: 600, among: four) == [0, 0, 0, 0])
        #expect(division(of: 950, among: four) == [0, 0, 1, 0])
        #expect(division(of: 1_300, among: four) == [0, 0, 1, 1])
        #expect(division(of: 2_150, among: four) == [1, 1, 1, 1])
        #expect(division(of: 2_500, among: four) == [0, 0, 2, 1])
        #expect(division(of: 3_700, among: four) == [1, 1, 2, 1])
        #expect(division(of: 4_050, among: four) == [0, 1, 2, 2])
        #expect(division(of: 6_800, among: four) == [2, 2, 2, 2])
    }

    @Test func priorityIsAProportion() {
        let fine = simulcast([100, 200, 300, 400, 500, 600, 700, 800])
        var two = videos(2, fine)
        two[0].priority = 2
        two[1].priority = 6
        #expect(division(of: 800, among: two) == [1, 5])
        two[0].priority = 0
        two[1].priority = 255
        #expect(division(of: 900, among: two) == [0, 7])
    }

    @Test(
        arguments: [
            (320, 180, 0), (340, 190, 0), (400, 225, 1), (640, 360, 1), (640, 480, 1), (240, 320, 0), (700, 394, 1),
            (720, 405, 2), (4_000, 3_000, 2), (1, 1, 0), (nil, 360, 1), (640, nil, 1), (nil, nil, 2),
        ] as [(UInt16?, UInt16?, Int)])
    func nothingLargerThanAskedForIsSent(_ width: UInt16?, _ height: UInt16?, _ expected: Int) {
        var one = videos(1)
        one[0].width = width
        one[0].height = height
        #expect(division(of: 10_000, among: one) == [expected])
        one[0].ladder = LayerLadder(
            camera.steps.map { LayerStep($0.choice, rate: $0.rate) })
        #expect(division(of: 10_000, among: one) == [expected])
    }

    @Test func limitsOfLayersAreKept() {
        var candidates: [LayerStep] = []
        for spatial in UInt8(0)...2 {
            for temporal in UInt8(0)...2 {
                candidates.append(
                    LayerStep(
                        LayerChoice(encoding: 0, spatial: spatial, temporal: temporal),
                        rate: .kilobitsPerSecond(100 << (Int64(spatial) * 3 + Int64(temporal)))))
            }
        }
        var one = videos(1, LayerLadder(candidates))
        one[0].highestTemporal = 1
        #expect(division(of: 1_000_000, among: one) == [7])
        one[0].highestSpatial = 1
        #expect(division(of: 1_000_000, among: one) == [4])
        one[0].highestTemporal = nil
        #expect(division(of: 1_000_000, among: one) == [5])
        one = videos(1)
        one[0].highestEncoding = 1
        #expect(division(of: 1_000_000, among: one) == [1])
    }

    @Test func whatIsPausedOrSilentGetsNothing() {
        var three = videos(3)
        three[0].isPaused = true
        three[1].ladder = LayerLadder()
        #expect(division(of: 5_000, among: three) == [nil, nil, 2])
        var allocator = LayerAllocator()
        _ = allocator.allocate(.kilobitsPerSecond(300), videos: three, at: .zero)
        #expect((1_700...2_200).contains(allocator.wanted.kilobitsPerSecond))
    }

    @Test func wantedIncludesWhatDoesNotFit() {
        var allocator = LayerAllocator()
        #expect(allocator.allocate(.kilobitsPerSecond(50), videos: videos(3), at: .zero) == [nil, nil, nil])
        #expect(allocator.wanted.kilobitsPerSecond > 3 * 1_700)
    }

    @Test func aSingleVersionIsKeptWhileItNearlyFits() {
        let only = videos(2, simulcast([1_000]))
        #expect(division(of: 2_000, among: only) == [0, 0])
        #expect(division(of: 1_900, among: only) == [0, nil])
        #expect(division(of: 700, among: only) == [0, nil])
        #expect(division(of: 600, among: only) == [nil, nil])
    }

    @Test func anyVideosAreDividedWithinTheBudgetAndTheirLimits() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<2_000 {
            let videos = randomVideos(&random)
            let budget = Int64.random(in: 0...12_000, using: &random)
            let given = division(of: budget, among: videos)
            var sum = 0.0
            for (video, position) in zip(videos, given) {
                guard let position else { continue }
                #expect(!video.isPaused)
                let step = video.ladder.steps[position]
                sum += step.rate.kilobitsPerSecond
                let isLowest = position == 0
                #expect(isLowest || step.choice.encoding <= video.highestEncoding ?? .max)
                if let width = video.width { #expect(isLowest || step.width ?? 0 < 2 * width) }
            }
            let sent = zip(videos, given).filter { $0.1 != nil }
            let isOnlyTheLeast = sent.count == 1 && sum <= 1.5 * Double(budget)
            #expect(sum <= Double(budget) + 0.001 || isOnlyTheLeast)
        }
    }

    @Test func moreBudgetNeverMeansLessForAVideoAmongEquals() {
        var random = SeededRandom(seed: 12)
        for _ in 0..<200 {
            // Each step dearer than the one before.
            var rates: [Int64] = [Int64.random(in: 50...200, using: &random)]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                rates.append(rates.last.map { $0 * Int64.random(in: 20...40, using: &random) / 10 } ?? 0)
            }
            let videos = videos(Int.random(in: 1...12, using: &random), simulcast(rates))
            var before: [Int?] = videos.map { _ in nil }
            for budget in stride(from: Int64(0), to: 20_000, by: 400) {
                let given = division(of: budget, among: videos)
                for (less, more) in zip(before, given) { #expect(less ?? -1 <= more ?? -1) }
                before = given
            }
        }
    }
}

/// 1 to 20 videos, some of them limited, paused, important.
func randomVideos(_ random: inout SeededRandom) -> [VideoDemand] {
    (0..<Int.random(in: 1...20, using: &random)).map { number in
        var rates: [Int64] = [Int64.random(in: 30...1_000, using: &random)]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            rates.append(rates[rates.count - 1] * Int64.random(in: 12...40, using: &random) / 10)
        }
        var video = VideoDemand(id: UInt64(number), ladder: simulcast(rates))
        video.priority = .random(in: 0...12, using: &random)
        video.isScreen = Int.random(in: 0..<10, using: &random) == 0
        video.isSpeaker = Int.random(in: 0..<10, using: &random) == 0
        video.isPaused = Int.random(in: 0..<10, using: &random) == 0
        if Bool.random(using: &random) { video.highestEncoding = .random(in: 0...3, using: &random) }
        if Bool.random(using: &random) {
            video.width = .random(in: 100...2_000, using: &random)
            video.height = video.width.map { $0 / 16 * 9 }
        }
        return video
    }
}
