import RelayControl
import RoomModel

// From the rooms' values to the wire's.

extension MemberItem {
    /// Whoever came by another face mutes by what it sends.
    init(_ participant: Participant) {
        let isOurs = participant.face == AuraFace.name
        func isMuted(_ kind: MediaKind) -> Bool {
            participant[muting: kind].byThemself || !isOurs && participant.publication?.selection[kind] != true
        }
        self.init(
            id: participant.id.value, user: participant.user?.value,
            name: participant.displayName.isEmpty && !isOurs ? participant.id.value : participant.displayName,
            is_admin: participant.isAdmin, hand_raised: participant.isHandRaised,
            screen_share: participant.isSharingScreen, audio_muted: isMuted(.audio), video_muted: isMuted(.video),
            audio_muted_by_admin: participant.audio.byAdmin, video_muted_by_admin: participant.video.byAdmin,
            is_sip: participant.isTelephone)
    }
}

extension WaitingItem {
    init(_ waiting: Waiting) {
        self.init(member: waiting.id.value, name: waiting.name, user: waiting.user?.value)
    }
}

extension RoomItem {
    /// A room that was not defined is shown by its id, with a door that only admins open.
    init(_ room: Room) {
        self.init(room.definition ?? RoomDefinition(id: room.id, name: room.id.value))
    }

    init(_ definition: RoomDefinition) {
        self.init(
            uuid: definition.id.value, name: definition.name, open: definition.isOpen,
            force_password: definition.forcesPassword, force_waiting_room: definition.forcesWaitingRoom,
            has_password: definition.passwordHash != nil,
            members: definition.members.map { Entry(user_id: $0.user.value, admin: $0.isAdmin) })
    }
}

extension UserItem {
    init(_ user: User) {
        self.init(
            uuid: user.id.value, username: user.username, extension: user.extension, display_name: user.displayName,
            devices: user.devices.map(\.name))
    }
}
