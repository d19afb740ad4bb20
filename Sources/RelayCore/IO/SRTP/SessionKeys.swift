internal import COpenSSL

/// Session keys of one direction (RFC 3711, section 4.3; key derivation rate 0).
struct SessionKeys {
    var rtpKey: [UInt8]
    var rtpAuthentication: [UInt8]
    var rtpSalt: [UInt8]
    var rtcpKey: [UInt8]
    var rtcpAuthentication: [UInt8]
    var rtcpSalt: [UInt8]

    /// - Throws: where the master key does not fit the profile, or OpenSSL does not derive: never keys of zeros.
    init(_ master: SRTPKeys, profile: SRTPProfile) throws(CipherError) {
        guard master.key.count == profile.keyLength, master.salt.count == profile.saltLength,
            let generator = copenssl_ctr_new(master.key, Int32(master.key.count))
        else { throw .setUp("key derivation") }
        defer { EVP_CIPHER_CTX_free(generator) }
        self = try Self.derived(by: master.salt, profile) { iv, zeros, out in
            var part = copenssl_part(data: zeros, length: Int32(truncatingIfNeeded: out.count))
            return copenssl_ctr_apply(generator, iv, &part, 1, out.baseAddress)
        }
    }

    private init(_ derive: (_ label: UInt8, _ count: Int) throws(CipherError) -> [UInt8], _ profile: SRTPProfile)
        throws(CipherError)
    {
        rtpKey = try derive(0, profile.keyLength)
        rtpAuthentication = try derive(1, 20)
        rtpSalt = try derive(2, profile.saltLength)
        rtcpKey = try derive(3, profile.keyLength)
        rtcpAuthentication = try derive(4, 20)
        rtcpSalt = try derive(5, profile.saltLength)
    }

    /// The keys that a generator of the key stream makes.
    /// - Parameter generate: encrypts zeros under an IV of 16 bytes into the buffer, and gives the number of bytes written.
    static func derived(
        by salt: [UInt8], _ profile: SRTPProfile,
        _ generate: (
            _ iv: UnsafePointer<UInt8>, _ zeros: UnsafePointer<UInt8>, _ out: UnsafeMutableBufferPointer<UInt8>
        ) -> Int32
    ) throws(CipherError) -> SessionKeys {
        try SessionKeys(
            { label, count throws(CipherError) in
                var iv = salt + [UInt8](repeating: 0, count: max(0, 16 - salt.count))
                defer { iv.erase() }
                iv[7] ^= label
                let zeros = [UInt8](repeating: 0, count: count)
                var out = zeros
                let written = out.withUnsafeMutableBufferPointer { generate(iv, zeros, $0) }
                guard written == Int32(truncatingIfNeeded: count) else {
                    out.erase()
                    throw .setUp("key derivation")
                }
                return out
            }, profile)
    }

    /// Overwrites every key; the ciphers have copies of their own.
    mutating func erase() {
        rtpKey.erase()
        rtpAuthentication.erase()
        rtpSalt.erase()
        rtcpKey.erase()
        rtcpAuthentication.erase()
        rtcpSalt.erase()
    }
}

extension [UInt8] {
    /// Overwrites the bytes with zeros, in a way that no compiler leaves out. Another array that shares them keeps its own.
    mutating func erase() {
        withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}
