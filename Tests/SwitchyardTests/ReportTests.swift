import Glibc
import Testing

@testable import Configuration

struct ReportTests {
    private let given = [
        "--workers", "3", "--announce", "203.0.113.7=10.0.0.5,10.0.0.6", "--ice-consent-timeout", "1500ms",
        "--http-max-body", "2MiB",
        "--users-idle-timeout", "90", "--no-demo", "--log-format", "json", "--data-dir", "a \"quoted\" \\ folder",
        "--allow-origin",
        "http://localhost:3000",
    ]

    @Test func isAConfigurationFileOfTheSameSettings() throws {
        for arguments in [[], given] {
            let original = try configuration(arguments)
            #expect(try configuration(file: ConfigurationReport.text(original)).settings == original.settings)
        }
    }

    @Test func saysWhereEachValueCameFrom() throws {
        let report = ConfigurationReport.text(
            try configuration(["--workers", "3"], environment: ["SWITCHYARD_MEDIA_PORT": "5000"], file: "{demo: true}"))
        func line(_ start: String) -> String? {
            report.split(separator: "\n").map { $0.drop { $0 == " " } }.first { $0.hasPrefix(start) }.map(String.init)
        }
        #expect(line("workers: 3,")?.hasSuffix("// flag --workers") == true)
        #expect(line("port: 5000,")?.hasSuffix("// environment SWITCHYARD_MEDIA_PORT") == true)
        #expect(line("demo: true,")?.hasSuffix("// file test.json5") == true)
        #expect(line("listen: \"127.0.0.1:8080\",")?.hasSuffix("// default") == true)
    }

    @Test func masksSecrets() throws {
        let report = ConfigurationReport.text(try configuration(["--api-key", "hunter2", "--api-key", "swordfish"]))
        #expect(!report.contains("hunter2") && !report.contains("swordfish"))
        #expect(report.contains("\"api-keys\": [\"********\", \"********\"],"))
    }
}

struct TableTests {
    @Test func namesAreUnique() {
        let flags = SettingsTable.all.flatMap(\.flags)
        #expect(Set(flags).count == flags.count)
        #expect(Set(SettingsTable.all.map(\.environmentVariable)).count == SettingsTable.all.count)
    }

    @Test func everyDefaultIsWhatItsOwnFormatReads() {
        for setting in SettingsTable.all {
            var settings = Settings()
            #expect(setting.assign(&settings, setting.texts(settings)), "\(setting.key)")
            #expect(settings == Settings(), "\(setting.key)")
        }
    }

    @Test func helpNamesEverySettingInLinesThatFit() {
        let help = HelpText.text
        for setting in SettingsTable.all { #expect(help.contains("--\(setting.flag)") && help.contains(setting.key)) }
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 110 })
    }

    /// `switchyard config --reference` prints what belongs between the two marks.
    @Test func theDocumentationIsInStep() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let document = String(decoding: try Configuration.readFile("/\(root)/docs/configuration.md"), as: UTF8.self)
        let begin = "<!-- settings -->\n", end = "<!-- end of settings -->"
        let start = try #require(document.firstRange(of: begin))
        let stop = try #require(document.firstRange(of: end))
        #expect(document[start.upperBound..<stop.lowerBound] == SettingsReference.markdown)
    }
}
