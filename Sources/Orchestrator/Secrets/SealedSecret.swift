internal import COpenSSL

/// A secret that has to be had back in clear (a SIP digest, a shared secret of TURN), encrypted for keeping:
/// AES-256-GCM under a key derived from the server's.
public struct SealedSecret: Sendable, Hashable {
    /// One byte that says how (1), the nonce of 12, the ciphertext, the tag of 16.
    let bytes: [UInt8]

    /// A sealed secret as it was stored; `open` says whether it is one. What is not base64url opens as `malformed`.
    public init(_ text: String) { bytes = Base64URL.bytes(text) ?? [] }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// As it is stored: base64url.
    public var text: String { Base64URL.text(bytes) }

    private static let version: UInt8 = 1
    private static let nonceBytes = 12
    private static let tagBytes = 16
    /// Of the secret.
    private static let maximumBytes = 1 << 20

    /// Encrypts `secret` under a random nonce.
    /// - Parameter purpose: what it is and whose, such as `sip-digest 02ba016d`; it has to be said again to open it, so
    ///   that one secret cannot be put in another's place.
    /// - Throws: `cipher`; also for more than 1 MiB.
    public static func seal(
        _ secret: [UInt8], for purpose: String, with key: SecretKey
    ) throws(SealedSecretError) -> SealedSecret {
        guard secret.count <= maximumBytes, let context = context(key, encrypts: true) else { throw .cipher }
        defer { EVP_CIPHER_CTX_free(context) }
        let nonce = RandomKey.bytes(nonceBytes), associated = Array(purpose.utf8)
        var sealed = [UInt8](repeating: 0, count: secret.count + tagBytes)
        let count = secret.withUnsafeBytes { secret in
            var part = copenssl_part(data: secret.baseAddress, length: Int32(secret.count))
            return copenssl_gcm_seal(context, nonce, associated, Int32(clamping: associated.count), &part, 1, &sealed)
        }
        guard count == Int32(sealed.count) else { throw .cipher }
        return SealedSecret(bytes: [version] + nonce + sealed)
    }

    /// The secret in clear.
    /// - Throws: `malformed`, `foreign`, `cipher`.
    public func open(for purpose: String, with key: SecretKey) throws(SealedSecretError) -> [UInt8] {
        guard bytes.count >= 1 + Self.nonceBytes + Self.tagBytes, bytes[0] == Self.version,
            bytes.count <= Self.maximumBytes + 1 + Self.nonceBytes + Self.tagBytes
        else { throw .malformed }
        guard let context = Self.context(key, encrypts: false) else { throw .cipher }
        defer { EVP_CIPHER_CTX_free(context) }
        let nonce = Array(bytes[1...Self.nonceBytes]), associated = Array(purpose.utf8)
        var text = Array(bytes[(1 + Self.nonceBytes)...])
        let count = copenssl_gcm_open(
            context, nonce, associated, Int32(clamping: associated.count), nil, 0, &text, Int32(text.count))
        guard count >= 0 else { throw .foreign }
        return Array(text.prefix(Int(count)))
    }

    private static func context(_ key: SecretKey, encrypts: Bool) -> OpaquePointer? {
        let key = key.derived(for: "switchyard sealed secrets")
        return copenssl_gcm_new(key, Int32(key.count), encrypts ? 1 : 0)
    }
}

/// Why a secret was not sealed or opened.
public enum SealedSecretError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not what `seal` makes.
    case malformed
    /// Sealed under another key or for another purpose, or changed since.
    case foreign
    /// The cipher refused.
    case cipher

    public var description: String {
        switch self {
        case .malformed: "this is no sealed secret"
        case .foreign: "the secret was sealed under another key (\(SecretKeyFile.name)) or for another purpose"
        case .cipher: "the cipher could not be used"
        }
    }
}
