import RelayControl
import Web

/// What the server tells clients without being asked: `{"method","params"}`
nonisolated enum AuraNotification: JSONWritable {
    // The waiting room.
    case memberWaiting(WaitingItem)
    case memberAllowed(auth_token: String)
    case memberRejected
    case memberWaitingAllowed(member: String)
    case memberWaitingRejected(member: String)
    case memberLeaveWaitingRoom(member: String)
    // Who is there.
    case memberJoinRoom(MemberItem)
    case memberLeaveRoom(member: String, by_admin: Bool)
    // What they do.
    case memberMuted(MediaKind, Bool, member: String, by_admin: Bool)
    case memberHand(raised: Bool, member: String)
    case memberScreenShare(started: Bool, member: String)
    case memberSendReaction(member: String, reaction: String)
    // What is heard.
    case memberAudioLevel(member: String, audio_level: Int)
    case roomActiveSpeaker(member: String)
    case roomClearActiveSpeaker
    case memberAvailableRate(rate: Int)
    // Invitations.
    case roomInvite(room: String, call_id: String, from_user: String, auth_token: String)
    case roomInviteCompletedElsewhere(room: String)
    case roomInviteReject(room: String, call_id: String)

    var method: String {
        switch self {
        case .memberWaiting: "member_waiting"
        case .memberAllowed: "member_allowed"
        case .memberRejected: "member_rejected"
        case .memberWaitingAllowed: "member_waiting_allowed"
        case .memberWaitingRejected: "member_waiting_rejected"
        case .memberLeaveWaitingRoom: "member_leave_waiting_room"
        case .memberJoinRoom: "member_join_room"
        case .memberLeaveRoom: "member_leave_room"
        case .memberMuted(let kind, let isMuted, _, _): "member_\(isMuted ? "mute" : "unmute")_\(kind.rawValue)"
        case .memberHand(let raised, _): raised ? "member_raise_hand" : "member_unraise_hand"
        case .memberScreenShare(let started, _): started ? "member_start_screen_share" : "member_stop_screen_share"
        case .memberSendReaction: "member_send_reaction"
        case .memberAudioLevel: "member_audio_level"
        case .roomActiveSpeaker: "room_active_speaker"
        case .roomClearActiveSpeaker: "room_clear_active_speaker"
        case .memberAvailableRate: "member_available_rate"
        case .roomInvite: "room_invite"
        case .roomInviteCompletedElsewhere: "room_invite_completed_elsewhere"
        case .roomInviteReject: "room_invite_reject"
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { fields in
            fields.field("method", method)
            fields.field("params", Parameters(of: self))
        }
    }

    private struct Parameters: JSONWritable {
        let of: AuraNotification

        func write(to writer: inout JSONWriter) {
            switch of {
            case .memberWaiting(let item): item.write(to: &writer)
            case .memberJoinRoom(let item): item.write(to: &writer)
            default: writer.object(fields)
            }
        }

        private func fields(_ fields: inout JSONWriter.Fields) {
            switch of {
            case .memberWaiting, .memberJoinRoom, .memberRejected, .roomClearActiveSpeaker: break
            case .memberAllowed(let token): fields.field("auth_token", token)
            case .memberWaitingAllowed(let member), .memberWaitingRejected(let member),
                .memberLeaveWaitingRoom(let member), .memberHand(_, let member), .memberScreenShare(_, let member),
                .roomActiveSpeaker(let member):
                fields.field("member", member)
            case .memberLeaveRoom(let member, let byAdmin), .memberMuted(_, _, let member, let byAdmin):
                fields.field("member", member)
                fields.field("by_admin", byAdmin)
            case .memberSendReaction(let member, let reaction):
                fields.field("member", member)
                fields.field("reaction", reaction)
            case .memberAudioLevel(let member, let level):
                fields.field("member", member)
                fields.field("audio_level", level)
            case .memberAvailableRate(let rate): fields.field("rate", rate)
            case .roomInvite(let room, let call, let user, let token):
                fields.field("room", room)
                fields.field("call_id", call)
                fields.field("from_user", user)
                fields.field("auth_token", token)
            case .roomInviteCompletedElsewhere(let room): fields.field("room", room)
            case .roomInviteReject(let room, let call):
                fields.field("room", room)
                fields.field("call_id", call)
            }
        }
    }
}
