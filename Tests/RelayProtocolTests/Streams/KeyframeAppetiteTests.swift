import RelayProtocol
import Testing

struct KeyframeAppetiteTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    /// When requests are passed on to the publisher by somebody who asks every `interval` ms.
    /// - Parameter answer: how long after a request is passed on its keyframe comes, in ms; nil: never.
    private func passed(every interval: Int64, for milliseconds: Int64, answer: Int64? = 60) -> [Int64] {
        var appetite = KeyframeAppetite()
        var times: [Int64] = []
        for now in Int64(0)..<milliseconds {
            let keyframe = answer.flatMap { delay in times.last { $0 + delay <= now }.map { at($0 + delay) } }
            let asks = now % interval == 0 && appetite.request(at: at(now), lastKeyframe: keyframe)
            if asks || appetite.poll(at: at(now), lastKeyframe: keyframe) { times.append(now) }
        }
        return times
    }

    @Test func whoKeepsAskingIsHeardMoreRarelyButNeverWaitsForLong() {
        #expect(passed(every: 100, for: 12_000) == [0, 1_000, 3_000, 5_000, 7_000, 9_000, 11_000])
        #expect(passed(every: 1, for: 5_000) == [0, 1_000, 3_000])
    }

    @Test func whoGetsNoKeyframeDoesNotAskTooMuch() {
        #expect(passed(every: 100, for: 5_001, answer: nil) == [0, 1_000, 2_000, 3_000, 4_000, 5_000])
    }

    @Test func whoAsksNowAndThenIsHeardAtOnce() {
        #expect(passed(every: 5_000, for: 20_001) == [0, 5_000, 10_000, 15_000, 20_000])
    }

    @Test func whoWaitsAgainAndAgainIsCountedAsOneWhoAsks() {
        var appetite = KeyframeAppetite()
        var times: [Int64] = []
        func waits(_ milliseconds: Int64) -> Bool { appetite.waits(at: at(milliseconds), lastKeyframe: nil) }
        func request(_ milliseconds: Int64) -> Bool { appetite.request(at: at(milliseconds), lastKeyframe: nil) }
        for now in stride(from: Int64(0), to: 8_000, by: 100) {
            if appetite.waits(at: at(now), lastKeyframe: times.last.map { at($0 + 60) }) { times.append(now) }
        }
        #expect(times == [0, 1_000, 3_000, 5_000, 7_000])
        // All that it waits for at one instant is one request.
        #expect(waits(20_000))
        #expect(waits(20_000))
        #expect(!waits(20_001))
        #expect(!request(20_500))
        #expect(request(21_000))
    }

    @Test func asksOnceAndIsServedAtTheEndOfThePause() {
        var appetite = KeyframeAppetite()
        func request(_ milliseconds: Int64) -> Bool { appetite.request(at: at(milliseconds), lastKeyframe: nil) }
        func poll(_ milliseconds: Int64, _ lastKeyframe: Instant?) -> Bool {
            appetite.poll(at: at(milliseconds), lastKeyframe: lastKeyframe)
        }
        #expect(request(0))
        #expect(!request(300))
        #expect(appetite.deadline == at(1_000))
        #expect(!poll(999, at(100)))
        #expect(poll(1_000, at(100)))
        #expect(appetite.deadline == nil)
        #expect(!poll(9_000, nil))
    }

    @Test func aKeyframeThatCameMeanwhileServes() {
        var appetite = KeyframeAppetite()
        func request(_ milliseconds: Int64) -> Bool { appetite.request(at: at(milliseconds), lastKeyframe: nil) }
        func poll(_ milliseconds: Int64, _ lastKeyframe: Instant?) -> Bool {
            appetite.poll(at: at(milliseconds), lastKeyframe: lastKeyframe)
        }
        #expect(request(0))
        #expect(!request(300))
        #expect(!poll(500, at(400)))
        #expect(appetite.deadline == nil)
        #expect(appetite.delayed == 1)
    }

    @Test func calmBeginsAnew() {
        var appetite = KeyframeAppetite()
        func request(_ milliseconds: Int64) -> Bool { appetite.request(at: at(milliseconds), lastKeyframe: at(9_500)) }
        for now in Int64(0)..<10_000 {
            let keyframe = at(now - now % 1_000 + 60)
            _ = appetite.request(at: at(now), lastKeyframe: keyframe)
            _ = appetite.poll(at: at(now), lastKeyframe: keyframe)
        }
        #expect(!request(10_900))
        #expect(request(10_900 + 4_001))
        #expect(!request(10_900 + 4_002))
        #expect(appetite.deadline == at(10_900 + 5_001))
    }

    /// A thousand join within two seconds, each asking on its own: the publisher is asked once in 500 ms.
    @Test func aStormOfJoinsCostsAKeyframeEach500Milliseconds() {
        var requests = KeyframeRequests()
        var sent: [Int64] = []
        for now in Int64(0)..<3_000 {
            // Each asks once at first, half of them again a while later.
            let asks = now < 2_000 && now % 2 == 0
            if asks {
                var appetite = KeyframeAppetite()
                if appetite.request(at: at(now), lastKeyframe: nil), requests.request(at: at(now)) { sent.append(now) }
            }
            if requests.poll(at: at(now)) { sent.append(now) }
            // The keyframe takes 60 ms.
            if sent.contains(now - 60) { requests.keyframeArrived() }
        }
        #expect(sent.count >= 4 && sent.count <= 5)
        for (first, second) in zip(sent, sent.dropFirst()) { #expect(second - first >= 500) }
    }
}
