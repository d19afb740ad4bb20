import Log
import RelayControl
import Testing

@testable import Configuration

/// What the given sources make of it.
func configuration(
    _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
) throws(ConfigurationError) -> Configuration {
    let invocation = try Invocation(arguments: ["serve"] + (file == nil ? [] : ["--config", "test.json5"]) + arguments)
    return try Configuration(invocation, environment: environment) { _ in Array((file ?? "").utf8) }
}

struct PrecedenceTests {
    private let file = "{http: {listen: '127.0.0.1:1003'}}"
    private let environment = ["SWITCHYARD_HTTP_LISTEN": "127.0.0.1:1002"]
    private let flag = ["--listen", "127.0.0.1:1001"]

    @Test func aFlagBeatsTheEnvironmentBeatsTheFileBeatsTheDefault() throws {
        let setting = try #require(SettingsTable.setting(key: "http.listen"))
        func check(_ configuration: Configuration, port: UInt16, source: SettingSource) {
            #expect(configuration.settings.listen.port == port)
            #expect(configuration.source(of: setting) == source)
        }
        check(try configuration(flag, environment: environment, file: file), port: 1001, source: .flag("--listen"))
        check(
            try configuration(environment: environment, file: file), port: 1002,
            source: .environment(variable: "SWITCHYARD_HTTP_LISTEN"))
        check(try configuration(file: file), port: 1003, source: .file("test.json5"))
        check(try configuration(), port: 8080, source: .preset)
    }

    @Test func aStrongerSourceReplacesAListAsAWhole() throws {
        let file = "{http: {'api-keys': ['one', 'two']}}"
        #expect(try configuration(file: file).settings.keys == ["one", "two"])
        #expect(
            try configuration(environment: ["SWITCHYARD_HTTP_API_KEYS": "three, four"], file: file).settings.keys == [
                "three", "four",
            ])
        #expect(
            try configuration(["--api-key", "five", "--api-key=six"], file: file).settings.keys == ["five", "six"])
    }

    @Test func anEmptyVariableIsNotSet() throws {
        #expect(
            try configuration(environment: ["SWITCHYARD_HTTP_LISTEN": "", "SWITCHYARD_CONFIG": ""]).settings
                == Settings())
    }

    @Test func theLastOfARepeatedFlagCounts() throws {
        #expect(try configuration(["--workers", "2", "--workers=3"]).settings.workers == 3)
    }

    @Test func theEnvironmentCanNameTheFile() throws {
        let invocation = try Invocation(arguments: ["serve"])
        let configuration = try Configuration(invocation, environment: ["SWITCHYARD_CONFIG": "a.json5"]) { path in
            #expect(path == "a.json5")
            return Array("{demo: true}".utf8)
        }
        #expect(configuration.settings.demo == true)
    }
}

struct FileTests {
    @Test func readsJSON5() throws {
        let settings = try configuration(
            file: """
                // a comment
                {
                    http: { listen: '127.0.0.1:9000', "max-body": '2MiB', /* another */ 'allow-origins': ["https://a.example",], },
                    "media.port": 0x1388,
                    media: { announce: ['203.0.113.7=10.0.0.5', '10.0.0.6'], workers: 2 },
                    ice: { 'consent-timeout': .5 },
                    users: { "idle-timeout": "off" },
                    demo: false,
                    log: { level: "debug", format: "json" },
                }
                """
        ).settings
        #expect(settings.listen == ListenAddress(host: "127.0.0.1", port: 9000))
        #expect(settings.maximumBodyBytes == 2 << 20)
        #expect(settings.allowedOrigins == ["https://a.example"])
        #expect(settings.mediaPort == 5000 && settings.workers == 2)
        #expect(
            settings.announced == [
                .init(advertised: "203.0.113.7", local: "10.0.0.5"), .init(advertised: "10.0.0.6", local: "10.0.0.6"),
            ])
        #expect(settings.consentTimeout == .milliseconds(500))
        #expect(settings.userIdleTimeout == nil && settings.demo == false)
        #expect(settings.logLevel == .debug && settings.logFormat == .json)
    }

    @Test func namesTheNearestOfAnUnknownKey() {
        #expect(throws: ConfigurationError.unknownKey("http.listn", file: "test.json5", nearest: "http.listen")) {
            try configuration(file: "{http: {listn: '127.0.0.1:1'}}")
        }
        #expect(throws: ConfigurationError.unknownKey("listen", file: "test.json5", nearest: "http.listen")) {
            try configuration(file: "{listen: '127.0.0.1:1'}")
        }
        #expect(throws: ConfigurationError.unknownKey("colour", file: "test.json5", nearest: nil)) {
            try configuration(file: "{colour: 'red'}")
        }
    }

    @Test func refusesAKeySetInBothSpellings() {
        #expect(throws: ConfigurationError.repeatedKey("media.port", file: "test.json5")) {
            try configuration(file: "{media: {port: 1}, 'media.port': 2}")
        }
    }

    @Test(arguments: ["", "{", "[1]", "{a:1 b:2}", "{} {}", "\"x\"", "{http: 'x\ny'}"])
    func saysWhichFileIsMalformed(text: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try configuration(file: text) }
        guard case .malformedFile("test.json5", let reason) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test func saysWhyAFileCannotBeRead() throws {
        let invocation = try Invocation(arguments: ["serve", "--config", "/nonexistent/file"])
        #expect(throws: ConfigurationError.unreadableFile("/nonexistent/file", reason: "No such file or directory")) {
            try Configuration(invocation, environment: [:])
        }
    }
}

