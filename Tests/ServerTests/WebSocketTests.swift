import Server
import Testing
import Web

@MainActor @Suite(.serialized) struct WebSocketTests {
    /// Echoes, and keeps what it heard.
    final class Echo: SocketHandler {
        var socket: (any Socket)?
        var heard: [String] = []
        var closings = 0
        var tooLongMessage: String?
        func opened(_ socket: any Socket) { self.socket = socket }
        func received(text: String) {
            heard.append(text)
            if text == "bye" { socket?.close(code: 4001, reason: "as you wish") } else { socket?.send(text: text) }
        }
        func closed() { closings += 1 }
    }

    private static let handshake =
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    private func open(
        _ echo: Echo, early: [UInt8] = [], receiveBuffer: Int32? = nil,
        _ change: (inout ServerSettings) -> Void = { _ in }
    ) async throws -> (ServerUnderTest, Client) {
        let server = try ServerUnderTest(change, routes: [Route(.GET, "/ws") { _ in .socket(echo) }])
        let client = try Client(port: server.port, receiveBuffer: receiveBuffer)
        client.send(Array(Self.handshake.utf8) + early)
        try await server.turn(
            "the handshake",
            until: {
                client.poll()
                return client.text.contains("\r\n\r\n")
            })
        #expect(client.text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        // The example of RFC 6455, section 1.3.
        #expect(client.text.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        return (server, client)
    }

