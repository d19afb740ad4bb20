internal import COpenSSL

/// Session keys of one direction (RFC 3711, section 4.3; key derivation rate 0).
struct SessionKeys {
    var rtpKey: [UInt8]
    var rtpAuthentication: [UInt8]
    var rtpSalt: [UInt8]
    var rtcpKey: [UInt8]
    var rtcpAuthentication: [UInt8]
    var rtcpSalt: [UInt8]

    init(_ master: SRTPKeys, profile: SRTPProfile) throws(CipherError) {
        guard master.key.count == profile.keyLength, master.salt.count == profile.saltLength,
            let generator = copenssl_ctr_new(master.key, Int32(master.key.count))
        else { throw .setUp("key derivation") }
        defer { EVP_CIPHER_CTX_free(generator) }

        func derive(label: UInt8, count: Int) -> [UInt8] {
            var iv = master.salt + [UInt8](repeating: 0, count: 16 - master.salt.count)
            iv[7] ^= label
            let zeros = [UInt8](repeating: 0, count: count)
            var out = zeros
            zeros.withUnsafeBytes { bytes in
                var part = copenssl_part(data: bytes.baseAddress, length: Int32(count))
                _ = copenssl_ctr_apply(generator, iv, &part, 1, &out)
            }
            return out
        }
        rtpKey = derive(label: 0, count: profile.keyLength)
        rtpAuthentication = derive(label: 1, count: 20)
        rtpSalt = derive(label: 2, count: profile.saltLength)
        rtcpKey = derive(label: 3, count: profile.keyLength)
        rtcpAuthentication = derive(label: 4, count: 20)
        rtcpSalt = derive(label: 5, count: profile.saltLength)
    }

    /// Overwrites every key; the ciphers have copies of their own.
    mutating func erase() {
        func erase(_ bytes: inout [UInt8]) {
            bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
        }
        erase(&rtpKey)
        erase(&rtpAuthentication)
        erase(&rtpSalt)
        erase(&rtcpKey)
        erase(&rtcpAuthentication)
        erase(&rtcpSalt)
    }
}
