internal import CCipher
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

    init(
        _ master: SRTPKeys, profile: SRTPProfile, direction: LibrarySession.Direction, backend: CipherBackend
    ) throws(CipherError) {
        var keys = try SessionKeys(master, profile: profile)
        defer { keys.erase() }
        let made = try Self.contexts(master, keys, profile, direction, backend)
        contexts = made
        salt = SaltedCounter(salt: keys.rtpSalt, isGCM: profile.isGCM)
        controlSalt = SaltedCounter(salt: keys.rtcpSalt, isGCM: profile.isGCM)
    }

    deinit {
        switch contexts {
        case .gcm(let media, let control):
            ccipher_gcm_free(media)
            ccipher_gcm_free(control)
        case .counter(let media, let tag, let control, let controlTag):
            ccipher_ctr_free(media)
            ccipher_ctr_free(control)
            copenssl_hmac_free(tag)
            copenssl_hmac_free(controlTag)
        case .library: break
        }
    }

    private static func contexts(
        _ master: SRTPKeys, _ keys: SessionKeys, _ profile: SRTPProfile, _ direction: LibrarySession.Direction,
        _ backend: CipherBackend
    ) throws(CipherError) -> Contexts {
        switch profile {
        case .gcm128, .gcm256:
            let encrypts = direction == .outbound
            return .gcm(
                media: try gcm(keys.rtpKey, encrypts, backend), control: try gcm(keys.rtcpKey, encrypts, backend))
        case .counterSHA1Tag80:
            return .counter(
                media: try counter(keys.rtpKey, backend), tag: try hmac(keys.rtpAuthentication),
                control: try counter(keys.rtcpKey, backend), controlTag: try hmac(keys.rtcpAuthentication))
        case .counterSHA1Tag32:
            return .library(try LibrarySession(master, profile: profile, direction: direction))
        }
    }

    private static func gcm(
        _ key: [UInt8], _ encrypts: Bool, _ backend: CipherBackend
    ) throws(CipherError) -> OpaquePointer {
        guard let context = ccipher_gcm_new(backend.gcm.code, key, Int32(key.count), encrypts ? 1 : 0) else {
            throw .setUp("AES-GCM")
        }
        return context
    }

    private static func counter(_ key: [UInt8], _ backend: CipherBackend) throws(CipherError) -> OpaquePointer {
        guard let context = ccipher_ctr_new(backend.counter.code, key, Int32(key.count)) else {
            throw .setUp("AES-CTR")
        }
        return context
    }

    private static func hmac(_ key: [UInt8]) throws(CipherError) -> OpaquePointer {
        guard let context = copenssl_hmac_new(key, Int32(key.count)) else { throw .setUp("HMAC-SHA1") }
        return context
    }
}
