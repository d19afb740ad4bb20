import MediaServer
import Testing
import Web

/// A page at the demo's socket: sends JSON, keeps what it hears.
@MainActor final class Page: Socket {
    private let handler: any SocketHandler
    private(set) var messages: [JSONValue] = []
    private(set) var closeCode: UInt16?

    /// Opens a socket at `demo`.
    init(_ demo: Demo) async throws {
        let route = try #require(demo.routes.first { $0.pattern == "/demo/ws" && $0.method == .GET })
        guard case .socket(let handler) = try await route.handler(Request(method: .GET, segments: ["demo", "ws"]))
        else {
            throw Backend.Unexpected()
        }
        self.handler = handler
        handler.opened(self)
    }

    func send(text: String) { messages.append((try? json(text)) ?? .null) }
    func close(code: UInt16, reason: String) { closeCode = code }
    func probe() {}

    func say(_ text: String) { handler.received(text: text) }
    func hangUp() { handler.closed() }

    /// What was heard since the last time.
    func heard() -> [JSONValue] {
        defer { messages = [] }
        return messages
    }

    /// Joins and returns the user id that was given.
    @discardableResult
    func join(_ room: String = "r", as name: String) throws -> String {
        say(#"{"type":"join","room":"\#(room)","name":"\#(name)"}"#)
        guard case .string(let id) = heard().first?["id"] else { throw Backend.Unexpected() }
        return id
    }
}
