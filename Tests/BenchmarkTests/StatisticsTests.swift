import Testing

@testable import switchyard_bench

@Suite struct StatisticsTests {
    @Test func medianOfAnEvenNumberLiesBetweenTheTwoInTheMiddle() {
        #expect(median([4, 1, 3, 2]) == 2.5)
        #expect(median([9, 1, 5]) == 5)
    }

    @Test func nothingHasNoMedian() {
        #expect(median([]).isNaN)
        #expect(percentile([1], .nan).isNaN)
    }

    @Test func whatIsInfiniteCountsOnlyWhereItHasAPart() {
        #expect(median([17, .infinity, 22]) == 22)
        #expect(median([22, .infinity]) == .infinity)
        #expect(percentile([1, 2, .infinity], 0.25) == 1.5)
        #expect(median([.infinity, .infinity, 1]) == .infinity)
    }

    @Test(arguments: [(-1.0, 10.0), (0, 10), (0.25, 20), (0.375, 25), (0.99, 49.6), (1, 50), (7, 50)])
    func percentileIsInProportionBetweenNeighbours(share: Double, expected: Double) {
        #expect(abs(percentile([50, 10, 40, 20, 30], share) - expected) < 1e-9)
    }

    @Test func ratioIsOfMediansAndItsSpreadOfPairs() {
        // The third pair was measured while the machine was busy.
        let ratio = Ratio([10, 11, 40, 12, 9], to: [20, 22, 40, 24, 18])
        #expect(ratio.value == 0.5)
        #expect(ratio.lower == 0.5)
        #expect(ratio.upper == 0.5)
        let wide = Ratio([10, 20, 30], to: [10, 10, 10])
        #expect(wide.value == 2)
        #expect(wide.lower == 1.5)
        #expect(wide.upper == 2.5)
    }
}
