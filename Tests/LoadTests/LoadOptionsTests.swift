import Testing

@testable import Load

@Suite struct LoadOptionsTests {
    @Test func flagsChangeAScenario() throws {
        let options = try LoadOptions(arguments: [
            "meeting", "3", "--video=800k", "--fps", "15", "--duration", "2m", "--max-loss", "0.5%", "--min-joined",
            "90",
            "--max-p99-latency", "20ms", "--no-audio",
        ])
        #expect(options.publishers == 3 && options.subscribers == 0 && options.meets)
        #expect(options.videoBitrate == 800_000 && options.framesPerSecond == 15 && !options.sendsAudio)
        #expect(options.duration == .seconds(120))
        #expect(options.bounds.maximumLoss == 0.5 && options.bounds.minimumJoined == 90)
        #expect(options.bounds.maximumP99Latency == .milliseconds(20))
    }

    @Test func everyScenarioHasACountOfItsOwn() throws {
        for preset in LoadPreset.allCases {
            let options = try LoadOptions(arguments: [preset.rawValue])
            #expect(options.publishers + options.subscribers >= preset.count)
        }
    }

    @Test func aRampSpreadsAllJoins() throws {
        let options = try LoadOptions(arguments: [
            "--rooms", "2", "--publishers", "1", "--subscribers", "4", "--ramp", "5s",
        ])
        #expect(options.pace == 2)
        #expect(try LoadOptions(arguments: ["--ramp", "5s", "--join-rate", "7"]).pace == 7)
        #expect(try LoadOptions(arguments: ["join-storm"]).pace == nil)
    }

    @Test(arguments: [
        (["meetin"], "meeting"), (["--vidio", "1M"], "--video"), (["meeting", "1"], "from 2 to 100"),
        (["--fps", "0"], "1 to 120"),
        (["--fps"], "needs a value"), (["--no-audio", "--video", "0"], "nothing to send"), (["--video", "12"], "50M"),
        (["--duration", "0s"], "--duration"), (["--join-rate", "nan"], "--join-rate"),
        (["--join-rate", "1e-300"], "from 0.01"), (["--leave-churn", "1e-12"], "0 or from 0.01"),
        (["--scenario", "--rooms", "2"], "--scenario needs a value"),
        (["--max-loss", "101"], "percentage"),
        (["--all-to-all=yes"], "takes no value"), (["meeting", "3", "4"], "unexpected argument"),
        (["--publishers", "0", "--subscribers", "0"], "both 0"),
    ])
    func wrongArgumentsAreNamed(arguments: [String], hint: String) {
        let error = #expect(throws: LoadError.self) { try LoadOptions(arguments: arguments) }
        #expect(error?.description.contains(hint) == true, "\(error?.description ?? "")")
    }
}