    /// A client's frame, masked as it has to be.
    private func frame(_ opcode: UInt8, _ payload: some Collection<UInt8>, fin: Bool = true, masked: Bool = true)
        -> [UInt8]
    {
        var bytes: [UInt8] = [(fin ? 0x80 : 0) | opcode]
        let mask: UInt8 = masked ? 0x80 : 0
        switch payload.count {
        case ..<126: bytes.append(mask | UInt8(payload.count))
        case ..<65536: bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: bytes += [mask | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let key: [UInt8] = [1, 2, 3, 4]
        if masked { bytes += key }
        return bytes + payload.enumerated().map { masked ? $1 ^ key[$0 % 4] : $1 }
    }

    private func text(_ text: String) -> [UInt8] { frame(1, Array(text.utf8)) }

    /// What the server sends after the handshake: opcode and payload of each whole frame.
    private func frames(_ client: Client) -> [(opcode: UInt8, payload: [UInt8])] {
        client.poll()
        guard let end = client.received.firstRange(of: Array("\r\n\r\n".utf8)) else { return [] }
        var rest = client.received[end.upperBound...]
        var frames: [(opcode: UInt8, payload: [UInt8])] = []
        while rest.count >= 2 {
            let start = rest.startIndex
            var length = Int(rest[start + 1])
            var header = 2
            if length >= 126 {
                header = length == 126 ? 4 : 10
                guard rest.count >= header else { break }
                length = rest[(start + 2)..<(start + header)].reduce(0) { $0 << 8 | Int($1) }
            }
            guard rest.count >= header + length else { break }
            frames.append((rest[start] & 0x0F, Array(rest[(start + header)..<(start + header + length)])))
            rest = rest[(start + header + length)...]
        }
        return frames
    }

    private func closeCode(_ client: Client) -> Int? {
        frames(client).first { $0.opcode == 8 }.flatMap {
            $0.payload.count >= 2 ? Int($0.payload[0]) << 8 | Int($0.payload[1]) : nil
        }
    }

    @Test func carriesMessagesBothWaysWhereverTheBytesAreTorn() async throws {
        let script =
            text("one") + frame(1, Array("tw".utf8), fin: false) + frame(9, Array("p".utf8)) + frame(0, Array("ö".utf8))
            + text("") + frame(8, [0x03, 0xE8])
        for cut in 0..<script.count {
            let echo = Echo()
            let (server, client) = try await open(echo, early: Array(script[..<cut]))
            defer { server.close() }
            await server.turn()
            client.send(script[cut...])
            try await server.turn(
                "the end, cut at \(cut)",
                until: {
                    client.poll()
                    return client.hasEnded
                })
            #expect(echo.heard == ["one", "twö", ""], "cut at \(cut)")
            let answers = frames(client)
            #expect(
                answers.filter { $0.opcode == 1 }.map { String(decoding: $0.payload, as: UTF8.self) } == [
                    "one", "twö", "",
                ])
            #expect(answers.filter { $0.opcode == 10 }.map(\.payload) == [Array("p".utf8)])
            #expect(closeCode(client) == 1000)
            #expect(echo.closings == 1)
            #expect(server.server.counters.openSockets == 0)
        }
    }

    @Test func carriesMessagesUpToTheLimitAndNoneBeyond() async throws {
        let echo = Echo()
        let (server, client) = try await open(echo)
        defer { server.close() }
        let longest = String(repeating: "x", count: 64 << 10)
        client.send(text(longest))
        try await server.turn("the echo", until: { frames(client).count == 1 })
        #expect(echo.heard == [longest])
        client.send(frame(1, Array(longest.utf8), fin: false) + frame(0, [0x78]))
        try await server.turn("the close", until: { closeCode(client) != nil })
        #expect(closeCode(client) == 1009)
        try await server.turnToTheEnd(of: client)
        #expect(echo.closings == 1)
        #expect(echo.heard.count == 1)
    }

    @Test(arguments: [0, 125, 126, 300])
    func saysSoBeforeClosingBecauseOfALongMessage(length: Int) async throws {
        let echo = Echo()
        echo.tooLongMessage = String(repeating: "l", count: length)
        let (server, client) = try await open(echo)
        defer { server.close() }
        client.send(text("before") + frame(1, Array(repeating: 0x78, count: (64 << 10) + 1)))
        try await server.turn("the close", until: { closeCode(client) != nil })
        #expect(frames(client).map(\.opcode) == [1, 1, 8])
        #expect(frames(client).dropFirst().first?.payload == Array(repeating: UInt8(ascii: "l"), count: length))
        #expect(closeCode(client) == 1009)
        try await server.turnToTheEnd(of: client)
        #expect(echo.heard == ["before"])
    }

    @Test(
        arguments: [
            ([0x81, 0x83, 1, 2, 3, 4, 0xFF ^ 1, 0xFE ^ 2, 0xFD ^ 3], 1007),  // not UTF-8
            ([0x82, 0x81, 1, 2, 3, 4, 5], 1003),  // binary
            ([0x81, 0x01, 0x78], 1002),  // not masked
            ([0xC1, 0x81, 1, 2, 3, 4, 0x78], 1002),  // a reserved bit
            ([0x83, 0x81, 1, 2, 3, 4, 0x78], 1002),  // a reserved opcode
            ([0x80, 0x81, 1, 2, 3, 4, 0x78], 1002),  // goes on with nothing
            ([0x09, 0x80, 1, 2, 3, 4], nil),  // a fragment of a ping
            ([0x89, 0xFE, 0, 126, 1, 2, 3, 4], nil),  // too long a ping
            ([0x88, 0x81, 1, 2, 3, 4, 3], nil),  // half a code
        ] as [([UInt8], Int?)])
    func closesWithTheFittingCodeOrNone(bytes: [UInt8], code: Int?) async throws {
        let echo = Echo()
        let (server, client) = try await open(echo)
        defer { server.close() }
        client.send(bytes)
        try await server.turnToTheEnd(of: client)
        #expect(frames(client).map(\.opcode) == [8])
        #expect(closeCode(client) == code)
        #expect(echo.heard.isEmpty)
        #expect(echo.closings == 1)
    }

    @Test func theHandlerClosesWithItsOwnCode() async throws {
        let echo = Echo()
        let (server, client) = try await open(echo)
        defer { server.close() }
        client.send(text("bye") + text("too late"))
        try await server.turn("the close", until: { closeCode(client) != nil })
        #expect(frames(client).first?.payload == [0x0F, 0xA1] + Array("as you wish".utf8))
        #expect(echo.closings == 0)
        client.send(frame(8, [0x0F, 0xA1]))
        try await server.turnToTheEnd(of: client)
        #expect(echo.closings == 1)
        #expect(echo.heard == ["bye"])
    }

    @Test func aPeerThatDoesNotAnswerTheCloseIsDropped() async throws {
        let echo = Echo()
        let (server, client) = try await open(echo)
        defer { server.close() }
        echo.socket?.close(code: 1000, reason: String(repeating: "ä", count: 100))
        try await server.turnToTheEnd(of: client)
        #expect(frames(client).first?.payload.count == 2 + 122)
        #expect(echo.closings == 1)
    }

    @Test func pingsAndDropsAPeerThatDoesNotAnswer() async throws {
        let echo = Echo()
        let (server, client) = try await open(echo) {
            $0.pingMilliseconds = 10
            $0.pongTimeoutMilliseconds = 100
        }
        defer { server.close() }
        for count in 1...3 {
            try await server.turn("ping \(count)", until: { frames(client).filter { $0.opcode == 9 }.count == count })
            client.send(frame(10, []))
        }
        #expect(echo.closings == 0)
        try await server.turnToTheEnd(of: client)
        #expect(echo.closings == 1)
    }

    @Test func aProbedPeerThatIsThereStaysAndAnotherIsDropped() async throws {
        let echo = Echo()
        let (server, client) = try await open(echo) { $0.pongTimeoutMilliseconds = 100 }
        defer { server.close() }
        echo.socket?.probe()
        try await server.turn("the ping", until: { frames(client).map(\.opcode) == [9] })
        client.send(frame(10, []) + text("here"))
        try await server.turn("the echo", until: { frames(client).count == 2 })
        #expect(echo.closings == 0)
        echo.socket?.probe()
        try await server.turnToTheEnd(of: client)
        #expect(echo.closings == 1)
    }

    @Test func dropsAPeerThatLeavesTooMuchUnread() async throws {
        let echo = Echo()
        let (server, client) = try await open(echo, receiveBuffer: 4096)
        defer { server.close() }
        let message = String(repeating: "x", count: 100_000)
        for _ in 0..<1000 where echo.closings == 0 { echo.socket?.send(text: message) }
        #expect(echo.closings == 1)
        #expect(server.server.counters.droppedForUnsentBytes == 1)
        try await server.turnToTheEnd(of: client)
    }

    @Test func stoppingSaysGoingAway() async throws {
        let echo = Echo()
        let (server, client) = try await open(echo)
        defer { server.close() }
        server.server.stop()
        try await server.turnToTheEnd(of: client)
        #expect(closeCode(client) == 1001)
        #expect(echo.closings == 1)
    }

    @Test(arguments: [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 426),
        ("Upgrade: websocket\r\n", "", 426),
        ("keep-alive, Upgrade", "keep-alive", 426),
        ("HTTP/1.1", "HTTP/1.0", 426),
        ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400),
        ("Upgrade: websocket", "Origin: https://evil.example\r\nUpgrade: websocket", 403),
        ("localhost", "evil.example", 403),
    ])
    func refusesWhatIsNotAHandshakeForItself(part: String, other: String, status: Int) async throws {
        let echo = Echo()
        let server = try ServerUnderTest(routes: [Route(.GET, "/ws") { _ in .socket(echo) }])
        defer { server.close() }
        let client = try server.client()
        client.send(Self.handshake.replacing(part, with: other))
        try await server.turn(
            "the refusal",
            until: {
                client.poll()
                return client.text.contains("}")
            })
        #expect(client.text.statuses == [status])
        #expect(client.text.contains("Sec-WebSocket-Version: 13\r\n") == (status == 426))
        #expect(echo.socket == nil)
        #expect(echo.closings == 0)
    }

    @Test func otherUpgradesAreIgnored() async throws {
        let server = try ServerUnderTest()
        defer { server.close() }
        let text = try await server.exchange(
            "GET /hello HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\n\r\n"
                + "POST /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nab"
                + "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(text.statuses == [200, 200, 200])
    }
}
