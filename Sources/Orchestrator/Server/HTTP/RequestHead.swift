internal import Web

/// The request line and the header fields of one request, checked.
nonisolated struct RequestHead {
    /// nil for a method that no route can have.
    var method: Request.Method?
    /// The path of the target, percent-encoded as it came; `*` for `OPTIONS *`.
    var path: [UInt8]
    var query: [UInt8]
    var headers: Headers
    var isHTTP10: Bool
    /// Whether the client wants the connection to stay.
    var keepsAlive: Bool
    /// nil without `Content-Length`.
    var contentLength: UInt64?
    var isChunked: Bool

    var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }
}

/// Why bytes are not a request that can be served. The connection ends after the answer.
nonisolated enum RequestProblem: Error, Equatable {
    case malformed(String)
    case targetTooLong(limit: Int)
    case headerTooLarge(limit: Int)
    case bodyTooLarge(limit: Int)
    case headerTimeout
    case version
    case notImplemented(String)
    case expectation

    var status: Int {
        switch self {
        case .malformed: 400
        case .targetTooLong: 414
        case .headerTooLarge: 431
        case .bodyTooLarge: 413
        case .headerTimeout: 408
        case .version: 505
        case .notImplemented: 501
        case .expectation: 417
        }
    }

    var message: String {
        switch self {
        case .malformed(let what): what
        case .targetTooLong(let limit): "the path and query are longer than \(limit) bytes"
        case .headerTooLarge(let limit): "the header is larger than \(limit) bytes"
        case .bodyTooLarge(let limit): "the body is larger than \(limit) bytes"
        case .headerTimeout: "the header took too long to arrive"
        case .version: "only HTTP/1.0 and HTTP/1.1 are served here"
        case .notImplemented(let what): what
        case .expectation: "the only expectation that can be met is 100-continue"
        }
    }
}
