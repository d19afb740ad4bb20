internal import COpenSSL
package import RelayProtocol

/// One transport's DTLS 1.2 association, sans-IO: datagrams go in, datagrams come out (RFC 5763, 5764, 6347).
package final class DTLSEndpoint {
    package enum State: Equatable {
        case handshaking
        /// The peer's certificate matched its fingerprint.
        case connected
        /// The peer closed it.
        case closed
        case failed(String)
    }

    package private(set) var state = State.handshaking
    /// OpenSSL's association with its BIOs; nil once settled.
    private var ssl: OpaquePointer?
    private let inbound: OpaquePointer
    private let outbound: OpaquePointer
    private let isClient: Bool
    /// close_notify, made when the association settled.
    private var farewell: [UInt8] = []
    private let expected: [RemoteTransport.Fingerprint]

    /// Largest datagram that is sent.
    package static let maximumDatagram = 1200

    package init(
        certificate: Certificate, isClient: Bool, expected: [RemoteTransport.Fingerprint]
    ) throws(CipherError) {
        guard let ssl = SSL_new(certificate.context) else { throw .setUp("DTLS") }
        guard let inbound = copenssl_memory_bio(), let outbound = copenssl_memory_bio() else {
            SSL_free(ssl)
            throw .setUp("DTLS buffers")
        }
        self.ssl = ssl
        self.inbound = inbound
        self.outbound = outbound
        self.isClient = isClient
        self.expected = expected
        SSL_set_bio(ssl, inbound, outbound)  // takes both over
        copenssl_dtls_configure(ssl, Self.maximumDatagram)
        if isClient { SSL_set_connect_state(ssl) } else { SSL_set_accept_state(ssl) }
    }

    deinit { SSL_free(ssl) }

    /// Begins the handshake where we are the client; call once the remote address is known.
    package func start() { advance() }

    /// Takes in one datagram from a validated address.
    package func receive(_ datagram: UnsafeRawBufferPointer) {
        guard let length = Int32(exactly: datagram.count), length > 0 else { return }
        switch state {
        // OpenSSL ends a handshake that application data interrupts; nobody who means well sends any.
        case .handshaking: if datagram.first == 23 { return }
        case .connected: break
        case .closed, .failed: return
        }
        guard ssl != nil else { return }
        BIO_write(inbound, datagram.baseAddress, length)
        advance()
        // A datagram that does not end with a whole record must not glue itself to the next one.
        copenssl_bio_clear(inbound)
    }

    /// Frees OpenSSL's association, by far the largest part of an idle transport, and keeps only the bytes of close_notify.
    ///
    /// For when the peer cannot ask for the handshake's last flight any more. What it sends from then on cannot be read;
    /// only that it was an alert can be seen.
    package func settle() {
        guard state == .connected, let ssl, BIO_ctrl_pending(outbound) == 0 else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        farewell = takeOutbound()
        SSL_free(ssl)
        self.ssl = nil
    }

    package var isSettled: Bool { ssl == nil }

    private func takeOutbound() -> [UInt8] {
        let pending = Int(BIO_ctrl_pending(outbound))
        guard pending > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: pending) { buffer, count in
            count = max(0, Int(BIO_read(outbound, buffer.baseAddress, Int32(truncatingIfNeeded: pending))))
        }
    }

    /// When `handleTimeout` is due, from now; nil while no retransmission timer runs.
    package var timeout: Instant.Span? {
        guard state == .handshaking, let ssl else { return nil }
        let left = copenssl_dtls_timeout(ssl)
        return left < 0 ? nil : .microseconds(left)
    }

    /// Retransmits the last flight; gives up after OpenSSL's limit (about a minute).
    package func handleTimeout() {
        guard state == .handshaking, let ssl else { return }
        ERR_clear_error()
        if copenssl_dtls_handle_timeout(ssl) < 0 { state = .failed("handshake timed out") }
    }

    /// Makes close_notify, to be drained.
    package func close() {
        if state == .connected, let ssl {
            ERR_clear_error()
            SSL_shutdown(ssl)
        }
        if state == .connected || state == .handshaking { state = .closed }
    }

    /// Hands out what is to be sent: whole records, as many to a datagram as fit.
    package func drain(_ send: (UnsafeRawBufferPointer) -> Void) {
        guard ssl != nil else {
            if state == .closed, !farewell.isEmpty {
                farewell.withUnsafeBytes(send)
                farewell = []
            }
            return
        }
        let flight = takeOutbound()
        flight.withUnsafeBytes { bytes in
            var start = 0
            var end = 0
            while end < bytes.count, let recordLength = bytes.uint16(at: end + 11) {
                let next = min(bytes.count, end + 13 + Int(recordLength))
                if next - start > Self.maximumDatagram, end > start {
                    send(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                    start = end
                }
                end = next
            }
            if end > start { send(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) }
        }
    }

    private func advance() {
        guard let ssl else { return }
        ERR_clear_error()
        if state == .handshaking {
            let result = SSL_do_handshake(ssl)
            if result == 1 {
                state = isPeerExpected ? .connected : .failed("the certificate does not match the fingerprint")
            } else {
                note(SSL_get_error(ssl, result), during: "handshake")
            }
        }
        guard state == .connected else { return }
        // Nobody sends application data; reading drives alerts and answers retransmitted flights.
        withUnsafeTemporaryAllocation(byteCount: 2048, alignment: 8) { scratch in
            for _ in 0..<16 {
                let result = SSL_read(ssl, scratch.baseAddress, Int32(scratch.count))
                if result <= 0 {
                    note(SSL_get_error(ssl, result), during: "association")
                    return
                }
            }
        }
    }

    private func note(_ error: Int32, during phase: String) {
        switch error {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return
        case SSL_ERROR_ZERO_RETURN: state = .closed
        default:
            var text = [CChar](repeating: 0, count: 160)
            ERR_error_string_n(ERR_get_error(), &text, text.count)
            let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            state = .failed("\(phase): \(reason)")
        }
    }

    private var isPeerExpected: Bool {
        guard let ssl, let certificate = SSL_get1_peer_certificate(ssl) else { return false }
        defer { X509_free(certificate) }
        return expected.contains { fingerprint in
            guard let hash = Certificate.hash(named: fingerprint.hash) else { return false }
            return Certificate.digest(of: certificate, hash) == fingerprint.value.uppercased()
        }
    }

    /// The negotiated profile and both directions' master keys (RFC 5764, section 4.2); nil before `connected`. The caller erases
    /// the keys once they were used.
    package func exportKeys() -> (profile: SRTPProfile, sending: SRTPKeys, receiving: SRTPKeys)? {
        guard state == .connected, let ssl, let selected = SSL_get_selected_srtp_profile(ssl),
            let profile = SRTPProfile(rawValue: UInt(selected.pointee.id))
        else { return nil }
        let keyLength = profile.keyLength
        let saltLength = profile.saltLength
        var material = [UInt8](repeating: 0, count: 2 * (keyLength + saltLength))
        defer { material.erase() }
        let label = "EXTRACTOR-dtls_srtp"
        guard SSL_export_keying_material(ssl, &material, material.count, label, label.utf8.count, nil, 0, 0) == 1 else {
            return nil
        }
        func cut(_ offset: Int, _ count: Int) -> [UInt8] { Array(material[offset..<offset + count]) }
        let client = SRTPKeys(key: cut(0, keyLength), salt: cut(2 * keyLength, saltLength))
        let server = SRTPKeys(key: cut(keyLength, keyLength), salt: cut(2 * keyLength + saltLength, saltLength))
        return isClient ? (profile, client, server) : (profile, server, client)
    }
}
