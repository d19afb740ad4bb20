internal import COpenSSL

/// Makes keyed OpenSSL contexts; whoever asks frees them.
enum CipherContext {
    static func gcm(_ key: [UInt8], encrypt: Bool) throws(CipherError) -> OpaquePointer {
        guard let context = copenssl_gcm_new(key, Int32(key.count), encrypt ? 1 : 0) else { throw .setUp("AES-GCM") }
        return context
    }

    static func counter(_ key: [UInt8]) throws(CipherError) -> OpaquePointer {
        guard let context = copenssl_ctr_new(key, Int32(key.count)) else { throw .setUp("AES-CTR") }
        return context
    }

    static func hmac(_ key: [UInt8]) throws(CipherError) -> OpaquePointer {
        guard let context = copenssl_hmac_new(key, Int32(key.count)) else { throw .setUp("HMAC-SHA1") }
        return context
    }
}
