import RelayControl
import RoomControl
import RoomModel
import Web

// What happens in rooms, by whichever face, and who of this face's sockets hears it.
extension AuraFace {
    /// Tells everybody in a room, and whoever watches it.
    func tell(_ room: RoomID, _ notification: AuraNotification, but exception: ParticipantID? = nil) {
        tell(calls[room].filter { $0.hears && $0.id != exception }, notification)
    }

    /// Tells a room's admins.
    func tellAdmins(_ room: RoomID, _ notification: AuraNotification) {
        tell(calls[room].filter { $0.hears && isAdmin($0) }, notification)
    }

    private func tell(_ calls: [Call], _ notification: AuraNotification) {
        guard !calls.isEmpty else { return }
        let text = notification.jsonText
        for call in calls { call.session?.send(text) }
    }

    func announce(_ notice: RoomNotice) {
        switch notice {
        case .roomCreated: break
        case .roomDeleted(let room): ended(room)
        case .userAdded(let room, let participant): added(participant, to: room)
        case .userDeleted(let room, let participant, _, let byAdmin): removed(participant, from: room, byAdmin: byAdmin)
        case .producerStarted(let room, let participant, _), .producerChanged(let room, let participant, _),
            .producerStopped(let room, let participant, _):
            publicationChanged(participant, in: room)
        case .transportState(let room, let id, nil, let state): connectionChanged(of: id, in: room, state)
        case .transportState: break
        case .speaker(let room, let speaker):
            tell(room, speaker.map { .roomActiveSpeaker(member: $0.value) } ?? .roomClearActiveSpeaker)
        case .event(let room, let event): announce(event, in: room)
        }
    }

    private func announce(_ event: RoomEvent, in room: RoomID) {
        switch event {
        case .handChanged(_, let participant):
            let id = participant.id
            tell(room, .memberHand(raised: participant.isHandRaised, member: id.value), but: id)
        case .sharingChanged(_, let participant):
            let id = participant.id
            tell(room, .memberScreenShare(started: participant.isSharingScreen, member: id.value), but: id)
        case .reacted(_, let id, let reaction):
            tell(room, .memberSendReaction(member: id.value, reaction: reaction), but: id)
        case .mutingChanged(_, let participant, let kind, let byAdmin):
            let muting = participant[muting: kind]
            let isMuted = byAdmin ? muting.byAdmin : muting.byThemself
            tell(
                room, .memberMuted(kind, isMuted, member: participant.id.value, by_admin: byAdmin),
                but: byAdmin ? nil : participant.id)
        case .waitingBegan(_, let waiting): tell(room, .memberWaiting(WaitingItem(waiting)))
        case .waitingNudged(_, let waiting): tellAdmins(room, .memberWaiting(WaitingItem(waiting)))
        case .waitingEnded(_, let waiting, let end): waitingEnded(waiting, for: room, end)
        default: break
        }
    }

    // MARK: Who is there

    private func added(_ participant: Participant, to room: RoomID) {
        answered(participant.id, in: room)
        tell(room, .memberJoinRoom(MemberItem(participant)), but: participant.id)
    }

    /// Whoever was put out, or was lost, hears of it, too; who left has let go of the call before.
    private func removed(_ participant: Participant, from room: RoomID, byAdmin: Bool) {
        if byAdmin { tokens.withdraw(participant.id, of: room) }
        tell(room, .memberLeaveRoom(member: participant.id.value, by_admin: byAdmin))
        if let call = calls[room, participant.id] { letGo(call) }
    }

    /// Everybody hears of their own going: who is told nothing more would wait for ever.
    private func ended(_ room: Room) {
        tokens.withdraw(room.id)
        foreign[room.id] = nil
        levels[room.id] = nil
        for invitation in invitations.end(room.id) { stopRinging(invitation, but: nil, isRefused: false) }
        for call in calls[room.id] {
            if call.hears { call.session?.tell(.memberLeaveRoom(member: call.id.value, by_admin: true)) }
            letGo(call)
        }
    }

    private func letGo(_ call: Call) {
        if let session = call.session { session.forget(call) } else { calls.remove(call) }
    }

    // MARK: The waiting room

    private func waitingEnded(_ waiting: Waiting, for room: RoomID, _ end: WaitingEnd) {
        let call = calls[room, waiting.id].flatMap { $0.state == .waiting ? $0 : nil }
        let member = waiting.id.value
        switch end {
        case .allowed:
            if let call, let token = try? tokens.issue(to: call) {
                call.state = .admitted
                call.session?.tell(.memberAllowed(auth_token: token))
            }
            tellAdmins(room, .memberWaitingAllowed(member: member))
        case .rejected:
            reject(call)
            tellAdmins(room, .memberWaitingRejected(member: member))
        case .left: tell(room, .memberLeaveWaitingRoom(member: member))
        case .roomDeleted: reject(call)
        }
    }

    private func reject(_ call: Call?) {
        guard let call else { return }
        call.session?.tell(.memberRejected)
        letGo(call)
    }
}
