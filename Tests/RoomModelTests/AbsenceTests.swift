import RelayControl
import RoomModel
import Testing

@Suite struct AbsenceTests {
    let lobby = RoomID("lobby")
    let ann = ParticipantID("ann")
    let bob = ParticipantID("bob")

    /// Ann leaves when she is unattended, Bob does not; both are attended.
    private func room(_ limits: RoomLimits = RoomLimits()) throws -> Rooms {
        var rooms = Rooms(limits: limits)
        let ann = Participant(id: ann, isAttended: true, leavesWhenUnattended: true)
        _ = try rooms.create(lobby, with: ann, at: 0)
        _ = try rooms.add(Participant(id: bob, isAttended: true), to: lobby, at: 0)
        return rooms
    }

    @Test func whoLosesTheirSocketLeavesAfterTheGrace() throws {
        var rooms = try room()
        rooms.setAttended(false, ann, in: lobby, at: 100)
        rooms.setAttended(false, bob, in: lobby, at: 100)
        #expect(rooms.nextDeadline == 110)
        #expect(rooms.expire(at: 109.9) == [])
        let events = rooms.expire(at: 110)
        guard events.count == 1, case .participantRemoved(lobby, let gone, byAdmin: false) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(gone.id == ann)
        #expect(rooms.nextDeadline == nil)
        #expect(rooms.expire(at: 1_000_000) == [])
    }

    @Test func whoComesBackInTimeStaysAsTheyWere() throws {
        var rooms = try room()
        _ = try rooms.raiseHand(ann, in: lobby, at: 50)
        rooms.setAttended(false, ann, in: lobby, at: 100)
        rooms.setAttended(true, ann, in: lobby, at: 109)
        #expect(rooms.nextDeadline == nil)
        #expect(rooms.expire(at: 1_000) == [])
        #expect(try rooms.participant(ann, in: lobby).isHandRaised)
        rooms.setAttended(false, ann, in: lobby, at: 2_000)
        #expect(rooms.nextDeadline == 2_010)
    }

    @Test func mediaAndCallsDoNotKeepWhoIsAbsent() throws {
        var rooms = try room(RoomLimits(idleTimeout: 3_600))
        rooms.setConnected(true, ann, producer: nil, in: lobby, at: 1)
        rooms.setAttended(false, ann, in: lobby, at: 100)
        rooms.touch(ann, in: lobby, at: 105)
        rooms.setAttended(false, ann, in: lobby, at: 107)
        #expect(rooms.nextDeadline == 110)
        #expect(rooms.expire(at: 110).count == 1)
    }

    @Test func whoNeverHadASocketIsNotAbsent() throws {
        var rooms = Rooms()
        _ = try rooms.create(lobby, with: Participant(id: ann, leavesWhenUnattended: true), at: 0)
        rooms.setAttended(false, ann, in: lobby, at: 5)
        #expect(rooms.nextDeadline == nil)
        #expect(rooms.expire(at: 1_000) == [])
    }

    @Test func theGraceIsASetting() throws {
        var rooms = try room(RoomLimits(absenceTimeout: 3))
        rooms.setAttended(false, ann, in: lobby, at: 100)
        #expect(rooms.nextDeadline == 103)
    }

    @Test func theLastWhoIsAbsentTakesTheRoomAlong() throws {
        var rooms = try room()
        _ = try rooms.remove(bob, from: lobby, at: 1)
        rooms.setAttended(false, ann, in: lobby, at: 100)
        guard case .roomDeleted? = rooms.expire(at: 110).last else {
            Issue.record("the room is still there")
            return
        }
        #expect(rooms.count == 0)
    }

    /// Losing the socket is a sign of life for the idle timeout, and from then on it counts.
    @Test func whoIsUnattendedCanBeIdle() throws {
        var rooms = try room(RoomLimits(idleTimeout: 60))
        rooms.setAttended(false, bob, in: lobby, at: 100)
        #expect(rooms.nextDeadline == 160)
        #expect(rooms.expire(at: 160).count == 1)
    }

    @Test func strangersAreIgnored() throws {
        var rooms = try room()
        rooms.setAttended(false, ParticipantID("eve"), in: lobby, at: 1)
        rooms.setAttended(false, ann, in: RoomID("nowhere"), at: 1)
        #expect(rooms.nextDeadline == nil)
    }
}
