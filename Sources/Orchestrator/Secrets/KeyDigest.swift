/// The SHA-256 of a random key, kept in its place: whoever reads it cannot present the key.
///
/// For keys that were drawn at random only (API keys, device tokens, access keys). What people think up goes through
/// `PasswordHash`, which is slow on purpose.
public struct KeyDigest: Sendable, Hashable {
    /// 32 of them.
    let bytes: [UInt8]

    /// The digest of `key`, of any length.
    public init(of key: String) { bytes = Sodium.sha256(Array(key.utf8)) }

    /// A digest as it was stored; nil where `text` is none.
    public init?(_ text: String) {
        guard let bytes = Base64URL.bytes(text), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// As it is stored: base64url, 43 characters.
    public var text: String { Base64URL.text(bytes) }

    /// Whether it is the digest of `key`. The time this takes tells nothing of either.
    public func matches(_ key: String) -> Bool { Self(of: key) == self }

    /// Constant-time.
    public static func == (a: Self, b: Self) -> Bool { Sodium.areEqual(a.bytes, b.bytes) }
}
