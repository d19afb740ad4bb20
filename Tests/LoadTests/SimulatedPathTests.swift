import Testing

@testable import Load

@Suite struct SimulatedPathTests {
    @Test func whatComesSlowerThanThePathIsNotHeldUp() throws {
        let path = SimulatedPath(bitsPerSecond: 300_000)
        for turn in Int64(0)..<100 {
            // 1172 + 28 bytes are 32 ms of 300 kbit/s.
            let through = try #require(path.admit(1_172, at: turn * 40_000))
            #expect(through == turn * 40_000 + 32_000)
        }
        #expect(path.dropped == 0)
    }

    @Test func whatComesFasterWaitsAndThenIsLost() {
        let path = SimulatedPath(bitsPerSecond: 300_000)
        var through: [Int64] = []
        for turn in Int64(0)..<1_000 {
            if let end = path.admit(1_172, at: turn * 10_000) { through.append(end - turn * 10_000) }
        }
        // Ten seconds of 32 ms each, and what waits.
        #expect((300...330).contains(through.count))
        #expect(path.dropped == 1_000 - UInt64(through.count))
        #expect(through.allSatisfy { $0 <= 200_000 + 32_000 })
        #expect(through.suffix(100).allSatisfy { $0 > 180_000 })
    }

    @Test func aPathThatFallsSilentIsEmptyAgain() throws {
        let path = SimulatedPath(bitsPerSecond: 100_000)
        for _ in 0..<50 { _ = path.admit(1_000, at: 0) }
        #expect(path.admit(1_000, at: 0) == nil)
        let later = try #require(path.admit(97, at: 10_000_000))
        #expect(later == 10_010_000)
    }

    @Test func theFlagSaysHowManyAndHowSlow() throws {
        let options = try LoadOptions(arguments: ["webinar", "3", "--slow", "1:300k"])
        #expect(options.slow?.count == 1 && options.slow?.bitsPerSecond == 300_000)
        #expect(try LoadOptions(arguments: ["meeting", "3", "--slow", "3:1M"]).slow?.bitsPerSecond == 1_000_000)
    }

    @Test(arguments: ["1", "300k", "1:0", "-1:300k", "1:300k:2", ":300k", "4:300k"])
    func aFlagThatMakesNoSenseIsNamed(text: String) {
        let error = #expect(throws: LoadError.self) {
            try LoadOptions(arguments: ["webinar", "3", "--slow", text])
        }
        #expect(error?.description.contains("--slow") == true)
    }
}
