/// The body of every refusal: `{"error": {"<field>": "<message>"}}`
nonisolated public struct ErrorBody: JSONWritable {
    private let error: FieldError

    /// - Parameters:
    ///   - field: what of the request was wrong.
    ///   - message: what is wrong with it, for the client to read.
    public init(field: String, message: String) { error = FieldError(field: field, message: message) }

    public func write(to writer: inout JSONWriter) {
        writer.object { $0.field("error", error) }
    }
}

/// What was wrong with one field: `{"<field>": "<message>"}`
nonisolated public struct FieldError: JSONWritable {
    private let field: String
    private let message: String

    /// - Parameters:
    ///   - field: what of the request was wrong.
    ///   - message: what is wrong with it, for the client to read.
    public init(field: String, message: String) {
        self.field = field
        self.message = message
    }

    public func write(to writer: inout JSONWriter) {
        writer.object { $0.field(field, message) }
    }
}

nonisolated extension Response {
    /// A refusal.
    /// - Parameters:
    ///   - field: what of the request was wrong.
    ///   - message: what is wrong with it, for the client to read.
    public static func failure(_ field: String, _ message: String, status: Int) -> Response {
        .json(ErrorBody(field: field, message: message), status: status)
    }
}
