import RelayProtocol
import Testing

struct KeyframeAppetiteTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    /// When requests are passed on to the publisher by somebody who asks every `interval` ms.
    private func passed(every interval: Int64, for milliseconds: Int64, lastKeyframe: Instant? = nil) -> [Int64] {
        var appetite = KeyframeAppetite()
        var times: [Int64] = []
        for now in Int64(0)..<milliseconds {
            let asks = now % interval == 0 && appetite.request(at: at(now))
            if asks || appetite.poll(at: at(now), lastKeyframe: lastKeyframe) { times.append(now) }
        }
        return times
    }

    @Test func whoKeepsAskingIsHeardEverMoreRarely() {
        #expect(passed(every: 100, for: 40_000) == [0, 1_000, 3_000, 7_000, 15_000, 23_000, 31_000, 39_000])
        #expect(passed(every: 1, for: 5_000) == [0, 1_000, 3_000])
    }

    @Test func whoAsksNowAndThenIsHeardAtOnce() {
        #expect(passed(every: 5_000, for: 20_001) == [0, 5_000, 10_000, 15_000, 20_000])
    }

    @Test func asksOnceAndIsServedAtTheEndOfThePause() {
        var appetite = KeyframeAppetite()
        func request(_ milliseconds: Int64) -> Bool { appetite.request(at: at(milliseconds)) }
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
        func request(_ milliseconds: Int64) -> Bool { appetite.request(at: at(milliseconds)) }
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
        func request(_ milliseconds: Int64) -> Bool { appetite.request(at: at(milliseconds)) }
        for now in Int64(0)..<10_000 {
            _ = appetite.request(at: at(now))
            _ = appetite.poll(at: at(now), lastKeyframe: nil)
        }
        #expect(!request(12_000))
        #expect(request(12_000 + 16_001))
        #expect(request(12_000 + 16_001 + 4_001))
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
                if appetite.request(at: at(now)), requests.request(at: at(now)) { sent.append(now) }
            }
            if requests.poll(at: at(now)) { sent.append(now) }
            // The keyframe takes 60 ms.
            if sent.contains(now - 60) { requests.keyframeArrived() }
        }
        #expect(sent.count >= 4 && sent.count <= 5)
        for (first, second) in zip(sent, sent.dropFirst()) { #expect(second - first >= 500) }
    }
}
