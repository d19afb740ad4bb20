internal import CNet
internal import COpenSSL
internal import Glibc

/// A TCP connection to the target, with TLS where that is https; calls block.
final class ByteStream {
    /// As in a `Host` header.
    let authority: String
    private let fd: Int32
    private var context: OpaquePointer?
    private var ssl: OpaquePointer?
    /// Nothing more can be said on it, not even goodbye.
    private var isBroken = false

    init(to target: LoadTarget) throws(LoadError) {
        authority = (target.host.contains(":") ? "[\(target.host)]" : target.host) + ":\(target.port)"
        var endpoint = cnet_endpoint()
        guard cnet_endpoint_parse(target.address, target.port, &endpoint) == 0 else {
            throw .connection("\(target.address) is no address")
        }
        fd = socket(endpoint.is_ipv6 == 0 ? AF_INET : AF_INET6, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { throw .machine("no socket: \(String(cString: strerror(errno)))") }
        var storage = sockaddr_storage()
        let length = cnet_endpoint_to_sockaddr(&endpoint, &storage)
        let result = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, length) }
        }
        guard result == 0 else {
            throw .connection("no connection to \(authority): \(String(cString: strerror(errno)))")
        }
        var one: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        waits(atMost: Self.patience)
        if target.isSecure { try startTLS(target) }
    }

    deinit {
        if let ssl {
            if !isBroken { SSL_shutdown(ssl) }
            SSL_free(ssl)
        }
        if let context { SSL_CTX_free(context) }
        close(fd)
    }

    /// How long a server may be silent. Longer than the 30 s after which Janus ends a long poll: which of the two comes first is not
    /// to be chance.
    static let patience: Int64 = 40_000_000

    /// - Parameter microseconds: how long `receive` waits for something to come.
    func waits(atMost microseconds: Int64) {
        // None at all would be for ever.
        let time = max(1_000, microseconds)
        var limit = timeval(tv_sec: Int(time / 1_000_000), tv_usec: Int(time % 1_000_000))
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    private func startTLS(_ target: LoadTarget) throws(LoadError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .machine("no TLS") }
        self.context = context
        SSL_CTX_set_default_verify_paths(context)
        SSL_CTX_set_verify(context, target.isInsecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nil)
        guard let ssl = SSL_new(context), SSL_set_fd(ssl, fd) == 1 else { throw .machine("no TLS") }
        self.ssl = ssl
        if target.host == target.address {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), target.address)
        } else {
            SSL_set1_host(ssl, target.host)
            _ = target.host.withCString { name in
                SSL_ctrl(
                    ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                    UnsafeMutableRawPointer(mutating: name))
            }
        }
        ERR_clear_error()
        guard SSL_connect(ssl) == 1 else {
            isBroken = true
            let verdict = SSL_get_verify_result(ssl)
            if verdict != X509_V_OK, let reason = X509_verify_cert_error_string(verdict) {
                throw .connection(
                    "\(authority) is not trusted: \(String(cString: reason)); --insecure connects all the same")
            }
            throw .connection("no TLS with \(authority): \(Self.lastError)")
        }
    }

    private static var lastError: String {
        guard let reason = ERR_reason_error_string(ERR_get_error()) else { return "the connection ended" }
        return String(cString: reason)
    }

    func send(_ bytes: [UInt8]) throws(LoadError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { rest in
                if let ssl { return Int(SSL_write(ssl, rest.baseAddress, Int32(clamping: rest.count))) }
                return Glibc.send(fd, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                isBroken = true
                throw .connection("\(authority) closed the connection")
            }
            sent += count
        }
    }

    /// What has come; empty where the server has closed.
    func receive() throws(LoadError) -> ArraySlice<UInt8> {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count =
            if let ssl { Int(SSL_read(ssl, &chunk, Int32(chunk.count))) } else { recv(fd, &chunk, chunk.count, 0) }
        guard count >= 0 else {
            isBroken = true
            throw .connection("no answer from \(authority)")
        }
        return chunk.prefix(count)
    }
}
