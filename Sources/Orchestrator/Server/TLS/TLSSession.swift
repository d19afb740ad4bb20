internal import COpenSSL

/// One connection's TLS, server side, between memory buffers: bytes of the network in, clear bytes out, and back.
nonisolated final class TLSSession {
    enum State {
        case open
        /// The peer sent its close_notify.
        case ended
        /// The handshake failed, or a record was wrong; what is in the output still tells the peer.
        case failed
    }

    private let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private var state = State.open

    /// nil when memory is short.
    init?(context: TLSContext) {
        guard let ssl = SSL_new(context.pointer) else { return nil }
        guard let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            return nil
        }
        // An empty buffer means that more is to come, not that the connection has ended.
        BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        BIO_ctrl(output, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        SSL_set_bio(ssl, input, output)  // which owns them from here on
        SSL_set_accept_state(ssl)
        self.ssl = ssl
        self.input = input
        self.output = output
    }

    deinit { SSL_free(ssl) }

    /// Takes what the network brought.
    func receive(_ bytes: [UInt8]) -> (plaintext: [UInt8], state: State) {
        guard case .open = state else { return ([], state) }
        ERR_clear_error()
        BIO_write(input, bytes, Int32(clamping: bytes.count))
        var plaintext: [UInt8] = []
        while true {
            var count = 0
            let code = withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 1) { buffer in
                let code = SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count)
                if code == 1 { plaintext.append(contentsOf: buffer.prefix(count)) }
                return code
            }
            if code == 1 { continue }
            switch SSL_get_error(ssl, code) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
            case SSL_ERROR_ZERO_RETURN: state = .ended
            default: state = .failed
            }
            return (plaintext, state)
        }
    }

    /// Encrypts `bytes` into the output. Without effect before the handshake is done or after a failure.
    func send(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, SSL_is_init_finished(ssl) == 1 else { return }
        if case .failed = state { return }
        ERR_clear_error()
        var count = 0
        if SSL_write_ex(ssl, bytes, bytes.count, &count) != 1 { state = .failed }
    }

    /// Puts our close_notify into the output.
    func end() {
        guard SSL_is_init_finished(ssl) == 1 else { return }
        if case .failed = state { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
    }

    /// What is to go to the network.
    func takeOutput() -> [UInt8] {
        let count = BIO_ctrl_pending(output)
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            written = max(0, Int(BIO_read(output, buffer.baseAddress, Int32(clamping: count))))
        }
    }
}
