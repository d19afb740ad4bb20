public import RelayControl

/// A time during which somebody was in a room: from the first who entered to the last who left, or to the room's end.
public struct SessionRecord: Sendable, Equatable {
    public var room: RoomID
    public var tenant: TenantID
    /// In seconds since 1970.
    public var startedAt: Double
    /// In seconds since 1970; never before `startedAt`, even if the clock was set back meanwhile.
    public var endedAt: Double
    /// How often somebody entered: who left and came back counts again.
    public var participants: Int

    public init(room: RoomID, tenant: TenantID, startedAt: Double, endedAt: Double, participants: Int) {
        self.room = room
        self.tenant = tenant
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.participants = participants
    }
}
