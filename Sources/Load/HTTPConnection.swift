internal import CNet
internal import Glibc

/// One kept-alive HTTP/1.1 connection; requests one after the other, blocking.
final class HTTPConnection {
    private let fd: Int32
    private let host: String
    private let key: String?
    private let reader = ResponseReader()

    /// - Parameter key: sent as `Authorization: Bearer`.
    init(address: String, port: UInt16, key: String?) throws(LoadError) {
        host = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        self.key = key
        var endpoint = cnet_endpoint()
        guard cnet_endpoint_parse(address, port, &endpoint) == 0 else { throw .connection("\(address) is no address") }
        fd = socket(endpoint.is_ipv6 == 0 ? AF_INET : AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        var storage = sockaddr_storage()
        let length = cnet_endpoint_to_sockaddr(&endpoint, &storage)
        let result = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, length) }
        }
        guard result == 0 else { throw .connection("no connection to \(host): \(String(cString: strerror(errno)))") }
        var one: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(fd) }

    func request(_ method: String, _ path: String, body: [UInt8]?) throws(LoadError) -> ResponseReader.Response {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n"
        if let key { head += "Authorization: Bearer \(key)\r\n" }
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        try send(Array((head + "\r\n").utf8) + (body ?? []))
        while true {
            let bytes = try receive()
            if let response = try reader.take(bytes) { return response }
            if bytes.isEmpty { throw .connection("\(host) closed the HTTP connection") }
        }
    }

    private func send(_ bytes: [UInt8]) throws(LoadError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw .connection("\(host) closed the HTTP connection") }
            sent += count
        }
    }

    /// Empty where the server has closed.
    private func receive() throws(LoadError) -> ArraySlice<UInt8> {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(fd, &chunk, chunk.count, 0)
        guard count >= 0 else { throw .connection("no answer from \(host): \(String(cString: strerror(errno)))") }
        return chunk.prefix(count)
    }
}
