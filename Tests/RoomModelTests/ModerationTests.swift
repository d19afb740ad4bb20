import RelayControl
import RoomModel
import Testing

@Suite struct ModerationTests {
    let lobby = RoomID("lobby")
    let admin = ParticipantID("admin")
    let bob = ParticipantID("bob")
    let eve = ParticipantID("eve")

    /// A room with an admin, and Bob and Eve who are none; Bob sends both kinds.
    private func room() throws -> Rooms {
        var rooms = Rooms()
        _ = try rooms.create(lobby, with: Participant(id: admin, isAdmin: true), at: 0)
        for id in [bob, eve] { _ = try rooms.add(Participant(id: id), to: lobby, at: 0) }
        _ = try rooms.publish(bob, in: lobby, selection: .all, at: 0)
        return rooms
    }

    @Test func leavingAndComingBackUndoesNoAdminsMute() throws {
        var rooms = try room()
        let known = Participant(id: ParticipantID("call-1"), user: UserID("carol"))
        _ = try rooms.add(known, to: lobby, at: 0)
        for id in [bob, known.id] {
            _ = try rooms.mute(.audio, of: id, in: lobby, by: .participant(admin))
            _ = try rooms.remove(id, from: lobby, at: 1)
        }
        _ = try rooms.add(Participant(id: bob), to: lobby, at: 2)
        _ = try rooms.add(Participant(id: ParticipantID("call-2"), user: UserID("carol")), to: lobby, at: 2)
        #expect(try bob(in: rooms).audio.byAdmin && !bob(in: rooms).video.byAdmin)
        #expect(try rooms.participant(ParticipantID("call-2"), in: lobby).audio.byAdmin)
        _ = try rooms.unmute(.audio, of: bob, in: lobby, by: .participant(admin))
        _ = try rooms.remove(bob, from: lobby, at: 3)
        _ = try rooms.add(Participant(id: bob), to: lobby, at: 4)
        #expect(try !bob(in: rooms).audio.byAdmin)
    }

    private func bob(in rooms: Rooms) throws -> Participant { try rooms.participant(bob, in: lobby) }

    // MARK: Hands, screens, reactions

    @Test func handsGoUpAndDown() throws {
        var rooms = try room()
        #expect(try rooms.raiseHand(bob, in: lobby, at: 1) == [.handChanged(lobby, try bob(in: rooms))])
        #expect(try bob(in: rooms).isHandRaised)
        #expect(try rooms.raiseHand(bob, in: lobby, at: 1) == [])
        #expect(try rooms.lowerHand(bob, in: lobby, at: 1) == [.handChanged(lobby, try bob(in: rooms))])
        #expect(try !bob(in: rooms).isHandRaised)
        #expect(try rooms.lowerHand(bob, in: lobby, at: 1) == [])
    }

