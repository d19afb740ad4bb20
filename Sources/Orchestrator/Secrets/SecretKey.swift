/// The server's own key: what it seals is readable, and what it signs is valid, with this key only. It lives in one
/// file of the data directory (`SecretKeyFile`).
public struct SecretKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private let bytes: [UInt8]

    /// How many bytes a key has.
    public static let byteCount = 32

    /// A key out of its bytes; nil unless there are `byteCount`.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// A new key.
    public static func random() -> SecretKey { SecretKey(RandomKey.bytes(byteCount)) }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Never the key.
    public var description: String { "SecretKey" }
    public var debugDescription: String { description }

    /// The key for one use, which tells nothing of the others or of this one: HKDF-Expand (RFC 5869, section 2.3) to one
    /// block. No extraction is needed, the key being uniformly random.
    func derived(for use: String) -> [UInt8] { Sodium.hmac(Array(use.utf8) + [1], key: bytes) }

    /// As the file has it.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    init?(hexadecimal text: some Collection<UInt8>) {
        let digits = text.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 2 * Self.byteCount, !digits.contains(nil) else { return nil }
        let values = digits.compactMap(\.self)
        bytes = (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: values[2 * $0] << 4 | values[2 * $0 + 1]) }
    }
}
