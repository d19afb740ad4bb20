/// Whose a room is.
public struct TenantID: Hashable, Sendable, CustomStringConvertible {
    public let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { value }

    /// Whose the rooms are that were made with nobody's key.
    public static let `default` = TenantID("default")
}

/// What a tenant may do, and by which keys it is known.
public struct Licence: Sendable, Equatable {
    public let tenant: TenantID
    public var domain: String
    public var accessKey: String
    /// What is kept of the secret key; the key itself is nowhere.
    public var secretKeyHash: String
    /// Rooms that the tenant may have at the same time; nil: as many as there may be at all.
    public var roomLimit: Int?
    public var isEnabled: Bool
    /// In seconds since 1970.
    public var createdAt: Double

    public init(
        tenant: TenantID, domain: String, accessKey: String, secretKeyHash: String, roomLimit: Int? = nil,
        isEnabled: Bool = true, createdAt: Double
    ) {
        self.tenant = tenant
        self.domain = domain
        self.accessKey = accessKey
        self.secretKeyHash = secretKeyHash
        self.roomLimit = roomLimit
        self.isEnabled = isEnabled
        self.createdAt = createdAt
    }
}
