/// An HTTP request, whole: the body has been read and bounded by the server.
nonisolated public struct Request: Sendable {
    /// What the request line says.
    public var method: Method
    /// Percent-decoded path segments; `/rooms/a%2Fb` is `["rooms", "a/b"]`.
    public var segments: [String]
    /// Percent-decoded query items in their order.
    public var query: [(name: String, value: String)]
    /// Every field as it came.
    public var headers: Headers
    /// Empty where there was none.
    public var body: [UInt8]
    /// Textual remote address without port.
    public var remoteAddress: String
    /// Values of the route's `:name` segments, filled in by the router.
    public var parameters: [String: String] = [:]

    /// A request as the server's parser makes it, or a test.
    public init(
        method: Method, segments: [String], query: [(name: String, value: String)] = [], headers: Headers = Headers(),
        body: [UInt8] = [], remoteAddress: String = "127.0.0.1"
    ) {
        self.method = method
        self.segments = segments
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    /// The methods that are known; a route has one of them.
    public enum Method: String, Sendable, CaseIterable {
        case GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS
    }
}

/// Header fields in their order; names compare without case.
nonisolated public struct Headers: Sendable {
    /// Names as they came or will be written.
    public private(set) var fields: [(name: String, value: String)] = []

    /// Fields in that order.
    public init(_ fields: [(name: String, value: String)] = []) { self.fields = fields }

    /// The first value of that name.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }

    /// All values of that name, in order.
    public func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    public mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }
}
