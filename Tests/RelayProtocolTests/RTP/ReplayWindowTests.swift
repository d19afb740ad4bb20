import RelayProtocol
import TestSupport
import Testing

@Suite struct ReplayWindowTests {
    /// RFC 3711, section 3.3.2, with a set that forgets nothing.
    private struct NaiveWindow {
        var newest: UInt64?
        var seen: Set<UInt64> = []

        func accepts(_ index: UInt64) -> Bool {
            guard let newest, index <= newest else { return true }
            return newest - index < UInt64(ReplayWindow.width) && !seen.contains(index)
        }

        mutating func record(_ index: UInt64) {
            seen.insert(index)
            newest = max(newest ?? 0, index)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6]) func acceptsWhatANaiveWindowAccepts(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var window = ReplayWindow()
        var naive = NaiveWindow()
        var around: UInt64 = 30_000
        for step in 0..<20_000 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0: around += UInt64.random(in: 0...5_000, using: &random)
            case 1...3: around += UInt64.random(in: 0...1_100, using: &random)
            case 4...40: around += 1
            default: break
            }
            let index = around - UInt64.random(in: 0...min(around, seed.isMultiple(of: 2) ? 1_200 : 70), using: &random)
            let accepted = window.accepts(index)
            #expect(accepted == naive.accepts(index), "step \(step), index \(index)")
            // Some that would be accepted turn out to be forged.
            guard accepted, Int.random(in: 0..<10, using: &random) > 0 else { continue }
            window.record(index)
            naive.record(index)
            #expect(window.newest == naive.newest)
        }
    }

    @Test func everyEdgeOfTheWindowIsExact() {
        // Each alignment of the newest index within a word, and of the distance to the one before it.
        for newest in UInt64(5_000)..<5_130 {
            for jump in [UInt64(1), 63, 64, 65, 900, 959, 960, 961, 1_023, 1_024, 1_025, 4_000] {
                var window = ReplayWindow()
                window.record(newest - jump)
                window.record(newest)
                for age in UInt64(0)..<1_100 {
                    let expected = age < UInt64(ReplayWindow.width) && age != 0 && age != jump
                    if window.accepts(newest - age) != expected {
                        Issue.record("newest \(newest), jump \(jump), age \(age): \(!expected)")
                        return
                    }
                }
            }
        }
    }

    @Test func findsTheIndexNearestToTheNewest() {
        var random = SeededRandom(seed: 50)
        for _ in 0..<20_000 {
            var window = ReplayWindow()
            let newest = UInt64.random(in: 40_000..<1 << 40, using: &random)
            window.record(newest)
            let index = UInt64(Int64(newest) + Int64.random(in: -32_767...32_767, using: &random))
            #expect(window.index(of: UInt16(truncatingIfNeeded: index)) == index)
        }
    }

    @Test func firstPacketsCountFromZero() {
        var window = ReplayWindow()
        #expect(window.index(of: 65_535) == 65_535)
        #expect(window.accepts(0) && window.accepts(65_535))
        window.record(65_535)
        #expect(window.index(of: 0) == 65_536)
        #expect(window.index(of: 65_534) == 65_534)
    }

    @Test func thereIsNothingBeforeTheFirstRollover() {
        var window = ReplayWindow()
        window.record(10)
        #expect(window.index(of: 65_530) == 65_530)
        #expect(window.index(of: 9) == 9)
    }

    @Test func survivesTheLastIndex() {
        var window = ReplayWindow()
        let last: UInt64 = 1 << 48 - 1
        window.record(last)
        #expect(!window.accepts(last))
        #expect(window.accepts(window.index(of: 0)))
        #expect(window.index(of: 0) == last + 1)
    }
}
