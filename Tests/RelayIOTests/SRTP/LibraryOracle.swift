import CSRTP
import RelayIO

/// libsrtp2 as the other end of the wire: what the fast paths are held against.
final class LibraryOracle {
    enum Direction { case sends, receives }

    private let session: srtp_t

    /// The relay's own libsrtp2 sessions initialise the library, once; making one here avoids a second initialisation beside it.
    private static let isReady: Bool =
        (try? PacketSealer(testKeys(.counterSHA1Tag32), profile: .counterSHA1Tag32)) != nil

    /// - Parameter encryptsControl: false for SRTCP that is authenticated only.
    init(_ keys: SRTPKeys, _ profile: SRTPProfile, _ direction: Direction, encryptsControl: Bool = true) throws {
        guard Self.isReady else { throw CipherError.setUp("libsrtp2") }
        var policy = srtp_policy_t()
        // The registry's numbers are libsrtp2's.
        let number = srtp_profile_t(rawValue: UInt32(profile.rawValue))
        guard srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, number) == srtp_err_status_ok,
            srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, number) == srtp_err_status_ok
        else { throw CipherError.setUp("libsrtp2 profile") }
        if !encryptsControl { policy.rtcp.sec_serv = sec_serv_auth }
        policy.ssrc.type = direction == .sends ? ssrc_any_outbound : ssrc_any_inbound
        policy.window_size = 1024
        var master = keys.key + keys.salt
        var made: srtp_t?
        let status = master.withUnsafeMutableBufferPointer { bytes in
            policy.key = bytes.baseAddress
            return srtp_create(&made, &policy)
        }
        guard status == srtp_err_status_ok, let made else { throw CipherError.setUp("libsrtp2 session") }
        session = made
    }

    deinit { srtp_dealloc(session) }

    func protect(_ packet: [UInt8]) -> [UInt8]? { apply(srtp_protect, packet) }
    func unprotect(_ packet: [UInt8]) -> [UInt8]? { apply(srtp_unprotect, packet) }
    func protectControl(_ packet: [UInt8]) -> [UInt8]? { apply(srtp_protect_rtcp, packet) }
    func unprotectControl(_ packet: [UInt8]) -> [UInt8]? { apply(srtp_unprotect_rtcp, packet) }

    private func apply(
        _ operation: (srtp_t?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int32>?) -> srtp_err_status_t,
        _ packet: [UInt8]
    ) -> [UInt8]? {
        var memory = packet + [UInt8](repeating: 0, count: Int(SRTP_MAX_TRAILER_LEN) + 4)
        var length = Int32(packet.count)
        guard operation(session, &memory, &length) == srtp_err_status_ok else { return nil }
        return Array(memory.prefix(Int(length)))
    }
}
