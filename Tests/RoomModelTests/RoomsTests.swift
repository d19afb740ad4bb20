import RelayControl
import RoomModel
import Testing

@Suite struct RoomsTests {
    let lobby = RoomID("lobby")
    let ann = ParticipantID("ann")
    let bob = ParticipantID("bob")

    private func roomWithAnnAndBob(_ limits: RoomLimits = RoomLimits()) throws -> Rooms {
        var rooms = Rooms(limits: limits)
        _ = try rooms.create(lobby, with: Participant(id: ann), at: 0)
        _ = try rooms.add(Participant(id: bob), to: lobby, at: 0)
        return rooms
    }

    @Test func makesARoomWithItsFirstParticipantInOneStep() throws {
        var rooms = Rooms()
        let events = try rooms.create(lobby, with: Participant(id: ann, userInfo: #"{"a":1}"#), at: 0)
        #expect(events == [.roomCreated(lobby), .participantAdded(lobby, try rooms.participant(ann, in: lobby))])
        #expect(try rooms.participant(ann, in: lobby).userInfo == #"{"a":1}"#)
        #expect(rooms.participantCount == 1)
    }

    @Test func listsRoomsAndParticipantsInTheirOrder() throws {
        var rooms = Rooms()
        for name in ["c", "a", "b"] { _ = try rooms.create(RoomID(name), at: 0) }
        for name in ["z", "x", "y"] { _ = try rooms.add(Participant(id: ParticipantID(name)), to: RoomID("a"), at: 0) }
        #expect(rooms.all.map(\.id.value) == ["c", "a", "b"])
        #expect(try rooms.room(RoomID("a")).participants.map(\.id.value) == ["z", "x", "y"])
        #expect(try rooms.room(RoomID("a")).others(than: ParticipantID("x")).map(\.id.value) == ["z", "y"])
    }

    @Test func refusesWhatDoesNotFit() throws {
        var rooms = try roomWithAnnAndBob()
        let nowhere = RoomID("nowhere")
        #expect(throws: RoomError.roomExists(lobby)) { try rooms.create(lobby, at: 0) }
        #expect(throws: RoomError.participantExists(ann, lobby)) {
            try rooms.add(Participant(id: ann), to: lobby, at: 0)
        }
        #expect(throws: RoomError.noSuchRoom(nowhere)) { try rooms.add(Participant(id: ann), to: nowhere, at: 0) }
        #expect(throws: RoomError.noSuchRoom(nowhere)) { try rooms.delete(nowhere, at: 0) }
        #expect(throws: RoomError.noSuchParticipant(ParticipantID("eve"), lobby)) {
            try rooms.remove(ParticipantID("eve"), from: lobby, at: 0)
        }
        #expect(throws: RoomError.notPublishing(ann)) { try rooms.stopPublishing(ann, in: lobby, at: 0) }
        #expect(rooms.count == 1)
        #expect(rooms.participantCount == 2)
    }

    @Test func keepsToItsLimits() throws {
        var rooms = try roomWithAnnAndBob(RoomLimits(maximumRooms: 1, maximumParticipants: 2))
        #expect(throws: RoomError.tooManyRooms(limit: 1)) { try rooms.create(RoomID("second"), at: 0) }
        #expect(throws: RoomError.roomFull(limit: 2)) {
            try rooms.add(Participant(id: ParticipantID("eve")), to: lobby, at: 0)
        }
        _ = try rooms.remove(bob, from: lobby, at: 0)
        _ = try rooms.add(Participant(id: ParticipantID("eve")), to: lobby, at: 0)
        _ = try rooms.delete(lobby, at: 0)
        _ = try rooms.create(RoomID("second"), at: 0)
        #expect(rooms.all.map(\.id.value) == ["second"])
    }

    @Test func aRoomThatHoldsNobodyTakesNoFirstParticipant() {
        var rooms = Rooms(limits: RoomLimits(maximumParticipants: 0))
        #expect(throws: RoomError.roomFull(limit: 0)) { try rooms.create(lobby, with: Participant(id: ann), at: 0) }
        #expect(rooms.count == 0)
    }

    @Test func goesWithItsLastParticipant() throws {
        var rooms = try roomWithAnnAndBob()
        let first = try rooms.remove(ann, from: lobby, at: 0)
        #expect(first.count == 1)
        #expect(rooms.contains(lobby))
        let last = try rooms.remove(bob, from: lobby, at: 0)
        guard last.count == 3, case .participantRemoved(lobby, let gone, byAdmin: false) = last[0],
            case .sessionEnded = last[1], case .roomDeleted(let room) = last[2]
        else {
            Issue.record("\(last)")
            return
        }
        #expect(gone.id == bob)
        #expect(room.id == lobby)
        #expect(!rooms.contains(lobby))
    }

    @Test func tellsAStartFromAChange() throws {
        var rooms = try roomWithAnnAndBob()
        let start = try rooms.publish(ann, in: lobby, selection: .all, at: 0)
        #expect(start == [.publicationStarted(lobby, try rooms.participant(ann, in: lobby))])
        let muted = TrackSelection(audio: false, video: true)
        let change = try rooms.publish(ann, in: lobby, selection: muted, at: 0)
        #expect(change == [.publicationChanged(lobby, try rooms.participant(ann, in: lobby))])
        #expect(try rooms.participant(ann, in: lobby).publication == Publication(selection: muted))
        let stop = try rooms.stopPublishing(ann, in: lobby, at: 0)
        #expect(stop == [.publicationStopped(lobby, try rooms.participant(ann, in: lobby))])
        #expect(try rooms.participant(ann, in: lobby).publication == nil)
    }

    @Test func whoLeavesStopsSendingFirst() throws {
        var rooms = try roomWithAnnAndBob()
        _ = try rooms.publish(ann, in: lobby, selection: .all, at: 0)
        _ = try rooms.setSpeaker(ann, in: lobby)
        let events = try rooms.remove(ann, from: lobby, at: 0)
        guard events.count == 3, case .publicationStopped(lobby, let stopped) = events[0],
            case .participantRemoved(lobby, let gone, byAdmin: false) = events[2]
        else {
            Issue.record("\(events)")
            return
        }
        #expect(events[1] == .speakerChanged(lobby, nil))
        #expect(stopped.id == ann && stopped.publication == nil)
        #expect(gone.id == ann)
    }

    @Test func tellsASpeakerOnlyWhenItChanges() throws {
        var rooms = try roomWithAnnAndBob()
        #expect(try rooms.setSpeaker(ann, in: lobby) == [.speakerChanged(lobby, ann)])
        #expect(try rooms.setSpeaker(ann, in: lobby) == [])
        #expect(try rooms.setSpeaker(ParticipantID("eve"), in: lobby) == [.speakerChanged(lobby, nil)])
        #expect(try rooms.room(lobby).speaker == nil)
    }
}
