/// Makes and reads tokens that say who may do what in which room, and until when.
///
/// A token is text of base64url: a claim and its HMAC-SHA-256 under a key derived from the server's. It is not
/// encrypted: whoever has it can read it.
public struct SignedToken: Sendable {
    private let key: [UInt8]

    /// Tokens of one server's key; they stay valid when the server starts again with it.
    public init(key: SecretKey) { self.key = key.derived(for: "switchyard signed tokens") }

    /// What a token says.
    public struct Claim: Sendable, Equatable {
        /// The room that it is good for.
        public var room: String
        /// The call (the participant's id) that it is good for.
        public var call: String
        /// The user that the call is of; nil for somebody without an account.
        public var user: String?
        /// What the call is shown as.
        public var name: String
        /// Whether it carries an admin's rights in the room.
        public var isAdmin: Bool
        /// What it is for, such as `member` or `invitation`: a token of one purpose is none of another.
        public var purpose: String
        /// Seconds since 1970, kept to the millisecond.
        public var issuedAt: Double
        /// Seconds since 1970, kept to the millisecond; from then on it is worth nothing.
        public var expiresAt: Double
        /// What tells it from all other tokens, for lists of those that were withdrawn.
        public var nonce: UInt64

        /// - Parameters:
        ///   - now: seconds since 1970.
        ///   - lifetime: seconds.
        ///   - nonce: a random one.
        public init(
            room: String, call: String, user: String? = nil, name: String = "", isAdmin: Bool = false, purpose: String,
            now: Double, lifetime: Double, nonce: UInt64 = .random(in: .min ... .max)
        ) {
            self.room = room
            self.call = call
            self.user = user
            self.name = name
            self.isAdmin = isAdmin
            self.purpose = purpose
            issuedAt = now
            expiresAt = now + lifetime
            self.nonce = nonce
        }
    }

    /// Longer texts are no tokens.
    private static let maximumTextBytes = 8192
    private static let tagBytes = 32

    /// The text of a token for that claim.
    /// - Throws: `unspeakable` where a text of the claim has more than 1024 bytes, or an instant is not one.
    public func text(_ claim: Claim) throws(TokenError) -> String {
        let body = try TokenBody.bytes(claim)
        return Base64URL.text(body + Sodium.hmac(body, key: key))
    }

    /// Reads a token.
    /// - Parameters:
    ///   - purpose: what it has to be for.
    ///   - now: seconds since 1970.
    /// - Throws: `garbled`, `foreign`, `otherPurpose`, `expired`, decided in this order.
    public func claim(_ text: String, purpose: String, at now: Double) throws(TokenError) -> Claim {
        guard text.utf8.count <= Self.maximumTextBytes, let bytes = Base64URL.bytes(text),
            bytes.count > Self.tagBytes
        else { throw .garbled }
        let body = Array(bytes.dropLast(Self.tagBytes)), tag = Array(bytes.suffix(Self.tagBytes))
        guard body.first == TokenBody.version else { throw .garbled }
        guard Sodium.areEqual(tag, Sodium.hmac(body, key: key)) else { throw .foreign }
        guard let claim = TokenBody.claim(body) else { throw .garbled }
        guard claim.purpose == purpose else { throw .otherPurpose(claim.purpose) }
        guard now < claim.expiresAt else { throw .expired(at: claim.expiresAt) }
        return claim
    }
}

/// Why a text is not a valid token, or a claim cannot be one.
public enum TokenError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not a token at all.
    case garbled
    /// Signed by another server or under another key, or changed.
    case foreign
    /// A valid one, for something else.
    case otherPurpose(String)
    /// It was valid until then, seconds since 1970.
    case expired(at: Double)
    /// The claim does not fit a token.
    case unspeakable

    public var description: String {
        switch self {
        case .garbled: "this is no token"
        case .foreign: "the token was not signed by this server"
        case .otherPurpose: "the token is for something else"
        case .expired: "the token has expired"
        case .unspeakable: "a token cannot say this"
        }
    }
}
