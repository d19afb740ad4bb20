internal import CSodium
internal import Glibc

/// A person's password, hashed with Argon2id (RFC 9106), as it is stored.
///
/// Making and verifying take tens of milliseconds and `Cost.memoryKiB` of memory on purpose: on the control thread call
/// `PasswordChecker` instead.
public struct PasswordHash: Sendable, Hashable {
    /// In the PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.
    public let text: String
    /// What making it cost, which is what verifying costs.
    public let cost: Cost

    /// How much work one hash is. The default is OWASP's recommendation with the least memory traffic.
    public struct Cost: Sendable, Hashable {
        /// Memory in KiB that is filled.
        public var memoryKiB: Int
        /// How often.
        public var passes: Int

        public init(memoryKiB: Int = 19 * 1024, passes: Int = 2) {
            self.memoryKiB = memoryKiB
            self.passes = passes
        }

        /// What is not worth its name, and what would take the machine down.
        var isSensible: Bool { (8...1 << 20).contains(memoryKiB) && (1...64).contains(passes) }
    }

    /// Passwords of more bytes (UTF-8) are refused.
    public static let maximumPasswordBytes = 1024

    /// A hash as it was stored; nil unless it is an Argon2id PHC string of a bearable cost.
    public init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard text.utf8.count < Int(crypto_pwhash_STRBYTES), parts.count == 6, parts[0].isEmpty,
            parts[1] == "argon2id", parts[2] == "v=19", !parts[4].isEmpty, !parts[5].isEmpty,
            let cost = Self.cost(parts[3])
        else { return nil }
        self.text = text
        self.cost = cost
    }

    private init(text: String, cost: Cost) {
        self.text = text
        self.cost = cost
    }

    /// Hashes a password with a random salt. Blocks.
    /// - Throws: `tooLong`, `noMemory`.
    public static func make(_ password: String, cost: Cost = Cost()) throws(PasswordError) -> PasswordHash {
        let password = try bytes(password)
        guard Sodium.isReady, cost.isSensible else { throw .noMemory }
        var text = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
        let code = crypto_pwhash_str_alg(
            &text, password, UInt64(password.count), UInt64(cost.passes), cost.memoryKiB * 1024,
            crypto_pwhash_ALG_ARGON2ID13)
        guard code == 0 else { throw .noMemory }
        return PasswordHash(
            text: String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self), cost: cost)
    }

    /// Whether it is the hash of that password; the comparison takes constant time. Blocks.
    /// - Throws: `tooLong`, `noMemory`.
    public func verify(_ password: String) throws(PasswordError) -> Bool {
        let password = try Self.bytes(password)
        guard Sodium.isReady else { throw .noMemory }
        errno = 0
        if crypto_pwhash_str_verify(text, password, UInt64(password.count)) == 0 { return true }
        // libsodium says so where it came to the comparison; all else is that it did not get that far.
        guard errno == EINVAL else { throw .noMemory }
        return false
    }

    /// Whether it was made at another cost than hashes are made at now, so that it should be made anew when the
    /// password is at hand.
    public func needsRehash(for cost: Cost) -> Bool { self.cost != cost }

    /// A hash of no password: verifying against it takes as long as against any other of that cost, and never succeeds.
    static func ofNothing(cost: Cost) -> PasswordHash {
        let salt = base64(RandomKey.bytes(16)), hash = base64(RandomKey.bytes(32))
        let text = "$argon2id$v=19$m=\(cost.memoryKiB),t=\(cost.passes),p=1$\(salt)$\(hash)"
        return PasswordHash(text: text, cost: cost)
    }

    private static func bytes(_ password: String) throws(PasswordError) -> [CChar] {
        guard password.utf8.count <= maximumPasswordBytes else { throw .tooLong(limitBytes: maximumPasswordBytes) }
        return password.utf8.map(CChar.init(bitPattern:))
    }

    /// `m=19456,t=2,p=1`
    private static func cost(_ text: Substring) -> Cost? {
        let items = text.split(separator: ",")
        guard items.count == 3, items[0].hasPrefix("m="), items[1].hasPrefix("t="), items[2] == "p=1",
            let memory = Int(items[0].dropFirst(2)), let passes = Int(items[1].dropFirst(2))
        else { return nil }
        let cost = Cost(memoryKiB: memory, passes: passes)
        return cost.isSensible ? cost : nil
    }

    /// The PHC format's base64: the common alphabet, without padding.
    private static func base64(_ bytes: [UInt8]) -> String {
        Base64URL.text(bytes).replacing("-", with: "+").replacing("_", with: "/")
    }
}

extension String {
    fileprivate func replacing(_ character: Character, with other: Character) -> String {
        String(map { $0 == character ? other : $0 })
    }
}
