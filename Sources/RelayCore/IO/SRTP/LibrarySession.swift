internal import CSRTP

/// libsrtp2, for profiles too rare to deserve a fast path. It allocates and locks per packet.
final class LibrarySession {
    enum Direction { case inbound, outbound }

    private let session: srtp_t

    /// libsrtp2's global initialisation; false where it failed.
    private static let isReady: Bool = srtp_init() == srtp_err_status_ok

    init(_ master: SRTPKeys, profile: SRTPProfile, direction: Direction) throws(CipherError) {
        guard Self.isReady else { throw .setUp("libsrtp2") }
        var policy = srtp_policy_t()
        switch profile {
        case .gcm128:
            srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp)
            srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp)
        case .gcm256:
            srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp)
            srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp)
        case .counterSHA1Tag80:
            srtp_crypto_policy_set_rtp_default(&policy.rtp)
            srtp_crypto_policy_set_rtcp_default(&policy.rtcp)
        case .counterSHA1Tag32:
            srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp)
            // SRTCP keeps the 80-bit tag (RFC 5764, section 4.1.2).
            srtp_crypto_policy_set_rtcp_default(&policy.rtcp)
        }
        policy.ssrc.type = direction == .inbound ? ssrc_any_inbound : ssrc_any_outbound
        policy.window_size = 1024
        policy.allow_repeat_tx = 1
        var key = master.key + master.salt
        defer { key.erase() }
        var made: srtp_t?
        let status = key.withUnsafeMutableBufferPointer { bytes in
            policy.key = bytes.baseAddress
            return srtp_create(&made, &policy)
        }
        guard status == srtp_err_status_ok, let made else { throw .setUp("libsrtp2 session") }
        session = made
    }

    deinit { srtp_dealloc(session) }

    func protect(_ packet: UnsafeMutableRawPointer, length: Int) -> Int? { call(srtp_protect, packet, length) }
    func unprotect(_ packet: UnsafeMutableRawPointer, length: Int) -> Int? { call(srtp_unprotect, packet, length) }
    func protectControl(_ packet: UnsafeMutableRawPointer, length: Int) -> Int? {
        call(srtp_protect_rtcp, packet, length)
    }
    func unprotectControl(_ packet: UnsafeMutableRawPointer, length: Int) -> Int? {
        call(srtp_unprotect_rtcp, packet, length)
    }

    private func call(
        _ operation: (srtp_t?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int32>?) -> srtp_err_status_t,
        _ packet: UnsafeMutableRawPointer, _ length: Int
    ) -> Int? {
        guard var count = Int32(exactly: length), operation(session, packet, &count) == srtp_err_status_ok else {
            return nil
        }
        return Int(count)
    }
}
