import RelayControl
import RoomModel
import Web

extension AuraSession {
    /// `get_waiting_room_members`
    func waitingRoomMembers(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let admin = try admin(try message.parameters(TokenParameters.self).auth_token)
        return try face.room(admin.room).waiting.map { WaitingItem($0) }
    }

    /// `still_waiting`: the admins are told again.
    func stillWaiting() throws(AuraFailure) -> any JSONWritable {
        guard let call, call.state == .waiting else { throw .invalid("not waiting for a room") }
        try face.change { (rooms, now) throws(RoomError) in try rooms.nudge(call.id, at: call.room, at: now) }
        return EmptyResult()
    }

    /// `allow_member`
    func allowMember(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let (admin, visitor) = try adminAndMember(message)
        let moderator = face.moderator(admin)
        try face.change { (rooms, _) throws(RoomError) in
            try rooms.allow(visitor, into: admin.room, by: moderator)
        }
        return EmptyResult()
    }

    /// `reject_member`
    func rejectMember(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let (admin, visitor) = try adminAndMember(message)
        let moderator = face.moderator(admin)
        try face.change { (rooms, _) throws(RoomError) in
            try rooms.reject(visitor, from: admin.room, by: moderator)
        }
        return EmptyResult()
    }

    /// The admin who speaks, and whom it is about.
    func adminAndMember(_ message: RPCMessage) throws(AuraFailure) -> (Call, ParticipantID) {
        let parameters = try message.parameters(MemberParameters.self)
        return (try admin(parameters.auth_token), ParticipantID(try parameters.member.checked("member")))
    }
}
