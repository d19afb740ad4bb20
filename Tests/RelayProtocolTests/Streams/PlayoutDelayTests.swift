import RelayProtocol
import Testing

struct PlayoutDelayTests {
    /// A subscriber that reports each second.
    private struct Subscriber {
        var delay = PlayoutDelay()
        var roundTrip: Instant.Span? = .milliseconds(50)
        private var second: Int64 = 0

        /// - Returns: what is sent after each report, in units of 10 ms; nil where nothing is.
        @discardableResult
        mutating func report(_ count: Int, packets: Int = 200, lost: Int) -> [[Int]?] {
            (0..<count).map { _ in
                second += 1
                delay.reported(
                    packets: packets, lost: lost, roundTrip: roundTrip, at: Instant.zero + .seconds(second))
                return sent
            }
        }

        var sent: [Int]? { delay.limits.map { [Int($0 >> 12), Int($0 & 0xfff)] } }
    }

    @Test func nothingIsSentWhereLittleGetsLost() {
        var subscriber = Subscriber()
        #expect(subscriber.report(60, lost: 0).allSatisfy { $0 == nil })
        #expect(subscriber.report(60, lost: 2).allSatisfy { $0 == nil })
    }

    @Test(arguments: [(0, 10), (53, 21), (50, 20), (100, 30), (150, 40), (30_000, 40), (nil, 30)] as [(Int64?, Int)])
    func muchLossIsAnsweredByTimeForTwoRequests(_ milliseconds: Int64?, least: Int) {
        var subscriber = Subscriber()
        subscriber.roundTrip = milliseconds.map { .milliseconds($0) }
        subscriber.report(7, lost: 10)
        #expect(subscriber.report(3, lost: 10) == [[least, 1_000], [least, 1_000], [least, 1_000]])
    }

    @Test func itGrowsInStepsThatAreNotSeen() {
        var delay = PlayoutDelay()
        var now = Instant.zero
        var told: [Int] = []
        for _ in 0..<40 {
            now = now + .milliseconds(50)
            delay.reported(packets: 15, lost: 1, roundTrip: .milliseconds(50), at: now)
            if let limits = delay.limits { told.append(Int(limits >> 12)) }
        }
        #expect(told.first == 5 && told.last == 20)
        #expect(zip(told, told.dropFirst()).allSatisfy { (0...2).contains($1 - $0) })
        // All of it within three quarters of a second.
        #expect(told.firstIndex(of: 20).map { $0 <= 15 } == true)
    }

    @Test func onePacketOfANarrowStreamIsNoLossyPath() {
        var subscriber = Subscriber()
        subscriber.report(10, packets: 15, lost: 0)
        subscriber.report(1, packets: 15, lost: 1)
        #expect(subscriber.report(10, packets: 15, lost: 0).allSatisfy { $0 == nil })
        #expect(subscriber.report(1, packets: 15, lost: 5) == [[5, 1_000]])
    }

    @Test func tooFewPacketsSayNothing() {
        var subscriber = Subscriber()
        #expect(subscriber.report(60, packets: 7, lost: 4).allSatisfy { $0 == nil })
    }

    @Test func whatCameAfterAllWasNotLost() {
        var subscriber = Subscriber()
        subscriber.report(20, lost: 0)
        for _ in 0..<20 {
            subscriber.report(1, lost: 2)
            subscriber.report(1, lost: -2)
            #expect(subscriber.sent == nil)
        }
    }

    @Test func theEndIsToldForAWhileAndNeverAsLowLatency() throws {
        var subscriber = Subscriber()
        subscriber.report(5, lost: 10)
        let after = subscriber.report(60, lost: 0)
        let ends = try #require(after.firstIndex(of: [0, 1_000]))
        #expect(after[..<ends].allSatisfy { $0 == [20, 1_000] })
        // Ten seconds of calm, and some for the loss to be forgotten.
        #expect((10...20).contains(ends))
        let silent = try #require(after.firstIndex(of: nil))
        #expect(silent == ends + 5)
        #expect(after[ends..<silent].allSatisfy { $0 == [0, 1_000] })
        #expect(after[silent...].allSatisfy { $0 == nil })
    }

    @Test func inBetweenItStaysAsItIs() {
        var subscriber = Subscriber()
        subscriber.report(5, lost: 10)
        #expect(subscriber.report(60, lost: 2).allSatisfy { $0 == [20, 1_000] })
        // Calm never lasts for ten seconds.
        for _ in 0..<10 {
            subscriber.report(8, lost: 0)
            subscriber.report(1, lost: 5)
            #expect(subscriber.sent == [20, 1_000])
        }
    }

    @Test func lossThatComesBackIsAnsweredAtOnce() {
        var subscriber = Subscriber()
        subscriber.report(5, lost: 10)
        while subscriber.report(1, lost: 0) == [[20, 1_000]] {}
        #expect(subscriber.sent == [0, 1_000])
        #expect(subscriber.report(1, lost: 20) == [[5, 1_000]])
        #expect(subscriber.report(1, lost: 20) == [[10, 1_000]])
    }

    @Test func followsTheRoundTripOnlyWhereItChangesMuch() {
        var subscriber = Subscriber()
        subscriber.report(5, lost: 10)
        for milliseconds in [60, 45, 40, 60] as [Int64] {
            subscriber.roundTrip = .milliseconds(milliseconds)
            #expect(subscriber.report(2, lost: 10) == [[20, 1_000], [20, 1_000]])
        }
        subscriber.roundTrip = .milliseconds(80)
        #expect(subscriber.report(2, lost: 10) == [[25, 1_000], [26, 1_000]])
        subscriber.roundTrip = .milliseconds(20)
        #expect(subscriber.report(1, lost: 10) == [[14, 1_000]])
    }

    @Test func absurdReportsDoNoHarm() {
        var subscriber = Subscriber()
        for roundTrip in [Int64.min, .max, -1] {
            subscriber.roundTrip = .microseconds(roundTrip)
            for (packets, lost) in [(Int.max, Int.min), (Int.min, Int.max), (0, 5), (1, .max), (.max, .max)] {
                subscriber.report(1, packets: packets, lost: lost)
                if let sent = subscriber.sent { #expect((0...40).contains(sent[0]) && sent[1] == 1_000) }
            }
        }
    }
}
