internal import COpenSSL
internal import Glibc

/// A server's certificate and its TLS settings: TLS 1.2 and 1.3, ALPN `http/1.1`.
nonisolated final class TLSContext {
    let pointer: OpaquePointer

    /// Throws an error that names the setting when a file cannot be used.
    init(certificatePath: String, keyPath: String) throws(ServerError) {
        guard let context = SSL_CTX_new(TLS_server_method()) else {
            throw .badSetting(name: "http.tls-cert", reason: TLSContext.lastError())
        }
        pointer = context
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(SSL_MODE_RELEASE_BUFFERS), nil)
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(context, certificatePath) == 1 else {
            throw .badSetting(name: "http.tls-cert", reason: "\(certificatePath): \(TLSContext.lastError())")
        }
        guard SSL_CTX_use_PrivateKey_file(context, keyPath, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_check_private_key(context) == 1
        else {
            throw .badSetting(name: "http.tls-key", reason: "\(keyPath): \(TLSContext.lastError())")
        }
        SSL_CTX_set_alpn_select_cb(context, chooseProtocol, nil)
    }

    deinit { SSL_CTX_free(pointer) }

    private static func lastError() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return "unknown error" }
        if let reason = ERR_reason_error_string(code) { return String(cString: reason) }
        return String(cString: strerror(Int32(truncatingIfNeeded: code & 0x7FFF_FFFF)))
    }
}

/// Takes `http/1.1` when the client offers it; a client that offers only other protocols is told so.
nonisolated private func chooseProtocol(
    _: OpaquePointer?, chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, length: UnsafeMutablePointer<UInt8>?,
    offered: UnsafePointer<UInt8>?, offeredLength: UInt32, _: UnsafeMutableRawPointer?
) -> Int32 {
    let bytes = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
    var index = 0
    while index < bytes.count {
        let name = bytes[(index + 1)...].prefix(Int(bytes[index]))
        if name.elementsEqual("http/1.1".utf8) {
            chosen?.pointee = offered.map { $0 + index + 1 }
            length?.pointee = UInt8(name.count)
            return SSL_TLSEXT_ERR_OK
        }
        index += 1 + Int(bytes[index])
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
