import Testing

@testable import switchyard_bench

@Suite struct OptionsTests {
    @Test func withoutNamesEverythingButTheBareBoundIsMeasured() throws {
        #expect(
            try Options([]).suites == [
                .micro, .mixing, .forwarding, .span, .allocations, .memory, .joins, .storm, .macro,
            ])
        #expect(try Options(["micro", "joins"]).suites == [.micro, .joins])
    }

    @Test func consumersAreFiftyAndTwoHundredUnlessGiven() throws {
        #expect(try Options([]).consumerCounts == [50, 200])
        #expect(try Options(["--consumers", "7"]).consumerCounts == [7])
        #expect(try Options([]).spanning.consumers == 200)
        #expect(try Options(["--consumers", "7"]).spanning.consumers == 7)
    }

    @Test func comparingTwoBuildsTakesManyShortWindows() throws {
        let options = try Options(["--against", "/tmp/other"])
        #expect(options.suites == [.forwarding])
        #expect(options.seconds == 2)
        #expect(options.rounds == 15)
        #expect(try Options(["--against", "/tmp/other", "--rounds", "3"]).rounds == 3)
    }

    @Test(arguments: [
        ["--rounds"], ["--rounds", "0"], ["--rounds", "x"], ["--wrong", "1"], ["wrong"], ["--against", "/x", "memory"],
        ["--versus", "janus", "--deliver-on", "nobody"],
    ])
    func mistakesAreRefused(arguments: [String]) {
        #expect(throws: BenchmarkError.self) { try Options(arguments) }
    }

    @Test func scenariosCountEveryConnection() {
        #expect(Scenario.webinar(50, kilobits: 0).transports == 51)
        #expect(Scenario.meeting(4, kilobits: 0).transports == 16)
    }
}
