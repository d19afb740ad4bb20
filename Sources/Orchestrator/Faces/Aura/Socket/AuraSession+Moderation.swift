import RelayControl
import RoomModel
import Web

// What members do, and what admins do to them.
extension AuraSession {
    /// `raise_hand`, `unraise_hand`
    func raiseHand(_ isRaised: Bool) throws(AuraFailure) -> any JSONWritable {
        let call = try member()
        try face.change { (rooms, now) throws(RoomError) in
            isRaised
                ? try rooms.raiseHand(call.id, in: call.room, at: now)
                : try rooms.lowerHand(call.id, in: call.room, at: now)
        }
        return EmptyResult()
    }

    /// `start_screen_share`, `stop_screen_share`
    func shareScreen(_ isShared: Bool) throws(AuraFailure) -> any JSONWritable {
        let call = try member()
        try face.change { (rooms, now) throws(RoomError) in
            isShared
                ? try rooms.startSharing(call.id, in: call.room, at: now)
                : try rooms.stopSharing(call.id, in: call.room, at: now)
        }
        return EmptyResult()
    }

    /// `send_reaction`
    func sendReaction(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let call = try member()
        let reaction = try message.parameters(ReactionParameters.self).reaction
        try face.change { (rooms, now) throws(RoomError) in
            try rooms.react(call.id, in: call.room, with: reaction, at: now)
        }
        return EmptyResult()
    }

    /// `mute_audio`, `unmute_audio`, `mute_video`, `unmute_video`
    func mute(_ kind: MediaKind, _ isMuted: Bool) throws(AuraFailure) -> any JSONWritable {
        let call = try member()
        guard isMuted || !face.isMutedByAdmin(kind, call) else {
            throw .forbidden("muted by an admin: only an admin can undo it")
        }
        try face.change { (rooms, now) throws(RoomError) in
            isMuted
                ? try rooms.mute(kind, of: call.id, in: call.room, at: now)
                : try rooms.unmute(kind, of: call.id, in: call.room, at: now)
        }
        return EmptyResult()
    }

    /// `remove_member`
    func removeMember(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let (admin, member) = try adminAndMember(message)
        let moderator = face.moderator(admin)
        try face.change { (rooms, now) throws(RoomError) in
            try rooms.remove(member, from: admin.room, by: moderator, at: now)
        }
        return EmptyResult()
    }

    /// `mute_member_audio`, `unmute_member_audio`, `mute_member_video`, `unmute_member_video`
    func muteMember(_ kind: MediaKind, _ isMuted: Bool, _ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let (admin, member) = try adminAndMember(message)
        let moderator = face.moderator(admin)
        try face.change { (rooms, _) throws(RoomError) in
            isMuted
                ? try rooms.mute(kind, of: member, in: admin.room, by: moderator)
                : try rooms.unmute(kind, of: member, in: admin.room, by: moderator)
        }
        return EmptyResult()
    }
}
