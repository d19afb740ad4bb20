import Glibc
import Loop
import Server
import Testing
import Web

/// A real server on a free loopback port, and the loop under it, which the test turns itself: everything happens on the
/// main actor, between the test's own steps.
@MainActor final class ServerUnderTest {
    let loop: EventLoop
    let server: HTTPServer
    let port: UInt16

    init(
        _ change: (inout ServerSettings) -> Void = { _ in }, faces: [any Face] = [], routes: [Route]? = nil
    ) throws {
        var settings = ServerSettings()
        settings.port = 0
        settings.closeTimeoutMilliseconds = 50
        change(&settings)
        loop = try EventLoop()
        server = HTTPServer(loop: loop, settings: settings, faces: faces, routes: routes ?? Self.routes)
        port = try server.start().port
        // So that waiting for the loop never takes long, as the clients are no part of it.
        loop.timer(afterMilliseconds: 1, repeatingMilliseconds: 1) {}
    }

    func close() {
        server.close()
        loop.close()
    }

    /// Turns the loop until `condition` holds; fails the test after two minutes: the main actor is shared with every other
    /// test of the run, so that a turn may be long in coming.
    func turn(_ what: String, until condition: () -> Bool, at location: SourceLocation = #_sourceLocation) async throws
    {
        let end = loop.now + 120_000_000
        while !condition() {
            if loop.now > end {
                Issue.record("waited in vain for \(what)", sourceLocation: location)
                throw CancellationError()
            }
            loop.runOnce()
            await Task.yield()
        }
    }

    /// Turns the loop until the server has ended the client's connection.
    func turnToTheEnd(of client: Client, at location: SourceLocation = #_sourceLocation) async throws {
        try await turn(
            "the end",
            until: {
                client.poll()
                return client.hasEnded
            }, at: location)
    }

    /// Lets the loop do what is due now.
    func turn() async {
        for _ in 0..<3 {
            loop.runOnce(waiting: false)
            await Task.yield()
        }
    }

    func client() throws -> Client { try Client(port: port) }

    /// Sends `request` on a connection of its own and gives back everything until the server ends it.
    func exchange(_ request: String, at location: SourceLocation = #_sourceLocation) async throws -> String {
        let client = try client()
        client.send(request)
        try await turn(
            "the end of the answer",
            until: {
                client.poll()
                return client.hasEnded
            }, at: location)
        return client.text
    }

    static var routes: [Route] {
        [
            Route(.GET, "/hello", access: .open) { _ in .response(Response(body: Array("hello".utf8))) },
            Route(.POST, "/echo") { request in .response(Response(body: request.body)) },
            Route(.GET, "/things/:id") { request in
                .response(
                    .json([
                        "id": request.parameters["id"] ?? "",
                        "q": request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ";"),
                    ]))
            },
            Route(.DELETE, "/things/:id") { _ in .response(Response(status: 204)) },
            Route(.GET, "/slow") { _ in
                await Task.yield()
                await Task.yield()
                return .response(Response(body: Array("slow".utf8)))
            },
            Route(.GET, "/broken") { _ in throw Broken() },
            Route(.GET, "/refused") { _ in throw WebFailure.badRequest("no") },
            Route(.GET, "/big") { _ in .response(Response(body: [UInt8](repeating: 0x78, count: 4 << 20))) },
        ]
    }

    struct Broken: Error {}
}

/// A client's plain socket, which never blocks.
final class Client {
    private let descriptor: Int32
    private(set) var received: [UInt8] = []
    /// The server has ended its side, or the connection is broken.
    private(set) var hasEnded = false

    /// A small `receiveBuffer` makes a client that takes little before it stops the sender.
    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, 16) }
        }
        if code != 0 { throw Refused() }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    }

    struct Refused: Error {}

    deinit { close(descriptor) }

    var text: String { String(decoding: received, as: UTF8.self) }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// How much the kernel took.
    @discardableResult
    func send(_ bytes: some Collection<UInt8>) -> Int {
        let bytes = Array(bytes)
        return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Reads what there is.
    func poll() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                received += buffer.prefix(count)
            } else {
                if count == 0 || errno != EAGAIN { hasEnded = true }
                return
            }
        }
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }
    func forget() { received = [] }
}

extension String {
    /// The status lines of the responses in it.
    var statuses: [Int] {
        split(separator: "\r\n").compactMap { line in
            line.firstRange(of: "HTTP/1.1 ").flatMap { Int(line[$0.upperBound...].prefix(3)) }
        }
    }

    /// Without the lines that change from second to second.
    var withoutDates: String {
        split(separator: "\r\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("Date: ") }.joined(
            separator: "\r\n")
    }
}
