/// What a client may ask for.
nonisolated enum Method: String, CaseIterable {
    case authenticate
    // The waiting room.
    case getWaitingRoomMembers = "get_waiting_room_members"
    case stillWaiting = "still_waiting"
    case allowMember = "allow_member"
    case rejectMember = "reject_member"
    // Being there.
    case getRoomMembers = "get_room_members"
    case joinRoom = "join_room"
    case subscribeRoom = "subscribe_room"
    case watchRoom = "watch_room"
    case leaveRoom = "leave_room"
    // What one does.
    case raiseHand = "raise_hand"
    case unraiseHand = "unraise_hand"
    case startScreenShare = "start_screen_share"
    case stopScreenShare = "stop_screen_share"
    case sendReaction = "send_reaction"
    case muteAudio = "mute_audio"
    case unmuteAudio = "unmute_audio"
    case muteVideo = "mute_video"
    case unmuteVideo = "unmute_video"
    // What admins do.
    case removeMember = "remove_member"
    case muteMemberAudio = "mute_member_audio"
    case unmuteMemberAudio = "unmute_member_audio"
    case muteMemberVideo = "mute_member_video"
    case unmuteMemberVideo = "unmute_member_video"
    // Invitations.
    case registerRoomAPI = "register_room_api"
    case roomInviteReject = "room_invite_reject"
    case createTempRoom = "create_temp_room"
    case convertToRoom = "convert_to_room"
    case inviteExten = "invite_exten"
}
