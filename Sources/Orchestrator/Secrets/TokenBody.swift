/// A claim as bytes:
///
///      version (1) | flags (1) | issued, ms (8) | expires, ms (8) | nonce (8) | purpose | room | call | name |
///      user if flagged
///
/// Numbers are big-endian; a text is its length in two bytes and its UTF-8.
enum TokenBody {
    static let version: UInt8 = 1
    private static let isAdmin: UInt8 = 1
    private static let hasUser: UInt8 = 2
    private static let maximumTextBytes = 1024

    static func bytes(_ claim: SignedToken.Claim) throws(TokenError) -> [UInt8] {
        guard let issued = milliseconds(claim.issuedAt), let expires = milliseconds(claim.expiresAt) else {
            throw .unspeakable
        }
        let flags = (claim.isAdmin ? isAdmin : 0) | (claim.user == nil ? 0 : hasUser)
        var bytes: [UInt8] = [version, flags]
        for number in [UInt64(bitPattern: issued), UInt64(bitPattern: expires), claim.nonce] {
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
        }
        for text in [claim.purpose, claim.room, claim.call, claim.name] + (claim.user.map { [$0] } ?? []) {
            let text = Array(text.utf8)
            guard text.count <= maximumTextBytes else { throw .unspeakable }
            bytes += [UInt8(truncatingIfNeeded: text.count >> 8), UInt8(truncatingIfNeeded: text.count)] + text
        }
        return bytes
    }

    /// Nil where the bytes are not exactly a claim.
    static func claim(_ bytes: [UInt8]) -> SignedToken.Claim? {
        var rest = bytes[...]
        guard rest.popFirst() == version, let flags = rest.popFirst(), flags & ~(isAdmin | hasUser) == 0,
            let issued = number(&rest), let expires = number(&rest), let nonce = number(&rest),
            let purpose = text(&rest), let room = text(&rest), let call = text(&rest), let name = text(&rest)
        else { return nil }
        var user: String?
        if flags & hasUser != 0 {
            guard let text = text(&rest) else { return nil }
            user = text
        }
        guard rest.isEmpty else { return nil }
        var claim = SignedToken.Claim(
            room: room, call: call, user: user, name: name, isAdmin: flags & isAdmin != 0, purpose: purpose,
            now: Double(Int64(bitPattern: issued)) / 1000, lifetime: 0, nonce: nonce)
        claim.expiresAt = Double(Int64(bitPattern: expires)) / 1000
        return claim
    }

    private static func milliseconds(_ seconds: Double) -> Int64? {
        guard seconds.isFinite else { return nil }
        return Int64(exactly: (seconds * 1000).rounded())
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        guard rest.count >= 8 else { return nil }
        defer { rest.removeFirst(8) }
        return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func text(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let high = rest.popFirst(), let low = rest.popFirst() else { return nil }
        let count = Int(high) << 8 | Int(low)
        guard rest.count >= count else { return nil }
        defer { rest.removeFirst(count) }
        return String(validating: rest.prefix(count), as: UTF8.self)
    }
}