struct BadValueTests {
    @Test(arguments: [
        ("--listen", "8080"), ("--listen", "example.com:80"), ("--listen", "127.0.0.1:65536"),
        ("--listen", "[127.0.0.1]:1"),
        ("--listen", "::1:80"), ("--media-port", "-1"), ("--media-port", "65536"), ("--workers", "0"),
        ("--workers", "many"),
        ("--announce", "host.example"), ("--announce", "203.0.113.7=::1"), ("--announce", "1.2.3.4=1.2.3.4=1.2.3.4"),
        ("--http-max-body", "1TiB"), ("--http-max-body", "9223372036854775807GiB"), ("--http-max-body", "1023"),
        ("--ice-consent-timeout", "1d"), ("--ice-consent-timeout", "-1"), ("--ice-consent-timeout", "1e300h"),
        ("--rooms-empty-timeout", "off"), ("--allow-origin", "https://a.example/path"), ("--allow-origin", "*"),
        ("--log-level", "loud"), ("--data-dir", ""), ("--tls-cert", ""),
    ])
    func namesTheSettingItsSourceAndWhatIsExpected(flag: String, value: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try configuration([flag + "=" + value]) }
        let name = String(flag.dropFirst(2))
        let setting = try #require(SettingsTable.all.first { $0.flags.contains(name) })
        #expect(error == .badValue(key: setting.key, value: value, source: .flag(flag), expected: setting.expected))
        #expect(error?.description == "\(setting.key) (flag \(flag)) must be \(setting.expected); it is \"\(value)\"")
    }

    @Test(arguments: ["{media: {port: null}}", "{media: {port: [1]}}", "{media: {port: true}}", "{media: {port: 1.5}}"])
    func refusesValuesOfTheWrongKind(file: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try configuration(file: file) }
        #expect(
            error?.description.hasPrefix("media.port (file test.json5) must be a port from 0 to 65535; it is ") == true)
    }

    @Test func namesTheVariable() {
        #expect(
            throws: ConfigurationError.badValue(
                key: "media.workers", value: "x", source: .environment(variable: "SWITCHYARD_MEDIA_WORKERS"),
                expected: "a whole number from 1 to 256, or auto")
        ) { try configuration(environment: ["SWITCHYARD_MEDIA_WORKERS": "x"]) }
    }

    @Test func doesNotRepeatABadSecret() throws {
        let error = #expect(throws: ConfigurationError.self) { try configuration(["--api-key", "top secret"]) }
        #expect(try !#require(error).description.contains("top"))
    }

    @Test func warnsOfAMistypedVariableButNotOfForeignOnes() throws {
        let environment = [
            "SWITCHYARD_HTTP_LISTN": "x", "SWITCHYARD_PORT_8080_TCP_ADDR": "10.0.0.1",
            "SWITCHYARD_SERVICE_HOST": "10.0.0.1",
        ]
        #expect(
            try configuration(environment: environment).warnings
                == [
                    "the environment variable SWITCHYARD_HTTP_LISTN is not a setting; did you mean SWITCHYARD_HTTP_LISTEN?"
                ])
    }
}

struct ConsistencyTests {
    private func problem(_ arguments: String..., processors: Int = 2) throws -> ConfigurationError? {
        let settings = try configuration(arguments).settings
        do { try settings.check(processors: processors) } catch { return error }
        return nil
    }

    @Test func wantsKeysBeforeOthersCanReachIt() throws {
        #expect(try problem("--listen", "0.0.0.0:8080")?.description.contains("http.api-keys must be set") == true)
        #expect(try problem("--listen", "[::]:8080")?.description.contains("http.listen") == true)
        #expect(try problem("--listen", "0.0.0.0:8080", "--api-key", "k") == nil)
        #expect(try problem("--listen", "127.8.0.1:8080") == nil)
        #expect(try problem("--listen", "[::1]:8080") == nil)
        #expect(try problem("--listen", "localhost:8080") == nil)
    }

    @Test func wantsCertificateAndKeyTogether() throws {
        #expect(try problem("--tls-cert", "a.pem")?.description.contains("http.tls-key") == true)
        #expect(try problem("--tls-cert", "a.pem", "--tls-key", "b.pem") == nil)
    }

    @Test func wantsAPortForEveryWorker() throws {
        #expect(try problem("--media-port", "65535", "--workers", "2")?.description.contains("65535") == true)
        #expect(try problem("--media-port", "65535", "--workers", "1") == nil)
        #expect(try problem("--media-port", "0", "--workers", "9") == nil)
        #expect(try problem("--media-port", "65530", processors: 16) != nil)
    }

    @Test func servesTheDemoUnlessThereAreKeys() throws {
        #expect(try configuration().settings.servesDemo)
        #expect(try !configuration(["--api-key", "k"]).settings.servesDemo)
        #expect(try configuration(["--api-key", "k", "--demo"]).settings.servesDemo)
        #expect(try !configuration(["--no-demo"]).settings.servesDemo)
    }

    @Test func leavesAProcessorToControl() {
        #expect([1, 2, 8].map { Settings().workerCount(processors: $0) } == [1, 1, 7])
    }
}