    @Test func screensAreSharedByOneOrByMany() throws {
        var rooms = try room()
        #expect(try rooms.startSharing(bob, in: lobby, at: 1) == [.sharingChanged(lobby, try bob(in: rooms))])
        #expect(try rooms.startSharing(bob, in: lobby, alone: true, at: 1) == [])
        #expect(throws: RoomError.sharedAlready(by: bob)) {
            try rooms.startSharing(eve, in: lobby, alone: true, at: 1)
        }
        #expect(try rooms.startSharing(eve, in: lobby, at: 1).count == 1)
        #expect(try rooms.stopSharing(bob, in: lobby, at: 1) == [.sharingChanged(lobby, try bob(in: rooms))])
        #expect(try !bob(in: rooms).isSharingScreen)
        #expect(try rooms.stopSharing(bob, in: lobby, at: 1) == [])
    }

    @Test func whoSendsNothingSharesNoScreen() throws {
        var rooms = try room()
        _ = try rooms.startSharing(bob, in: lobby, at: 1)
        let events = try rooms.stopPublishing(bob, in: lobby, at: 2)
        guard events.count == 2, case .sharingChanged(lobby, let stopped) = events[0],
            case .publicationStopped = events[1]
        else {
            Issue.record("\(events)")
            return
        }
        #expect(!stopped.isSharingScreen)
        #expect(try !bob(in: rooms).isSharingScreen)
    }

    @Test func reactionsAreShort() throws {
        var rooms = try room()
        #expect(
            try rooms.react(bob, in: lobby, with: "thumbs_up", at: 1) == [.reacted(lobby, bob, "thumbs_up")])
        let longest = String(repeating: "👍", count: 64)
        #expect(try rooms.react(bob, in: lobby, with: longest, at: 1) == [.reacted(lobby, bob, longest)])
        let tower = "e" + String(repeating: "\u{301}", count: 10_000)
        #expect(tower.count == 1)
        for unusable in ["", longest + "!", tower] {
            #expect(throws: RoomError.unusableReaction(limit: 64)) {
                try rooms.react(bob, in: lobby, with: unusable, at: 1)
            }
        }
    }

    // MARK: Muting

    @Test(arguments: MediaKind.allCases) func peopleMuteThemselves(_ kind: MediaKind) throws {
        var rooms = try room()
        let muted = try rooms.mute(kind, of: bob, in: lobby, at: 1)
        #expect(muted == [.mutingChanged(lobby, try bob(in: rooms), kind, byAdmin: false)])
        #expect(try bob(in: rooms)[muting: kind] == Muting(byThemself: true))
        #expect(try bob(in: rooms).forwardedSelection == TrackSelection(audio: kind == .video, video: kind == .audio))
        #expect(try rooms.mute(kind, of: bob, in: lobby, at: 1) == [])
        let unmuted = try rooms.unmute(kind, of: bob, in: lobby, at: 1)
        #expect(unmuted == [.mutingChanged(lobby, try bob(in: rooms), kind, byAdmin: false)])
        #expect(try bob(in: rooms).forwardedSelection == .all)
        #expect(try rooms.unmute(kind, of: bob, in: lobby, at: 1) == [])
    }

    @Test(arguments: MediaKind.allCases) func anAdminsMuteHoldsUntilAnAdminTakesItBack(_ kind: MediaKind) throws {
        var rooms = try room()
        let other: TrackSelection = TrackSelection(audio: kind == .video, video: kind == .audio)
        let muted = try rooms.mute(kind, of: bob, in: lobby, by: .participant(admin))
        #expect(muted == [.mutingChanged(lobby, try bob(in: rooms), kind, byAdmin: true)])
        #expect(try rooms.mute(kind, of: bob, in: lobby, by: .participant(admin)) == [])
        // Bob mutes and unmutes himself: that is remembered and told, and he stays silent.
        _ = try rooms.mute(kind, of: bob, in: lobby, at: 1)
        #expect(try bob(in: rooms)[muting: kind] == Muting(byThemself: true, byAdmin: true))
        let tried = try rooms.unmute(kind, of: bob, in: lobby, at: 2)
        #expect(tried == [.mutingChanged(lobby, try bob(in: rooms), kind, byAdmin: false)])
        #expect(try bob(in: rooms)[muting: kind] == Muting(byAdmin: true))
        #expect(try bob(in: rooms).forwardedSelection == other)
        let unmuted = try rooms.unmute(kind, of: bob, in: lobby, by: .participant(admin))
        #expect(unmuted == [.mutingChanged(lobby, try bob(in: rooms), kind, byAdmin: true)])
        #expect(try bob(in: rooms).forwardedSelection == .all)
    }

    @Test func noAdminMakesSomebodyHeardWhoMutedThemself() throws {
        var rooms = try room()
        _ = try rooms.mute(.audio, of: bob, in: lobby, at: 1)
        #expect(try rooms.unmute(.audio, of: bob, in: lobby, by: .participant(admin)) == [])
        _ = try rooms.mute(.audio, of: bob, in: lobby, by: .participant(admin))
        _ = try rooms.unmute(.audio, of: bob, in: lobby, by: .participant(admin))
        #expect(try bob(in: rooms).forwardedSelection == TrackSelection(audio: false, video: true))
    }

    @Test func whatIsNotSentIsNotForwardedHoweverUnmuted() throws {
        var rooms = try room()
        #expect(try rooms.participant(eve, in: lobby).forwardedSelection == .none)
        _ = try rooms.publish(bob, in: lobby, selection: TrackSelection(audio: true, video: false), at: 1)
        _ = try rooms.mute(.audio, of: bob, in: lobby, at: 1)
        #expect(try bob(in: rooms).forwardedSelection == .none)
        // A mute outlives what is muted: who stops and starts again is as silent as before.
        _ = try rooms.stopPublishing(bob, in: lobby, at: 2)
        _ = try rooms.publish(bob, in: lobby, selection: .all, at: 3)
        #expect(try bob(in: rooms).forwardedSelection == TrackSelection(audio: false, video: true))
    }

    @Test func peopleMayComeInMuted() throws {
        var rooms = try room()
        let dan = ParticipantID("dan")
        _ = try rooms.add(Participant(id: dan, audio: Muting(byThemself: true)), to: lobby, at: 1)
        _ = try rooms.publish(dan, in: lobby, selection: .all, at: 1)
        #expect(
            try rooms.participant(dan, in: lobby).forwardedSelection == TrackSelection(audio: false, video: true))
    }

    // MARK: Admins

    @Test func anAdminPutsPeopleOut() throws {
        var rooms = try room()
        let events = try rooms.remove(bob, from: lobby, by: .participant(admin), at: 1)
        guard events.count == 2, case .publicationStopped = events[0],
            case .participantRemoved(lobby, let gone, byAdmin: true) = events[1]
        else {
            Issue.record("\(events)")
            return
        }
        #expect(gone.id == bob)
        #expect(try rooms.room(lobby).participants.map(\.id) == [admin, eve])
    }

    @Test func adminsMakeAndUnmakeAdmins() throws {
        var rooms = try room()
        #expect(
            try rooms.promote(bob, in: lobby, by: .participant(admin)) == [.adminChanged(lobby, try bob(in: rooms))])
        #expect(try rooms.promote(bob, in: lobby, by: .participant(admin)) == [])
        #expect(try rooms.demote(admin, in: lobby, by: .participant(bob)).count == 1)
        #expect(try rooms.room(lobby).admins.map(\.id) == [bob])
        #expect(try rooms.demote(bob, in: lobby, by: .outside).count == 1)
        #expect(try rooms.room(lobby).admins == [])
    }

    @Test func nobodyElseModerates() throws {
        var rooms = try room()
        let before = try rooms.room(lobby)
        let stranger = ParticipantID("stranger")
        for (who, error) in [(bob, RoomError.notAdmin(bob)), (stranger, .notHere(stranger, lobby))] {
            let who = Moderator.participant(who)
            #expect(throws: error) { try rooms.mute(.audio, of: eve, in: lobby, by: who) }
            #expect(throws: error) { try rooms.unmute(.audio, of: eve, in: lobby, by: who) }
            #expect(throws: error) { try rooms.remove(eve, from: lobby, by: who, at: 1) }
            #expect(throws: error) { try rooms.promote(bob, in: lobby, by: who) }
            #expect(throws: error) { try rooms.demote(admin, in: lobby, by: who) }
        }
        let absent = RoomError.noSuchParticipant(stranger, lobby)
        #expect(throws: absent) { try rooms.mute(.audio, of: stranger, in: lobby, by: .participant(admin)) }
        #expect(throws: absent) { try rooms.remove(stranger, from: lobby, by: .participant(admin), at: 1) }
        #expect(throws: absent) { try rooms.promote(stranger, in: lobby, by: .outside) }
        #expect(try rooms.room(lobby) == before)
    }

    @Test func onlyWhoIsThereDoesAnything() throws {
        var rooms = try room()
        let ghost = ParticipantID("ghost")
        let notHere = RoomError.notHere(ghost, lobby)
        #expect(throws: notHere) { try rooms.raiseHand(ghost, in: lobby, at: 1) }
        #expect(throws: notHere) { try rooms.lowerHand(ghost, in: lobby, at: 1) }
        #expect(throws: notHere) { try rooms.startSharing(ghost, in: lobby, at: 1) }
        #expect(throws: notHere) { try rooms.stopSharing(ghost, in: lobby, at: 1) }
        #expect(throws: notHere) { try rooms.react(ghost, in: lobby, with: "hello", at: 1) }
        #expect(throws: notHere) { try rooms.mute(.audio, of: ghost, in: lobby, at: 1) }
        #expect(throws: notHere) { try rooms.unmute(.video, of: ghost, in: lobby, at: 1) }
        let nowhere = RoomID("nowhere")
        #expect(throws: RoomError.noSuchRoom(nowhere)) { try rooms.raiseHand(bob, in: nowhere, at: 1) }
    }

    @Test func whoDoesSomethingIsNotIdle() throws {
        var rooms = Rooms(limits: RoomLimits(idleTimeout: 60))
        _ = try rooms.create(lobby, with: Participant(id: bob), at: 0)
        _ = try rooms.raiseHand(bob, in: lobby, at: 50)
        #expect(rooms.nextDeadline == 110)
    }
}
