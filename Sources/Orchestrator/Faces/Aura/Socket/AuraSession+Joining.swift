import RelayControl
import RoomControl
import RoomModel
import Web

extension AuraSession {
    /// `join_room`: enters, comes back with a new connection, or renegotiates the one there is.
    func joinRoom(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let wanted = try message.parameters(JoinParameters.self)
        let call = try callToTakeUp(wanted.auth_token)
        let sdp = try enter(
            call, offer: wanted.sdp, audioMuted: wanted.audio_muted, videoMuted: wanted.video_muted)
        return Joined(
            call_id: call.id.value, sdp: sdp, members: try face.members(of: call.room), is_admin: face.isAdmin(call))
    }

    /// Brings a call into its room with this socket, or does nothing at all.
    /// - Parameter isNewRoom: whether the room is to be made for it.
    /// - Returns: the answer to its offer.
    func enter(
        _ call: Call, offer: String, audioMuted: Bool?, videoMuted: Bool?, isNewRoom: Bool = false
    ) throws(AuraFailure) -> String {
        guard !offer.isEmpty else { throw .invalid("sdp: is empty") }
        let isBack = call.state == .joined
        guard isBack || !face.isParticipant(call.id, in: call.room) else { throw .callInUse(call.id.value) }
        let (former, formerSession) = (self.call, call.session)
        let wasKnown = face.calls[call.room, call.id] === call
        // First, as whoever hears of the newcomer has to know which socket answered an invitation.
        take(call)
        do {
            let answer =
                isBack
                ? try rejoin(call, offer, audioMuted, videoMuted)
                : try join(call, offer, audioMuted ?? false, videoMuted ?? false, isNewRoom)
            if let former, former !== call { abandon(former) }
            return answer
        } catch {
            self.call = former
            call.session = formerSession
            if !wasKnown { face.calls.remove(call) }
            throw error
        }
    }

    private func join(
        _ call: Call, _ offer: String, _ audioMuted: Bool, _ videoMuted: Bool, _ isNewRoom: Bool
    ) throws(AuraFailure) -> String {
        let newcomer = Participant(
            id: call.id, isAttended: true, face: AuraFace.name, displayName: call.name, user: call.user,
            isAdmin: isNewRoom || face.isAdmin(call), audio: Muting(byThemself: audioMuted),
            video: Muting(byThemself: videoMuted), leavesWhenUnattended: true, takesOffers: false)
        let answer = try AuraFailure.catching { () throws(RoomCallError) in
            try face.service.enter(newcomer, room: call.room, offer: offer, isNewRoom: isNewRoom).answer ?? ""
        }
        call.state = .joined
        call.isWatching = false
        return answer
    }

    private func rejoin(
        _ call: Call, _ offer: String, _ audioMuted: Bool?, _ videoMuted: Bool?
    ) throws(AuraFailure) -> String {
        let answer = try AuraFailure.catching { () throws(RoomCallError) in
            try face.service.join(call.id, in: call.room, offer: offer, wanted: nil).answer ?? ""
        }
        call.silentSince = nil
        face.service.setAttended(true, call.id, in: call.room)
        for (kind, isMuted) in [(MediaKind.audio, audioMuted), (.video, videoMuted)] {
            // What an admin has muted stays so.
            if let isMuted { _ = try? mute(kind, isMuted) }
        }
        return answer
    }

    /// `subscribe_room`: whom the member wants to see, how large, and on which m-line.
    func subscribeRoom(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let wanted = try message.parameters(SubscribeParameters.self)
        let call = try caller(wanted.auth_token)
        guard call.state == .joined, call.session === self else { throw .notInRoom }
        guard !wanted.sdp.isEmpty else { throw .invalid("sdp: is empty") }
        var videos: [WantedVideo] = []
        var mids: Set<String> = []
        for tile in wanted.members {
            let member = ParticipantID(try tile.id.checked("members.id"))
            let mid = try tile.video_mid.checked("members.video_mid")
            guard mids.insert(mid).inserted else { throw .invalid("members: video_mid \"\(mid)\" is there twice") }
            guard face.isParticipant(member, in: call.room) else { throw .noSuchMember(member.value) }
            let (width, height) = (try tile.pixels(tile.width, "width"), try tile.pixels(tile.height, "height"))
            var preference = VideoPreference(width: width, height: height)
            if width == 0 || height == 0 { preference = VideoPreference(isPaused: true) }
            videos.append(WantedVideo(mid: mid, producer: member, preference: preference))
        }
        let answer = try AuraFailure.catching { () throws(RoomCallError) in
            try face.service.subscribe(call.id, in: call.room, offer: wanted.sdp, videos: videos)
        }
        call.sees = true
        return Wrapped("sdp", answer)
    }

    /// `watch_room`: a member whose socket was lost goes on with this one, its media as it was; anybody else who was let in
    /// hears what happens in the room.
    func watchRoom(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let call = try callToTakeUp(try message.parameters(TokenParameters.self).auth_token)
        guard face.service.rooms.contains(call.room) else { throw .noSuchRoom(call.room.value) }
        if call.state != .joined, let participant = try? face.service.rooms.participant(call.id, in: call.room) {
            // A telephone whose owner looks on. Nobody else can be in the room by that name.
            guard participant.isTelephone else { throw .callInUse(call.id.value) }
            call.state = .joined
        }
        take(call)
        if call.state == .joined {
            face.service.setAttended(true, call.id, in: call.room)
        } else {
            call.isWatching = true
        }
        return Wrapped("room_id", call.room.value)
    }

    /// `leave_room`: also out of the waiting room.
    func leaveRoom() throws(AuraFailure) -> any JSONWritable {
        guard call != nil else { throw .notInRoom }
        leave()
        return EmptyResult()
    }

    /// `get_room_members`
    func roomMembers(_ message: RPCMessage) throws(AuraFailure) -> any JSONWritable {
        let call = try caller(try message.parameters(TokenParameters.self).auth_token)
        return try face.members(of: call.room)
    }
}

extension SubscribeParameters.Tile {
    /// The pixels of a side, rounded up. 0 is a tile that is hidden.
    func pixels(_ given: Double?, _ name: String) throws(AuraFailure) -> Int? {
        guard let given else { return nil }
        guard (0...100_000).contains(given), let pixels = Int(exactly: given.rounded(.up)) else {
            throw .invalid("members.\(name): expected pixels from 0 to 100000")
        }
        return pixels
    }
}
