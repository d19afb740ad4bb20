import Server
import Testing
import Web

@MainActor @Suite(.serialized) struct EventStreamTests {
    final class Source: EventSource {
        var stream: (any EventStream)?
        var closings = 0
        var drains = 0
        func opened(_ stream: any EventStream) { self.stream = stream }
        func drained() { drains += 1 }
        func closed() { closings += 1 }
    }

    private func open(
        _ source: Source, receiveBuffer: Int32? = nil, _ change: (inout ServerSettings) -> Void = { _ in }
    ) async throws -> (ServerUnderTest, Client) {
        let server = try ServerUnderTest(change, routes: [Route(.GET, "/events") { _ in .events(source) }])
        let client = try Client(port: server.port, receiveBuffer: receiveBuffer)
        client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try await server.turn("the stream", until: { source.stream != nil })
        return (server, client)
    }

    @Test func sendsEventsAsTheyHappen() async throws {
        let source = Source()
        let (server, client) = try await open(source)
        defer { server.close() }
        source.stream?.send(id: "1", data: #"{"a":1}"#)
        source.stream?.send(id: nil, data: "two\nlines")
        source.stream?.send(id: "3\n\nevent: forged", data: "")
        source.stream?.close()
        source.stream?.send(id: "4", data: "late")
        try await server.turnToTheEnd(of: client)
        let parts = client.text.split(separator: "\r\n\r\n", maxSplits: 1)
        #expect(parts[0].contains("Content-Type: text/event-stream\r\n"))
        #expect(parts[0].contains("X-Accel-Buffering: no\r\n"))
        #expect(parts[0].contains("Connection: close"))
        #expect(!parts[0].contains("Content-Length"))
        #expect(parts[1] == ":\n\nid: 1\ndata: {\"a\":1}\n\ndata: two\ndata: lines\n\nid: 3\ndata: \n\n")
        #expect(source.closings == 1)
        #expect(server.server.counters.openEventStreams == 0)
    }

    @Test func beatsWhileNothingHappens() async throws {
        let (server, client) = try await open(Source()) {
            $0.heartbeatMilliseconds = 5
            $0.idleTimeoutMilliseconds = 1
        }
        defer { server.close() }
        try await server.turn(
            "heartbeats",
            until: {
                client.poll()
                return client.text.hasSuffix(":\n\n:\n\n:\n\n:\n\n")
            })
        #expect(server.server.counters.openEventStreams == 1)
    }

    @Test func noticesWhenTheClientGoes() async throws {
        let source = Source()
        let (server, client) = try await open(source)
        defer { server.close() }
        client.endSending()
        try await server.turn("the notice", until: { source.closings > 0 })
        source.stream?.send(id: nil, data: "x")
        #expect(source.closings == 1)
        #expect(server.server.counters.openConnections == 0)
    }

    @Test func dropsAClientThatLeavesTooMuchUnread() async throws {
        let source = Source()
        let (server, client) = try await open(source, receiveBuffer: 4096)
        defer { server.close() }
        let data = String(repeating: "x", count: 100_000)
        var sent = 0
        while source.closings == 0, sent < 10_000 {
            source.stream?.send(id: nil, data: data)
            sent += 1
            if source.closings == 0 { #expect((source.stream?.unsent ?? 0) <= 1 << 20) }
        }
        #expect(source.closings == 1)
        #expect(server.server.counters.droppedForUnsentBytes == 1)
        try await server.turnToTheEnd(of: client)
    }

    @Test func tellsTheSourceWhenTheClientHasCaughtUp() async throws {
        let source = Source()
        let (server, client) = try await open(source, receiveBuffer: 4096)
        defer { server.close() }
        let data = String(repeating: "x", count: 100_000)
        while let unsent = source.stream?.unsent, unsent == 0 { source.stream?.send(id: nil, data: data) }
        try await server.turn(
            "the rest",
            until: {
                client.poll()
                return source.drains > 0
            })
        #expect(source.stream?.unsent == 0)
        #expect(source.closings == 0)
    }

    @Test func stoppingClosesStreams() async throws {
        let source = Source()
        let (server, client) = try await open(source)
        defer { server.close() }
        server.server.stop()
        try await server.turnToTheEnd(of: client)
        #expect(source.closings == 1)
    }
}
