internal import COpenSSL

/// One direction's keyed contexts for media and for control. They are freed with it.
struct CipherSuite: ~Copyable {
    enum Contexts {
        case gcm(media: OpaquePointer, control: OpaquePointer)
        case counter(media: OpaquePointer, tag: OpaquePointer, control: OpaquePointer, controlTag: OpaquePointer)
        case library(LibrarySession)
    }

    let contexts: Contexts
    let salt: SaltedCounter
    let controlSalt: SaltedCounter

    init(_ master: SRTPKeys, profile: SRTPProfile, direction: LibrarySession.Direction) throws(CipherError) {
        let keys = try SessionKeys(master, profile: profile)
        let made = try Self.contexts(master, keys, profile, direction)
        contexts = made
        salt = SaltedCounter(salt: keys.rtpSalt, isGCM: profile.isGCM)
        controlSalt = SaltedCounter(salt: keys.rtcpSalt, isGCM: profile.isGCM)
    }

    deinit {
        switch contexts {
        case .gcm(let media, let control):
            EVP_CIPHER_CTX_free(media)
            EVP_CIPHER_CTX_free(control)
        case .counter(let media, let tag, let control, let controlTag):
            EVP_CIPHER_CTX_free(media)
            EVP_CIPHER_CTX_free(control)
            copenssl_hmac_free(tag)
            copenssl_hmac_free(controlTag)
        case .library: break
        }
    }

    private static func contexts(
        _ master: SRTPKeys, _ keys: SessionKeys, _ profile: SRTPProfile, _ direction: LibrarySession.Direction
    ) throws(CipherError) -> Contexts {
        switch profile {
        case .gcm128, .gcm256:
            let encrypts = direction == .outbound
            return .gcm(
                media: try gcm(keys.rtpKey, encrypts: encrypts), control: try gcm(keys.rtcpKey, encrypts: encrypts))
        case .counterSHA1Tag80:
            return .counter(
                media: try counter(keys.rtpKey), tag: try hmac(keys.rtpAuthentication),
                control: try counter(keys.rtcpKey), controlTag: try hmac(keys.rtcpAuthentication))
        case .counterSHA1Tag32:
            return .library(try LibrarySession(master, profile: profile, direction: direction))
        }
    }

    private static func gcm(_ key: [UInt8], encrypts: Bool) throws(CipherError) -> OpaquePointer {
        guard let context = copenssl_gcm_new(key, Int32(key.count), encrypts ? 1 : 0) else { throw .setUp("AES-GCM") }
        return context
    }

    private static func counter(_ key: [UInt8]) throws(CipherError) -> OpaquePointer {
        guard let context = copenssl_ctr_new(key, Int32(key.count)) else { throw .setUp("AES-CTR") }
        return context
    }

    private static func hmac(_ key: [UInt8]) throws(CipherError) -> OpaquePointer {
        guard let context = copenssl_hmac_new(key, Int32(key.count)) else { throw .setUp("HMAC-SHA1") }
        return context
    }
}
