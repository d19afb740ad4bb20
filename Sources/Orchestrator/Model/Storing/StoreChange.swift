public import RelayControl

/// One change of what is kept.
public enum StoreChange: Sendable, Equatable {
    /// Adds the room, or replaces the one of the same id, members and all.
    case putRoom(RoomDefinition)
    /// Nothing happens where there is none; so with the other removals.
    case removeRoom(RoomID)
    /// Adds the user, or replaces the one of the same id, devices and all.
    case putUser(User)
    case removeUser(UserID)
    /// Adds the licence, or replaces the tenant's.
    case putLicence(Licence)
    case removeLicence(TenantID)
    case addSession(SessionRecord)
    /// Forgets the sessions that ended before that time, in seconds since 1970.
    case removeSessions(endedBefore: Double)
}
