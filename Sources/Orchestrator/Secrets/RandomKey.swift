internal import CSodium

/// What nobody can guess, from the kernel's generator (getrandom).
public enum RandomKey {
    /// So many random bytes.
    public static func bytes(_ count: Int) -> [UInt8] {
        _ = Sodium.isReady
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        randombytes_buf(&bytes, bytes.count)
        return bytes
    }

    /// A key to hand to somebody: 43 characters of base64url, 32 random bytes. Keep its `KeyDigest` only.
    public static func text() -> String { Base64URL.text(bytes(32)) }
}
