/// A handler of one path and method. It runs on the control thread; one that does not suspend runs to its end at once,
/// so that requests are answered in the order in which they came.
public typealias Handler = @MainActor (Request) async throws -> Reply

/// One entry of the routing table. `pattern` is like `/rooms/:room_id/users`;
/// where two fit a path, the one with the earlier literal segment wins.
public struct Route {
    /// A route of GET serves HEAD as well.
    public var method: Request.Method
    /// Segments after a slash each; `:name` takes any one segment.
    public var pattern: String
    /// Who may call it; the server checks before the handler runs.
    public var access: Access
    /// What answers.
    public var handler: Handler

    /// Who may call a route.
    public enum Access: Sendable {
        /// Anybody (health, the page, what has tokens of its own).
        case open
        /// With keys configured, only `Authorization: Bearer KEY`.
        case key
    }

    /// An entry; by default it needs a key.
    public init(_ method: Request.Method, _ pattern: String, access: Access = .key, handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern
        self.access = access
        self.handler = handler
    }
}

/// One API over the rooms.
public protocol Face {
    var routes: [Route] { get }
    /// This face's own shape for failures that the server finds before a handler runs or that a handler throws:
    /// body too large, not JSON, unknown method, an error nobody expected.
    func failure(_ failure: WebFailure) -> Response
}

/// What can go wrong with a request before a face's own rules apply.
nonisolated public enum WebFailure: Error, Equatable, Sendable {
    /// 400; what is wrong with the body, and where.
    case badBody(String)
    /// 400; what is wrong with the request otherwise (path, header).
    case badRequest(String)
    /// 401; no or a wrong key.
    case unauthorized
    /// 403; a foreign origin or host.
    case forbidden(String)
    /// 404.
    case notFound
    /// 405, with the methods that are allowed.
    case methodNotAllowed([Request.Method])
    /// 408.
    case timeout
    /// 413.
    case tooLarge(limit: Int)
    /// 500; logged, and nothing of it told.
    case unexpected
    /// 503, e.g. while draining.
    case unavailable(String)

    /// The status code that a client gets.
    public var status: Int {
        switch self {
        case .badBody, .badRequest: 400
        case .unauthorized: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .timeout: 408
        case .tooLarge: 413
        case .unexpected: 500
        case .unavailable: 503
        }
    }
}
