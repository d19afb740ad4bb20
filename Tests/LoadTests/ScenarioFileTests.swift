import Testing

@testable import Load

@Suite struct ScenarioFileTests {
    private func options(_ text: String, _ arguments: String...) throws(LoadError) -> LoadOptions {
        try LoadOptions(arguments: ["--scenario", "file.json5"] + arguments) { _ throws(LoadError) in Array(text.utf8) }
    }

    @Test func aFileSaysWhatFlagsSay() throws {
        let fromFile = try options(
            """
            {preset: "meeting 3", video: "800k", fps: 15, duration: "2m", "max-loss": 0.5, audio: false, // as always
             simulcast: true, codec: 'h264', srtp: "cm", drop: 1.5, seed: 7}
            """)
        var fromFlags = try LoadOptions(arguments: [
            "meeting", "3", "--video", "800k", "--fps", "15", "--duration", "2m", "--max-loss", "0.5", "--no-audio",
            "--simulcast", "--codec", "h264", "--srtp", "cm", "--drop", "1.5", "--seed", "7",
        ])
        fromFlags.scenarioFile = "file.json5"
        #expect(fromFile == fromFlags)
    }

    @Test func aSeedMayBeTheLargestNumber() throws {
        #expect(try options("{seed: 18446744073709551615}").seed == .max)
    }

    @Test func flagsChangeWhatTheFileSays() throws {
        let options = try options(
            #"{preset: "webinar 9", video: "800k", simulcast: true, "all-to-all": true}"#, "--video", "2M",
            "--no-simulcast")
        #expect(options.videoBitrate == 2_000_000 && !options.isSimulcast && options.meets && options.subscribers == 9)
        #expect(try self.options(#"{preset: "webinar 9"}"#, "--subscribers=2").subscribers == 2)
    }

    @Test func thePresetComesBeforeTheRestWhereverItStands() throws {
        let options = try options(#"{"publishers": 4, "join-rate": 3, preset: "webinar 9"}"#)
        #expect(options.publishers == 4 && options.subscribers == 9 && options.joinRate == 3)
    }

    @Test(arguments: [
        ("{vidio: 1}", "did you mean video?"), ("{fps: 'many'}", "fps must be a whole number"),
        ("{fps: true}", "fps must be"), ("{audio: 'yes'}", "audio must be true or false"), ("{fps: [30]}", "an array"),
        ("{preset: 'webinr'}", "did you mean webinar?"), ("{preset: 'webinar x'}", "from 1 to 2000"),
        ("{preset: 3}", "preset must be"), ("[]", "must be an object"), ("{", "is not JSON5"),
        ("{'allow-target': '192.0.2.1'}", "command line"), ("{scenario: 'other'}", "cannot name another"),
        ("{video: null}", "null"), ("{insecure: true}", "command line"),
        ("{'api-key': 'k'}", "SWITCHYARD_LOAD_API_KEY"),
        ("{'join-rate': 1e-300}", "from 0.01"), ("{seed: 18446744073709551616}", "seed must be"),
    ])
    func whatIsWrongIsNamedWithTheFile(text: String, hint: String) {
        let error = #expect(throws: LoadError.self) { try options(text) }
        let description = error?.description ?? ""
        #expect(description.contains(hint) && description.contains("file.json5"), "\(description)")
    }

    @Test(arguments: [["--scenario"], ["--scenario="]])
    func aMissingFileNameIsNamed(arguments: [String]) {
        let error = #expect(throws: LoadError.self) { try LoadOptions(arguments: arguments) }
        #expect(error?.description.contains("--scenario") == true)
    }

    @Test func aMissingFileIsAWrongCommandLine() {
        let error = #expect(throws: LoadError.self) { try LoadOptions(arguments: ["--scenario", "/nowhere/at.all"]) }
        #expect(error?.description.contains("/nowhere/at.all") == true)
    }
}
