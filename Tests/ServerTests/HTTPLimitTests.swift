import Loop
import Server
import TestSupport
import Testing
import Web

/// What the server bears: bounds, time-outs, clients that are slow, many or mad.
@MainActor @Suite(.serialized) struct HTTPLimitTests {
    @Test func boundsTargetHeaderAndBody() async throws {
        let server = try ServerUnderTest { $0.maximumBodyBytes = 1000 }
        defer { server.close() }
        let host = " HTTP/1.1\r\nHost: localhost\r\n"
        let long = String(repeating: "x", count: 9000)
        #expect(try await server.exchange("GET /\(long)\(host)\r\n").statuses == [414])
        #expect(try await server.exchange("GET /hello\(host)A: \(long)\r\nB: \(long)\r\n\r\n").statuses == [431])
        let many = String(repeating: "A: b\r\n", count: 4000)
        #expect(try await server.exchange("GET /hello\(host)\(many)\r\n").statuses == [431])
        let body = String(repeating: "x", count: 1000)
        #expect(
            try await server.exchange("POST /echo\(host)Connection: close\r\nContent-Length: 1000\r\n\r\n\(body)")
                .hasSuffix(body))
        #expect(try await server.exchange("POST /echo\(host)Content-Length: 1001\r\n\r\n").statuses == [413])
        let chunk = "3e8\r\n\(body)\r\n"
        #expect(
            try await server.exchange(
                "POST /echo\(host)Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n\(chunk)0\r\n\r\n"
            ).hasSuffix(body))
        #expect(
            try await server.exchange("POST /echo\(host)Transfer-Encoding: chunked\r\n\r\n\(chunk)1\r\nx\r\n").statuses
                == [413])
        let trailers = String(repeating: "T: \(body)\r\n", count: 17)
        #expect(
            try await server.exchange("POST /echo\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\(trailers)\r\n")
                .statuses == [431])
    }

    @Test func theAnswerToATooLargeBodyArrivesAlthoughTheClientGoesOnSending() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let client = try server.client()
        client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
        var sent = 0
        try await server.turn(
            "the answer",
            until: {
                sent += max(0, client.send([UInt8](repeating: 0, count: 50_000)))
                client.poll()
                return client.hasEnded
            })
        #expect(client.text.statuses == [413])
        #expect(sent > 50_000)
    }

    @Test func timesOutSlowHeadersAndBodiesButNotSilentlyIdleConnections() async throws {
        let server = try ServerUnderTest {
            $0.headerTimeoutMilliseconds = 30
            $0.bodyTimeoutMilliseconds = 30
            $0.idleTimeoutMilliseconds = 60
        }
        defer { server.close() }
        #expect(try await server.exchange("GET /hello HTTP/1.1\r\nHo").statuses == [408])
        #expect(
            try await server.exchange("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab").statuses
                == [408])
        #expect(try await server.exchange("") == "")
        let kept = try await server.exchange("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(kept.statuses == [200])
    }

    @Test func aClientThatDoesNotReadHoldsUpNobodyAndIsDroppedInTheEnd() async throws {
        let server = try ServerUnderTest { $0.sendTimeoutMilliseconds = 200 }
        defer { server.close() }
        let slow = try Client(port: server.port, receiveBuffer: 4096)
        slow.send(String(repeating: "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 50))
        await server.turn()
        let fast = try server.client()
        for _ in 0..<20 {
            fast.forget()
            fast.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try await server.turn(
                "the answer",
                until: {
                    fast.poll()
                    return fast.text.hasSuffix("hello")
                })
        }
        // One answer waits to be taken; the other 49 have not even been asked of the handler.
        #expect(server.server.counters.responses[2] == 21)
        try await server.turn("the drop", until: { server.server.counters.openConnections == 1 })
    }

    @Test func refusesConnectionsBeyondTheMaximum() async throws {
        let server = try ServerUnderTest { $0.maximumConnections = 1 }
        defer { server.close() }
        let first = try server.client()
        await server.turn()
        let text = try await server.exchange("")
        #expect(text.statuses == [503])
        #expect(server.server.counters.connectionsRefused == 1)
        first.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        try await server.turn(
            "the answer",
            until: {
                first.poll()
                return first.hasEnded
            })
        #expect(first.text.statuses == [200])
        try await server.turn("room", until: { server.server.counters.openConnections == 0 })
        #expect(try await server.exchange("GET /hello HTTP/1.0\r\n\r\n").statuses == [200])
    }

    @Test func mangledRequestsNeitherEndNorConfuseTheServer() async throws {
        let server = try ServerUnderTest {
            $0.headerTimeoutMilliseconds = 200
            $0.bodyTimeoutMilliseconds = 200
        }
        defer { server.close() }
        let scripts = [
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody",
            "GET /things/%41?a=%42 HTTP/1.1\r\nHost: [::1]:80\r\nOrigin: http://[::1]:80\r\nExpect: 100-continue\r\n\r\n",
            "GET http://localhost:80/hello HTTP/1.1\r\nHost: localhost:80\r\nAuthorization: Bearer x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        ].map { Array($0.utf8) }
        var random = SeededRandom(seed: 2)
        var clients: [Client] = []
        for round in 0..<400 {
            // A few at a time: other tests need file descriptors too.
            if clients.count == 40 { try await finish(&clients, of: server) }
            var bytes = scripts[round % scripts.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
                default: bytes.insert(Array("\r\n :;%/*0,".utf8).randomElement(using: &random) ?? 0, at: place)
                }
            }
            let client = try server.client()
            client.send(bytes)
            clients.append(client)
        }
        try await finish(&clients, of: server)
        #expect(server.server.counters.responses[2] > 0 && server.server.counters.responses[4] > 0)
        #expect(try await server.exchange("GET /hello HTTP/1.0\r\n\r\n").statuses == [200])
    }

    /// Waits until each client has had an answer or its connection's end, and lets all of them go.
    private func finish(_ clients: inout [Client], of server: ServerUnderTest) async throws {
        let waiting = clients
        try await server.turn(
            "all ends",
            until: {
                waiting.forEach { $0.poll() }
                waiting.forEach { if !$0.received.isEmpty { $0.endSending() } }
                return waiting.allSatisfy { $0.hasEnded || !$0.received.isEmpty }
            })
        clients = []
    }
}
