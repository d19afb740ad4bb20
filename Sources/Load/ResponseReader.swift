internal import CHTTPParser

/// Takes one HTTP response after the other out of a connection's bytes, whole or in chunks; http-parser does the reading.
final class ResponseReader {
    struct Response: Equatable {
        var status: Int
        var body: [UInt8]
        /// The connection takes another request.
        var keepsAlive: Bool
    }

    private static let bodyLimit = 64 << 20
    private let parser: UnsafeMutablePointer<http_parser>
    private var settings = http_parser_settings()
    private var body: [UInt8] = []
    private var response: Response?

    init() {
        parser = .allocate(capacity: 1)
        parser.initialize(to: http_parser())
        http_parser_init(parser, HTTP_RESPONSE)
        http_parser_settings_init(&settings)
        settings.on_message_begin = { parser in
            ResponseReader.of(parser)?.body = []
            return 0
        }
        settings.on_body = { parser, bytes, count in
            guard let reader = ResponseReader.of(parser), reader.body.count + count <= ResponseReader.bodyLimit else {
                return -1
            }
            UnsafeBufferPointer(start: bytes, count: count).withMemoryRebound(to: UInt8.self) { reader.body += $0 }
            return 0
        }
        settings.on_message_complete = { parser in
            guard let parser, let reader = ResponseReader.of(parser) else { return -1 }
            // What is not final (RFC 9110, section 15.2) is followed by what is.
            guard parser.pointee.status_code >= 200 else { return 0 }
            reader.response = Response(
                status: Int(parser.pointee.status_code), body: reader.body,
                keepsAlive: http_should_keep_alive(parser) != 0)
            return 0
        }
    }

    deinit { parser.deallocate() }

    /// Takes what has come; the response once it is whole.
    /// - Parameter bytes: empty where the connection has ended.
    func take(_ bytes: some Collection<UInt8>) throws(LoadError) -> Response? {
        parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        let chunk = Array(bytes)
        let count = chunk.withUnsafeBytes {
            http_parser_execute(parser, &settings, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        let error = http_errno(parser.pointee.http_errno)
        guard error == HPE_OK, count == chunk.count else {
            throw .server("not an HTTP response: \(String(cString: http_errno_description(error)))")
        }
        defer { response = nil }
        return response
    }

    private static func of(_ parser: UnsafeMutablePointer<http_parser>?) -> ResponseReader? {
        parser?.pointee.data.map { Unmanaged<ResponseReader>.fromOpaque($0).takeUnretainedValue() }
    }
}
