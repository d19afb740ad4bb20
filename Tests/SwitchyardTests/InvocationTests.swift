import Testing

@testable import Configuration

struct InvocationTests {
    @Test func readsCommandsAndFlagsInAnyOrder() throws {
        let invocation = try Invocation(arguments: [
            "--workers", "2", "serve", "--no-supervise", "--config=a=b.json5", "--demo",
        ])
        #expect(invocation.command == .serve && !invocation.supervises && invocation.file == "a=b.json5")
        #expect(invocation.values == ["media.workers": ["2"], "demo": ["true"]])
    }

    @Test(arguments: [
        ["--help"], ["-h"], ["help"], ["serve", "--help"], ["help", "serve"], ["serve", "--workers", "2", "-h"],
    ])
    func helpsWhereverItIsAskedTo(arguments: [String]) throws {
        #expect(try Invocation(arguments: arguments).command == .help)
    }

    @Test func takesTheKeysOwnFormOfAFlag() throws {
        #expect(
            try Invocation(arguments: ["serve", "--http-api-keys", "a,b"]).values == ["http.api-keys": ["a", "b"]])
    }

    @Test func readsWhatABackupIsToBe() throws {
        let invocation = try Invocation(arguments: ["backup", "--data-dir", "d", "copy.db", "--force"])
        #expect(invocation.command == .backup && invocation.backupFile == "copy.db" && invocation.forces)
        #expect(invocation.values == ["data-dir": ["d"]])
        #expect(try !Invocation(arguments: ["backup", "copy.db"]).forces)
    }

    @Test(arguments: [
        ([], ConfigurationError.missingCommand),
        (["backup"], .missingOperand(command: "backup", placeholder: "FILE")),
        (["backup", "a", "b"], .unexpectedArgument("b")),
        (["backup", "a", "--force=1"], .needlessValue(flag: "--force")),
        (["--workers", "1"], .missingCommand),
        (["sevre"], .unknownCommand("sevre", nearest: "serve")),
        (["fly"], .unknownCommand("fly", nearest: nil)),
        (["serve", "now"], .unexpectedArgument("now")),
        (["serve", "--lisen", "x"], .unknownFlag("--lisen", nearest: "--listen")),
        (["serve", "--port=1"], .unknownFlag("--port", nearest: "--media-port")),
        (["serve", "--no-workers"], .unknownFlag("--no-workers", nearest: "--workers")),
        (["serve", "-l"], .unknownFlag("-l", nearest: nil)),
        (["serve", "--listen"], .missingValue(flag: "--listen", placeholder: "ADDR:PORT")),
        (["serve", "--listen", "--demo"], .missingValue(flag: "--listen", placeholder: "ADDR:PORT")),
        (["serve", "--config"], .missingValue(flag: "--config", placeholder: "FILE")),
        (["serve", "--no-demo=1"], .needlessValue(flag: "--no-demo")),
        (["serve", "--no-supervise=1"], .needlessValue(flag: "--no-supervise")),
    ])
    func saysWhatIsWrong(arguments: [String], error: ConfigurationError) {
        #expect(throws: error) { try Invocation(arguments: arguments) }
    }

    @Test func countsEditsAndSwaps() {
        #expect(Nearest.distance("listen", "listen") == 0)
        #expect(Nearest.distance("lsiten", "listen") == 1)
        #expect(Nearest.distance("", "abc") == 3)
        #expect(Nearest.distance("kitten", "sitting") == 3)
    }
}
