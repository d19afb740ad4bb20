import Testing

@testable import Load

@Suite struct LoadTargetTests {
    @Test(arguments: [
        "http://127.0.0.1:8080", "http://localhost:8080/", "http://127.9.9.9:1", "http://[::1]:8080",
        "HTTP://127.0.0.1", "https://127.0.0.1:8443",
    ])
    func loopbackIsTaken(target: String) throws {
        let target = try LoadTarget(target, allowed: [])
        #expect(target.isLoopback)
        #expect(target.allowsMedia(to: "127.0.0.1"))
        #expect(!target.allowsMedia(to: "192.0.2.7"))
    }

    @Test(arguments: [
        "http://192.0.2.7:8080", "http://[2001:db8::1]:80", "http://0.0.0.0:8080", "https://128.0.0.1:80",
        "http://example.com:80",
    ])
    func everythingElseIsRefusedWithTheReason(target: String) {
        let error = #expect(throws: LoadError.self) { try LoadTarget(target, allowed: ["198.51.100.1"]) }
        guard case .refused(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("--allow-target") && reason.contains("attack"))
    }

    @Test(arguments: [
        ("http://127.0.0.1:80", "127.0.0.1"), ("http://localhost:80", "127.0.0.1"), ("https://[::1]:80", "::1"),
    ])
    func ourOwnAddressIsOfTheTargetsKind(target: String, own: String) throws {
        #expect(try LoadTarget(target, allowed: []).ownAddress() == own)
    }

    @Test func aPathIsTakenWhereTheDriverHasOne() throws {
        let target = try LoadTarget("http://127.0.0.1:8088/janus/", allowed: [], takesPath: true)
        #expect(target.path == "/janus" && target.port == 8088)
        #expect(try LoadTarget("http://[::1]:8088", allowed: [], takesPath: true).path.isEmpty)
        #expect(throws: LoadError.self) { try LoadTarget("http://127.0.0.1:8088/janus", allowed: []) }
        #expect(throws: LoadError.self) { try LoadTarget("http://127.0.0.1/a b", allowed: [], takesPath: true) }
    }

    @Test func whatIsListedIsTakenAndSoIsItsMedia() throws {
        let target = try LoadTarget("http://192.0.2.7:8080", allowed: ["192.0.2.7", "192.0.2.8"])
        #expect(!target.isLoopback)
        #expect(target.allowsMedia(to: "192.0.2.7") && target.allowsMedia(to: "192.0.2.8"))
        #expect(!target.allowsMedia(to: "192.0.2.9") && !target.allowsMedia(to: "127.0.0.1"))
    }

    @Test(arguments: [
        "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://a b:80", "http://127.0.0.1:0",
        "http://127.0.0.1:99999", "http://[::1",
    ])
    func whatIsNoAddressIsAWrongCommandLine(target: String) {
        let error = #expect(throws: LoadError.self) { try LoadTarget(target, allowed: []) }
        guard case .usage = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
