/// How an `HTTPServer` listens and what it bears. Times in milliseconds, sizes in bytes.
nonisolated public struct ServerSettings: Sendable {
    /// A textual IPv4 or IPv6 address, or `localhost` (`http.listen`).
    public var address = "127.0.0.1"
    /// 0 takes a free one.
    public var port: UInt16 = 8080
    /// PEM files; both or neither (`http.tls-cert`, `http.tls-key`). The first holds the whole chain.
    public var certificatePath: String?
    public var keyPath: String?
    /// What `Authorization: Bearer KEY` may say (`http.api-keys`). Without any, routes are open and only loopback
    /// addresses are listened on.
    public var apiKeys: [String] = []
    /// Foreign origins whose pages may call (`http.allow-origins`), as `https://example.com`; `*` is every origin.
    public var allowOrigins: [String] = []

    /// Connections beyond this many are answered 503 and closed.
    public var maximumConnections = 1024
    /// Longer bodies are answered 413.
    public var maximumBodyBytes = 1 << 20
    /// Request line and header fields together; more is answered 431.
    public var maximumHeaderBytes = 16 << 10
    /// Longer request targets are answered 414.
    public var maximumTargetBytes = 8 << 10
    /// A longer WebSocket message closes its socket with 1009.
    public var maximumMessageBytes = 64 << 10
    /// A socket or event stream whose client leaves more than this unread is dropped.
    public var maximumUnsentBytes = 1 << 20

    /// For the request line and the header, from its first byte on.
    public var headerTimeoutMilliseconds = 10_000
    /// For the whole body.
    public var bodyTimeoutMilliseconds = 30_000
    /// For a connection between two requests.
    public var idleTimeoutMilliseconds = 60_000
    /// For a client that takes nothing of a response.
    public var sendTimeoutMilliseconds = 30_000
    /// Between two comments that keep an event stream alive.
    public var heartbeatMilliseconds = 15_000
    /// Between two pings of a WebSocket.
    public var pingMilliseconds = 20_000
    /// For a pong, and everything else a silent WebSocket peer could send.
    public var pongTimeoutMilliseconds = 10_000
    /// For the peer's half of closing a connection or a WebSocket.
    public var closeTimeoutMilliseconds = 2_000

    public init() {}
}

/// Why a server does not start. Each names the setting.
nonisolated public enum ServerError: Error, Equatable, CustomStringConvertible {
    /// An address that others can reach, and no key to keep them out.
    case keysRequired(address: String)
    case badSetting(name: String, reason: String)

    public var description: String {
        switch self {
        case .keysRequired(let address):
            "http.api-keys: set at least one key to listen on \(address); without keys only loopback addresses are allowed"
        case .badSetting(let name, let reason): "\(name): \(reason)"
        }
    }
}

/// What a server has done and has open, for the metrics.
nonisolated public struct ServerCounters: Sendable, Equatable {
    /// Answered requests by the hundreds of their status: `[2]` counts 200–299.
    public var responses: [Int] = Array(repeating: 0, count: 6)
    public var connectionsAccepted = 0
    /// Turned away because of `maximumConnections`.
    public var connectionsRefused = 0
    public var openConnections = 0
    public var openSockets = 0
    public var openEventStreams = 0
    /// Sockets and event streams that were dropped because their client did not read.
    public var droppedForUnsentBytes = 0

    mutating func count(status: Int) {
        if responses.indices.contains(status / 100) { responses[status / 100] += 1 }
    }
}
