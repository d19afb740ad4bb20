/// A provisioned user's name for programs; it never changes.
public struct UserID: Hashable, Sendable, CustomStringConvertible {
    public let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { value }
}

/// An app that was given a key of its own for a user.
public struct Device: Sendable, Equatable {
    public var name: String
    /// What is kept of its key; the key itself is nowhere.
    public var tokenDigest: String

    public init(name: String, tokenDigest: String) {
        self.name = name
        self.tokenDigest = tokenDigest
    }
}

/// Somebody who was provisioned, and can be invited to rooms.
///
/// Hashes and digests are made and compared elsewhere; here they are text.
public struct User: Sendable, Equatable {
    public let id: UserID
    public var username: String
    public var passwordHash: String
    /// The number under which telephones reach the user.
    public var `extension`: String?
    public var displayName: String
    public var devices: [Device]
    /// What a telephone's registration is checked against (H(A1) of RFC 7616, section 3.4), encrypted.
    public var sealedDigest: String?

    public init(
        id: UserID, username: String, passwordHash: String, extension: String? = nil, displayName: String = "",
        devices: [Device] = [], sealedDigest: String? = nil
    ) {
        self.id = id
        self.username = username
        self.passwordHash = passwordHash
        self.extension = `extension`
        self.displayName = displayName
        self.devices = devices
        self.sealedDigest = sealedDigest
    }
}
