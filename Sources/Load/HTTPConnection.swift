/// One kept-alive HTTP/1.1 connection, with or without TLS; requests one after the other, blocking.
final class HTTPConnection {
    private let stream: ByteStream
    private let key: String?
    private let reader = ResponseReader()

    /// - Parameter key: sent as `Authorization: Bearer`.
    init(to target: LoadTarget, key: String?) throws(LoadError) {
        self.key = key
        stream = try ByteStream(to: target)
    }

    /// - Parameter patience: how many microseconds the server may be silent.
    func request(
        _ method: String, _ path: String, body: [UInt8]?, patience: Int64 = ByteStream.patience
    ) throws(LoadError) -> ResponseReader.Response {
        stream.waits(atMost: patience)
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(stream.authority)\r\n"
        if let key { head += "Authorization: Bearer \(key)\r\n" }
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        try stream.send(Array((head + "\r\n").utf8) + (body ?? []))
        while true {
            let bytes = try stream.receive()
            if let response = try reader.take(bytes) { return response }
            if bytes.isEmpty { throw .connection("\(stream.authority) closed the HTTP connection") }
        }
    }
}
