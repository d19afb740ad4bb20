internal import COpenSSL

/// The relay's own certificate, made at start: every transport's DTLS identity.
///
/// OpenSSL's objects are reference-counted and safe to share between threads once made.
package final class Certificate: @unchecked Sendable {
    /// SHA-256, upper-case hex pairs joined by colons, as `a=fingerprint:sha-256` wants it.
    package let fingerprint: String
    let context: OpaquePointer
    private let x509: OpaquePointer
    private let key: OpaquePointer

    /// - Parameter profiles: of SRTP, that are offered and taken, best first.
    package init(profiles: [SRTPProfile] = SRTPProfile.allCases) throws(CipherError) {
        var x509: OpaquePointer?
        var key: OpaquePointer?
        guard copenssl_make_certificate("switchyard", &x509, &key) == 0, let x509, let key else {
            throw .setUp("certificate")
        }
        guard let context = copenssl_dtls_context(x509, key, SRTPProfile.offer(profiles)) else {
            throw .setUp("DTLS context")
        }
        self.x509 = x509
        self.key = key
        self.context = context
        fingerprint = Self.digest(of: x509, EVP_sha256()) ?? ""
    }

    deinit {
        SSL_CTX_free(context)
        X509_free(x509)
        EVP_PKEY_free(key)
    }

    /// The digest of a certificate, in the form SDP has it.
    static func digest(of certificate: OpaquePointer, _ hash: OpaquePointer?) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard X509_digest(certificate, hash, &bytes, &length) == 1 else { return nil }
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes.prefix(Int(length)) {
            if !text.isEmpty { text.append(UInt8(ascii: ":")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The hash functions that a fingerprint may use (RFC 8122, section 5, less the broken ones).
    static func hash(named name: String) -> OpaquePointer? {
        switch name {
        case "sha-256": EVP_sha256()
        case "sha-384": EVP_sha384()
        case "sha-512": EVP_sha512()
        default: nil
        }
    }
}
