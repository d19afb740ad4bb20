public import RelayControl
public import RoomModel

// What people do in a room besides sending and receiving. The rules are the model's; here they are carried out.
extension RoomService {
    /// Does to the rooms what `change` says, and tells everybody what came of it. What is muted stops at the relay.
    ///
    ///     try service.change { rooms, now in try rooms.raiseHand(user, in: room, at: now) }
    /// - Parameter change: gets the present instant.
    public func change(_ change: (inout Rooms, Double) throws(RoomError) -> [RoomEvent]) throws(RoomCallError) {
        let events = try refusing { () throws(RoomError) in try change(&rooms, now()) }
        carryOut(events)
    }

    /// Notes that somebody's signalling socket is open or was lost. Nothing happens where there is no such user.
    public func setAttended(_ isAttended: Bool, _ user: ParticipantID, in room: RoomID) {
        rooms.setAttended(isAttended, user, in: room, at: now())
    }
}
