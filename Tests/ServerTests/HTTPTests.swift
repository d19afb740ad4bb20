import Loop
import Server
import Testing
import Web

@MainActor @Suite(.serialized) struct HTTPTests {
    @Test func answersAndKeepsTheConnection() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let client = try server.client()
        for _ in 0..<3 {
            client.forget()
            client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try await server.turn(
                "the answer",
                until: {
                    client.poll()
                    return client.text.hasSuffix("hello")
                })
            #expect(
                client.text.withoutDates
                    == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Content-Type-Options: nosniff\r\n\r\nhello")
        }
        #expect(server.server.counters.connectionsAccepted == 1)
        #expect(server.server.counters.responses[2] == 3)
    }

    @Test func answersPipelinedRequestsInTheirOrderEvenWhenAHandlerSuspends() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let text = try await server.exchange(
            "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
                + "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
                + "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
                + "GET /things/7?a=b+c&d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(text.statuses == [200, 200, 200, 200])
        let bodies = text.components(separatedBy: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "H" } }
        #expect(bodies == ["slow", "abc", "slow", #"{"id":"7","q":"a=b c;d="}"#])
    }

    @Test func readsTheSameWhereverTheBytesAreTorn() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let script = Array(
            ("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"
                + "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n"
                + "GET /things/%C3%A9 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").utf8)
        let whole = try await server.exchange(String(decoding: script, as: UTF8.self)).withoutDates
        #expect(whole.statuses == [200, 200, 200])
        for cut in 1..<script.count {
            let client = try server.client()
            client.send(script[..<cut])
            await server.turn()
            client.send(script[cut...])
            try await server.turn(
                "the answers, cut at \(cut)",
                until: {
                    client.poll()
                    return client.hasEnded
                })
            #expect(client.text.withoutDates == whole, "cut at \(cut)")
        }
        let client = try server.client()
        for byte in script {
            client.send([byte])
            await server.turn()
        }
        try await server.turn(
            "the answers, byte by byte",
            until: {
                client.poll()
                return client.hasEnded
            })
        #expect(client.text.withoutDates == whole)
    }

    @Test(arguments: [
        ("GET /nothing HTTP/1.1\r\nHost: localhost\r\n", 404, "\r\n"),
        ("PUT /hello HTTP/1.1\r\nHost: localhost\r\n", 405, "Allow: GET, HEAD, OPTIONS\r\n"),
        ("PROPFIND /things/1 HTTP/1.1\r\nHost: localhost\r\n", 405, "Allow: GET, HEAD, DELETE, OPTIONS\r\n"),
        ("OPTIONS /things/1 HTTP/1.1\r\nHost: localhost\r\n", 204, "Allow: GET, HEAD, DELETE, OPTIONS\r\n"),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n", 204, "Allow: GET, "),
        ("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n", 200, "Content-Length: 5\r\n"),
        ("DELETE /things/1 HTTP/1.1\r\nHost: localhost\r\n", 204, "Connection: close"),
        ("GET http://localhost/hello HTTP/1.1\r\nHost: localhost\r\n", 200, "hello"),
        ("GET /hello/ HTTP/1.1\r\nHost: localhost\r\n", 200, "hello"),
        ("GET /broken HTTP/1.1\r\nHost: localhost\r\n", 500, "internal error"),
        ("GET /refused HTTP/1.1\r\nHost: localhost\r\n", 400, #""no""#),
        ("GET /things/%zz HTTP/1.1\r\nHost: localhost\r\n", 400, "percent"),
        ("GET /things/%ff HTTP/1.1\r\nHost: localhost\r\n", 400, "UTF-8"),
        ("GET /hello HTTP/1.1\r\nHost: localhost\r\nExpect: the-unexpected\r\n", 417, "100-continue"),
    ])
    func answersWithTheRightStatus(request: String, status: Int, part: String) async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let text = try await server.exchange(request + "Connection: close\r\n\r\n")
        #expect(text.statuses == [status])
        #expect(text.contains(part), "\(text)")
    }

    @Test func aHEADResponseHasNoBodyAndLeavesTheConnectionInStep() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let text = try await server.exchange(
            "HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        #expect(text.statuses == [200, 200])
        #expect(text.components(separatedBy: "hello").count == 2)
    }

    @Test(arguments: [
        "GET /hello HTTP/1.1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: local host\r\n\r\n",
        "GET http://other/hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}",
        "NONSENSE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nX: a\u{0}b\r\n\r\n",
        // What a proxy in front might read differently.
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 1\r\n\r\na",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\na",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\na",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n 1\r\n\r\nab",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\r\n chunked\r\n x\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
    ])
    func refusesWhatIsNotOneClearRequest(request: String) async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let text = try await server.exchange(request + "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(text.statuses == [400], "\(text)")
        #expect(text.contains("Connection: close"))
        #expect(text.contains(#"{"error":{"request":""#))
    }

    @Test func servesHTTP10AndNoOtherVersionsThanThatAnd11() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let text = try await server.exchange("GET /hello HTTP/1.0\r\n\r\n")
        #expect(text.statuses == [200])
        let kept = try await server.exchange(
            "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /hello HTTP/1.0\r\n\r\n")
        #expect(kept.statuses == [200, 200])
        #expect(kept.contains("Connection: keep-alive"))
        for version in ["2.0", "1.2", "0.9"] {
            #expect(
                try await server.exchange("GET /hello HTTP/\(version)\r\nHost: localhost\r\n\r\n").statuses == [505])
        }
    }

    @Test func saysContinueOnlyToWhoWillBeServed() async throws {
        let server = try ServerUnderTest { $0.maximumBodyBytes = 10 }
        defer { server.close() }
        let head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n"
        let client = try server.client()
        client.send(head + "Content-Length: 2\r\n\r\n")
        try await server.turn(
            "100",
            until: {
                client.poll()
                return client.text.hasSuffix("\r\n\r\n")
            })
        #expect(client.text == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("ok")
        try await server.turn(
            "200",
            until: {
                client.poll()
                return client.hasEnded
            })
        #expect(client.text.statuses == [100, 200])
        #expect(try await server.exchange(head + "Content-Length: 11\r\n\r\n").statuses == [413])
        #expect(
            try await server.exchange(head.replacing("/echo", with: "/none") + "Content-Length: 2\r\n\r\n").statuses
                == [404])
    }

    @Test func aRefusedRequestsBodyIsNotTakenForTheNextRequest() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let inner = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let text = try await server.exchange(
            "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(inner.utf8.count)\r\n\r\n\(inner)"
                + "DELETE /things/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(text.statuses == [404, 204])
    }

    @Test func answersAClientThatHasEndedItsSide() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let client = try server.client()
        client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.endSending()
        try await server.turn(
            "the answer",
            until: {
                client.poll()
                return client.hasEnded
            })
        #expect(client.text.hasSuffix("slow"))
    }

    @Test func stoppingAnswersWhatIsBeingAnsweredAndClosesWhatIsIdle() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let idle = try server.client()
        let busy = try server.client()
        await server.turn()
        busy.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.loop.runOnce(waiting: false)
        server.server.stop()
        try await server.turn(
            "both ends",
            until: {
                idle.poll()
                busy.poll()
                return idle.hasEnded && busy.hasEnded
            })
        #expect(busy.text.hasSuffix("slow"))
        #expect(busy.text.contains("Connection: close"))
        #expect(idle.text == "")
        #expect(throws: Client.Refused.self) { try server.client() }
    }

    @Test func dropsHeaderFieldsThatWouldSplitTheResponse() async throws {
        let server = try ServerUnderTest(routes: [
            Route(.GET, "/") { _ in
                .response(
                    Response(
                        headers: Headers([("X-Evil", "a\r\nSet-Cookie: b"), ("Content-Length", "77"), ("X-Good", "c")]))
                )
            }
        ])
        defer { server.close() }
        let text = try await server.exchange("GET / HTTP/1.0\r\n\r\n")
        #expect(!text.contains("Set-Cookie"))
        #expect(!text.contains("77"))
        #expect(text.contains("X-Good: c\r\n"))
    }

    @Test func usesTheShapeOfTheFaceWhosePathItIs() async throws {
        struct ShapedFace: Face {
            var routes: [Route] {
                [
                    Route(.POST, "/shaped") { request in
                        .response(.json(try JSONBody.decode([String: Int].self, from: request)))
                    }
                ]
            }
            func failure(_ failure: WebFailure) -> Response {
                .json(["shape": failure.field ?? "none"], status: failure.status == 400 ? 422 : failure.status)
            }
        }
        let server = try ServerUnderTest(
            {
                $0.maximumBodyBytes = 10
                $0.apiKeys = ["secret"]
            }, faces: [ShapedFace()])
        defer { server.close() }
        let post = "POST /shaped HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer secret\r\n"
        for (request, status, shape) in [
            (post + "Content-Length: 7\r\n\r\n{\"a\":1}", 200, #"{"a":1}"#),
            (post + "Content-Length: 9\r\n\r\n{\"a\":\"x\"}", 422, #"{"shape":"a"}"#),
            (post + "Content-Length: 11\r\n\r\n", 413, #"{"shape":"none"}"#),
            (post.replacing("secret", with: "Secret") + "\r\n", 401, #"{"shape":"none"}"#),
            (post.replacing("POST", with: "GET") + "\r\n", 405, #"{"shape":"none"}"#),
            (post.replacing("shaped", with: "shape") + "\r\n", 404, #"{"error":{"path":"not found"}}"#),
        ] {
            let text = try await server.exchange(request)
            #expect(text.statuses == [status])
            #expect(text.hasSuffix("\r\n\r\n" + shape), "\(text)")
        }
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
