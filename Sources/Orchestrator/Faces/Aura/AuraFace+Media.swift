import RelayControl
import RoomControl
import RoomModel

// What is known of members' connections, and what of that others are told.
extension AuraFace {
    /// Who came by another face mutes by what it sends.
    func publicationChanged(_ participant: Participant, in room: RoomID) {
        guard participant.face != AuraFace.name else { return }
        for kind in MediaKind.allCases {
            let isMuted = participant.publication?.selection[kind] != true
            let track = ForeignTrack(owner: participant.id, kind: kind)
            guard (foreign[room]?.contains(track) ?? false) == isMuted else { continue }
            if isMuted {
                foreign[room]?.remove(track)
                if foreign[room]?.isEmpty == true { foreign[room] = nil }
            } else {
                foreign[room, default: []].insert(track)
            }
            tell(room, .memberMuted(kind, isMuted, member: participant.id.value, by_admin: false))
        }
    }

    /// Notes since when nothing comes of a member's connection.
    func connectionChanged(of id: ParticipantID, in room: RoomID, _ state: TransportState) {
        guard let call = calls[room, id], call.state == .joined else { return }
        switch state {
        // The relay says so after some seconds only.
        case .disconnected: call.silentSince = now() - Self.unnoticedSilence
        case .closed: call.silentSince = now()
        case .new, .connecting, .connected: call.silentSince = nil
        }
    }

    /// Seconds of silence after which the relay calls a connection disconnected.
    private static var unnoticedSilence: Double { 7 }
    /// Seconds of silence after which a member is taken for gone.
    private static var patience: Double { 10 }

    /// Members whose media has stopped leave.
    func removeSilent() {
        let now = now()
        for call in calls.all where call.state == .joined {
            guard let since = call.silentSince, now - since >= Self.patience else { continue }
            _ = try? service.deleteUser(call.id, from: call.room)
        }
    }

    /// Tells those who see pictures what their networks bear, once it is known and whenever it has changed by a tenth.
    func tellRates() {
        for call in calls.all where call.sees && call.session != nil {
            let rows = service.statistics(of: call.id, in: call.room).consume
            guard let rate = rows.lazy.compactMap(\.statistics.estimate).first.map({ Double($0) }) else { continue }
            if let told = call.toldRate, abs(rate - told) < told / 10 { continue }
            call.toldRate = rate
            call.session?.tell(.memberAvailableRate(rate: Int(rate)))
        }
    }

    /// Tells everybody in a room how loud those are who can be heard, and once when they are not any more.
    func tellLevels() {
        let listening = Set(calls.all.lazy.filter(\.hears).map(\.room))
        for room in levels.keys where !listening.contains(room) { levels[room] = nil }
        for room in listening {
            let before = levels[room] ?? [:]
            var after: [ParticipantID: Int] = [:]
            for participant in (try? service.rooms.room(room).participants) ?? []
            where participant.forwardedSelection.audio {
                let tracks = service.statistics(of: participant.id, in: room).produce?.tracks ?? []
                guard let level = tracks.lazy.compactMap(\.audioLevel).max(), level > Self.quiet else { continue }
                after[participant.id] = level
            }
            levels[room] = after.isEmpty ? nil : after
            for (member, level) in after where before[member] != level {
                tell(room, .memberAudioLevel(member: member.value, audio_level: level))
            }
            for member in before.keys where after[member] == nil && isParticipant(member, in: room) {
                tell(room, .memberAudioLevel(member: member.value, audio_level: Self.silence))
            }
        }
    }

    /// dBov; what is no louder is not told.
    private static var quiet: Int { -70 }
    /// dBov; nothing at all.
    private static var silence: Int { -127 }
}

/// One kind of what somebody sends who came by another face.
nonisolated struct ForeignTrack: Hashable {
    var owner: ParticipantID
    var kind: MediaKind
}
