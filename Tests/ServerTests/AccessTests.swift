import Server
import Testing
import Web

@MainActor @Suite(.serialized) struct AccessTests {
    private func get(
        _ server: ServerUnderTest, at path: String = "/things/1", host: String = "localhost", _ fields: String...,
        method: String = "GET"
    ) async throws -> String {
        let lines = fields.map { $0 + "\r\n" }.joined()
        return try await server.exchange(
            "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n\(lines)Connection: close\r\n\r\n")
    }

    @Test func wantsOneOfTheKeysWhereThereAreAny() async throws {
        let server = try ServerUnderTest { $0.apiKeys = ["first", "second"] }
        defer { server.close() }
        for right in ["Bearer first", "Bearer second", "bearer first", "Bearer  first"] {
            #expect(try await get(server, "Authorization: \(right)").statuses == [200], "\(right)")
        }
        for wrong in [
            "Bearer", "Bearer ", "Bearer firs", "Bearer first2", "Bearer FIRST", "first", "Basic first",
            "Bearer first second",
        ] {
            let text = try await get(server, "Authorization: \(wrong)")
            #expect(text.statuses == [401], "\(wrong)")
            #expect(text.contains("WWW-Authenticate: Bearer\r\n"))
        }
        #expect(try await get(server).statuses == [401])
        #expect(try await get(server, at: "/hello").statuses == [200])
    }

    @Test(arguments: ["0.0.0.0", "::", "192.0.2.1"])
    func doesNotListenForTheNetworkWithoutKeys(address: String) throws {
        do {
            let server = try ServerUnderTest { $0.address = address }
            server.close()
            Issue.record("listened")
        } catch let error as ServerError {
            #expect("\(error)".hasPrefix("http.api-keys:"))
        }
    }

    @Test func namesTheSettingThatKeepsItFromStarting() throws {
        let cases: [(String, (inout ServerSettings) -> Void)] = [
            ("http.listen", { $0.address = "nowhere" }),
            (
                "http.listen",
                {
                    $0.address = "192.0.2.1"
                    $0.apiKeys = ["key"]
                }
            ),
            ("http.api-keys", { $0.apiKeys = ["key", ""] }),
            ("http.tls-key", { $0.certificatePath = "/nowhere" }),
            ("http.tls-cert", { $0.keyPath = "/nowhere" }),
            (
                "http.tls-cert",
                {
                    $0.keyPath = "/nowhere"
                    $0.certificatePath = "/nowhere"
                }
            ),
        ]
        for (setting, change) in cases {
            do {
                try ServerUnderTest(change).close()
                Issue.record("started with a bad \(setting)")
            } catch let error as ServerError {
                if setting == "http.listen", case .keysRequired = error { continue }
                #expect("\(error)".hasPrefix(setting + ": "), "\(error)")
            }
        }
    }

    @Test func aPortThatIsTakenIsAnErrorThatSaysSo() throws {
        let first = try ServerUnderTest()
        defer { first.close() }
        #expect {
            try ServerUnderTest { $0.port = first.port }.close()
        } throws: { error in
            "\(error)".contains("http.listen") && "\(error)".contains("address already in use")
        }
    }

    @Test(arguments: [
        ("localhost", 200), ("LOCALHOST:99", 200), ("127.0.0.1", 200), ("127.8.9.1:8080", 200), ("[::1]", 200),
        ("[::1]:80", 200),
        ("app.example", 200), ("example.com", 403), ("localhost.example.com", 403), ("127.0.0.1.example.com", 403),
        ("128.0.0.1", 403), ("127.0.0", 403), ("127.0.0.256", 403), ("[::2]", 403), ("localhost:x", 403),
        ("[::1].example.com", 403),
    ])
    func onLoopbackServesNoForeignHostNames(host: String, status: Int) async throws {
        let server = try ServerUnderTest { $0.allowOrigins = ["https://app.example"] }
        defer { server.close() }
        #expect(try await get(server, host: host).statuses == [status])
    }

    @Test(arguments: [
        ("http://localhost", "localhost", 200), ("http://localhost:80", "localhost", 200),
        ("https://localhost", "localhost", 200),
        ("http://localhost:8080", "localhost:8080", 200), ("http://localhost:8080", "localhost", 403),
        ("http://localhost", "localhost:8080", 403), ("https://app.example", "localhost", 200),
        ("https://APP.example", "localhost", 200), ("http://app.example", "localhost", 403),
        ("https://app.example.evil.example", "localhost", 403), ("null", "localhost", 403), ("", "localhost", 403),
        ("http://127.0.0.1", "localhost", 403),
    ])
    func refusesForeignOrigins(origin: String, host: String, status: Int) async throws {
        let server = try ServerUnderTest { $0.allowOrigins = ["https://app.example"] }
        defer { server.close() }
        for method in ["GET", "DELETE"] {
            let text = try await get(server, host: host, "Origin: \(origin)", method: method)
            #expect(text.statuses == [status == 200 && method == "DELETE" ? 204 : status])
            #expect(text.contains("Access-Control-Allow-Origin: ") == (origin.lowercased() == "https://app.example"))
        }
    }

    @Test func answersPreflightsOfAllowedOriginsBeforeAnyKey() async throws {
        let server = try ServerUnderTest {
            $0.allowOrigins = ["https://app.example"]
            $0.apiKeys = ["key"]
        }
        defer { server.close() }
        let text = try await get(
            server, "Origin: https://app.example", "Access-Control-Request-Method: DELETE",
            "Access-Control-Request-Headers: authorization", method: "OPTIONS")
        #expect(text.statuses == [204])
        for field in [
            "Access-Control-Allow-Origin: https://app.example\r\n",
            "Access-Control-Allow-Methods: GET, HEAD, DELETE, OPTIONS\r\n",
            "Access-Control-Allow-Headers: authorization\r\n", "Vary: Origin\r\n",
        ] {
            #expect(text.contains(field), "\(text)")
        }
        #expect(try await get(server, "Origin: https://evil.example", method: "OPTIONS").statuses == [403])
        // Errors too, or the page could not read them.
        #expect(
            try await get(server, "Origin: https://app.example").contains(
                "Access-Control-Allow-Origin: https://app.example"))
    }

    @Test func aStarAllowsEveryOrigin() async throws {
        let server = try ServerUnderTest { $0.allowOrigins = ["*"] }
        defer { server.close() }
        #expect(
            try await get(server, "Origin: https://any.example").contains(
                "Access-Control-Allow-Origin: https://any.example"))
    }
}
