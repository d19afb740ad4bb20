public import RelayControl

/// Where telephones plug in: what becomes of a destination that no registered app answers for, and of calls between telephones.
///
/// Called on the control thread; nothing here waits.
@MainActor public protocol Telephony: AnyObject {
    /// Begins to call a destination. Whoever answers enters the room as that participant.
    /// - Returns: whether it can be reached at all.
    func ring(_ destination: String, into room: RoomID, as participant: ParticipantID) -> Bool

    /// Stops what `ring` began, unless it was answered already.
    func stopRinging(_ participant: ParticipantID, of room: RoomID)

    /// Moves both ends of a telephone call into a room that is made for it.
    /// - Parameters:
    ///   - call: the call's id.
    ///   - user: one of the call's two ends; nobody else may move it.
    /// - Returns: the room; nil where that user has no such call.
    func makeRoom(ofCall call: String, by user: String) -> RoomID?
}

/// No telephones at all.
public final class NoTelephony: Telephony {
    public init() {}
    public func ring(_ destination: String, into room: RoomID, as participant: ParticipantID) -> Bool { false }
    public func stopRinging(_ participant: ParticipantID, of room: RoomID) {}
    public func makeRoom(ofCall call: String, by user: String) -> RoomID? { nil }
}
