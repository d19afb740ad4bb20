import Testing

@testable import Load

@Suite struct LatencyHistogramTests {
    @Test func percentilesAreWithinThreePercent() throws {
        var histogram = LatencyHistogram()
        for value in 1...10_000 { histogram.add(Int64(value)) }
        for share in [0.01, 0.5, 0.9, 0.99, 0.999] {
            let found = Double(try #require(histogram.percentile(share)))
            #expect(abs(found - share * 10_000) <= share * 10_000 * 0.035)
        }
        #expect(histogram.percentile(1) == 10_000)
        #expect(histogram.maximum == 10_000)
    }

    @Test func smallValuesAreExactAndNegativeOnesCountAsNothing() {
        var histogram = LatencyHistogram()
        for value: Int64 in [-5, 3, 63] { histogram.add(value) }
        #expect(histogram.percentile(0) == 0)
        #expect(histogram.percentile(0.5) == 3)
        #expect(histogram.percentile(1) == 63)
    }

    @Test func withoutValuesThereIsNoPercentile() { #expect(LatencyHistogram().percentile(0.5) == nil) }

    @Test func hugeValuesDoNotOverflow() {
        var histogram = LatencyHistogram()
        histogram.add(.max)
        #expect(histogram.percentile(0.5) == .max || histogram.percentile(0.5).map { $0 > 1 << 40 } == true)
    }

    @Test func mergingEqualsAddingAll() {
        var first = LatencyHistogram()
        var second = LatencyHistogram()
        var both = LatencyHistogram()
        for value: Int64 in 0..<500 {
            if value % 3 == 0 { first.add(value * 7) } else { second.add(value * 7) }
            both.add(value * 7)
        }
        first.merge(second)
        #expect(first.count == both.count)
        #expect(first.percentile(0.9) == both.percentile(0.9))
    }
}
