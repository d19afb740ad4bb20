import MediaServer
import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing
import Web

/// A face over a fake relay, called as a backend calls it: method, path and JSON in, status and JSON out.
@MainActor final class Backend {
    let relay = FakeRelay()
    let service: RoomService
    let face: MediaServerFace
    private let clock = Clock()

    /// What the tests' clocks stand at; the wall clock is 2026-01-02T03:04:05.678Z plus this.
    var now: Double {
        get { clock.seconds }
        set { clock.seconds = newValue }
    }

    init(_ limits: RoomLimits = RoomLimits()) {
        let wallClock = { [clock] in 1_767_323_045.678 + clock.seconds }
        service = RoomService(
            relay: relay, limits: limits, now: { [clock] in clock.seconds }, wallClock: wallClock)
        face = MediaServerFace(service: service, wallClock: wallClock, instance: "i1")
        relay.onEvent = { [service] event in service.handle(event) }
    }

    @MainActor private final class Clock { var seconds = 0.0 }

    struct Answer: Equatable {
        var status: Int
        var json: JSONValue
    }

    /// Calls a route; the path is as on the wire, without percent-encoding.
    @discardableResult
    func call(_ method: Request.Method, _ path: String, _ body: String? = nil) async throws -> Answer {
        guard case .response(let response) = try await reply(method, path, body.map { Array($0.utf8) } ?? []) else {
            throw Unexpected()
        }
        return Answer(status: response.status, json: try JSONBody.decode(JSONValue.self, from: response.body))
    }

    /// Opens an event stream.
    func listen(_ path: String, after lastEventID: String? = nil, unread: Int = 0) async throws -> Listener {
        let headers = Headers(lastEventID.map { [("last-event-id", $0)] } ?? [])
        guard case .events(let source) = try await reply(.GET, path, [], headers) else { throw Unexpected() }
        let listener = Listener(source)
        listener.unsent = unread
        source.opened(listener)
        return listener
    }

    func reply(
        _ method: Request.Method, _ path: String, _ body: [UInt8], _ headers: Headers = Headers()
    ) async throws -> Reply {
        let segments = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        for route in face.routes where route.method == method {
            guard let parameters = match(route.pattern, segments) else { continue }
            var request = Request(method: method, segments: segments, headers: headers, body: body)
            request.parameters = parameters
            return try await route.handler(request)
        }
        throw Unexpected()
    }

    private func match(_ pattern: String, _ segments: [String]) -> [String: String]? {
        let parts = pattern.split(separator: "/")
        guard parts.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (part, segment) in zip(parts, segments) {
            if part.hasPrefix(":") {
                parameters[String(part.dropFirst())] = segment
            } else if part != segment {
                return nil
            }
        }
        return parameters
    }

    struct Unexpected: Error {}
}

extension Backend {
    /// Room `r` with users `1` and `2`, whose userInfo is as in the document.
    static func withTwoUsers(_ limits: RoomLimits = RoomLimits()) async throws -> Backend {
        let backend = Backend(limits)
        try await backend.call(.POST, "/rooms/r", #"{"userId":1,"userInfo":{"contactId":11}}"#)
        try await backend.call(.POST, "/rooms/r/users/2", #"{"userInfo":{"contactId":22}}"#)
        return backend
    }

    @discardableResult
    func produce(_ user: String, _ sdp: String = "o", in room: String = "r") async throws -> Answer {
        try await call(.POST, "/rooms/\(room)/users/\(user)/produce", #"{"offer":{"type":"offer","sdp":"\#(sdp)"}}"#)
    }
}

/// JSON text as a value, for comparing.
func json(_ text: String) throws -> JSONValue {
    try JSONBody.decode(JSONValue.self, from: Array(text.utf8))
}

/// The far end of an event stream.
@MainActor final class Listener: EventStream {
    private let source: any EventSource
    private(set) var ids: [String?] = []
    private(set) var events: [JSONValue] = []
    private(set) var isClosed = false
    var unsent = 0
    /// Whether what is sent counts as unread.
    var keepsUnread = false

    init(_ source: any EventSource) { self.source = source }

    func send(id: String?, data: String) {
        ids.append(id)
        events.append((try? json(data)) ?? .null)
        if keepsUnread { unsent += data.utf8.count }
    }

    func close() { isClosed = true }

    /// The client takes everything.
    func read() {
        unsent = 0
        source.drained()
    }

    func hangUp() { source.closed() }

    var types: [String] {
        events.map { if case .string(let type) = $0["type"] { type } else { "?" } }
    }
}
