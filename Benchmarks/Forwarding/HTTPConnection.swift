import Foundation

/// One kept-alive HTTP/1.1 connection to loopback; requests one after the other, blocking.
final class HTTPConnection {
    private let fd: Int32
    private var buffer: [UInt8] = []

    init(port: UInt16) throws {
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            throw BenchmarkError("no connection to port \(port): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(fd) }

    func request(_ method: String, _ path: String, body: Data?) throws -> (status: Int, body: Data) {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        try send(Array((head + "\r\n").utf8) + (body.map(Array.init) ?? []))
        let header = try readHeader()
        let lines = header.components(separatedBy: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw BenchmarkError("not an HTTP response: \(header)")
        }
        let length = lines.lazy.compactMap { line -> Int? in
            let pair = line.split(separator: ":", maxSplits: 1)
            guard pair.count == 2, pair[0].lowercased() == "content-length" else { return nil }
            return Int(pair[1].trimmingCharacters(in: .whitespaces))
        }.first
        guard let length else { throw BenchmarkError("a response to \(method) \(path) without Content-Length") }
        while buffer.count < length { try receive() }
        let bytes = Data(buffer.prefix(length))
        buffer.removeFirst(length)
        return (status, bytes)
    }

    private func readHeader() throws -> String {
        let end = Array("\r\n\r\n".utf8)
        var searched = 0
        while true {
            if buffer.count >= 4 {
                for at in searched...(buffer.count - 4) where buffer[at] == end[0] && Array(buffer[at..<at + 4]) == end
                {
                    let text = String(decoding: buffer[..<at], as: UTF8.self)
                    buffer.removeFirst(at + 4)
                    return text
                }
                searched = buffer.count - 3
            }
            try receive()
        }
    }

    private func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw BenchmarkError("the server closed the HTTP connection") }
            sent += count
        }
    }

    private func receive() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(fd, &chunk, chunk.count, 0)
        guard count > 0 else { throw BenchmarkError("the server closed the HTTP connection") }
        buffer += chunk.prefix(count)
    }
}
