import RelayControl
import RoomModel
import Testing

@Suite struct LifetimeTests {
    let lobby = RoomID("lobby")
    let ann = ParticipantID("ann")
    let bob = ParticipantID("bob")

    @Test func aRoomThatNobodyEntersEndsAtItsTimeout() throws {
        var rooms = Rooms(limits: RoomLimits(emptyTimeout: 300))
        _ = try rooms.create(lobby, at: 1_000)
        #expect(rooms.nextDeadline == 1_300)
        #expect(rooms.expire(at: 1_299.9) == [])
        let gone = try rooms.room(lobby)
        #expect(rooms.expire(at: 1_300) == [.roomDeleted(gone)])
        #expect(rooms.count == 0)
        #expect(rooms.nextDeadline == nil)
    }

    @Test func aRoomThatSomebodyEnteredStays() throws {
        var rooms = Rooms(limits: RoomLimits(emptyTimeout: 300))
        _ = try rooms.create(lobby, at: 0)
        _ = try rooms.add(Participant(id: ann), to: lobby, at: 299)
        #expect(rooms.nextDeadline == nil)
        #expect(rooms.expire(at: 1_000_000) == [])
        #expect(rooms.participantCount == 1)
    }

    @Test func theEarliestDeadlineIsNext() throws {
        var rooms = Rooms(limits: RoomLimits(emptyTimeout: 300, idleTimeout: 20))
        _ = try rooms.create(RoomID("empty"), at: 0)
        _ = try rooms.create(lobby, with: Participant(id: ann), at: 100)
        #expect(rooms.nextDeadline == 120)
    }

    @Test func idleParticipantsAreRemovedAndTheirRoomWithTheLast() throws {
        var rooms = Rooms(limits: RoomLimits(idleTimeout: 60))
        _ = try rooms.create(lobby, with: Participant(id: ann), at: 0)
        _ = try rooms.add(Participant(id: bob), to: lobby, at: 30)
        #expect(rooms.expire(at: 59) == [])
        #expect(rooms.expire(at: 60).count == 1)
        #expect(try rooms.room(lobby).participants.map(\.id) == [bob])
        let last = rooms.expire(at: 90)
        #expect(last.count == 3)
        #expect(rooms.count == 0)
    }

    @Test func aConnectedTransportKeepsAParticipant() throws {
        var rooms = Rooms(limits: RoomLimits(idleTimeout: 60))
        _ = try rooms.create(lobby, with: Participant(id: ann), at: 0)
        rooms.setConnected(true, ann, producer: nil, in: lobby, at: 10)
        rooms.setConnected(true, ann, producer: bob, in: lobby, at: 10)
        rooms.setConnected(false, ann, producer: nil, in: lobby, at: 20)
        #expect(rooms.nextDeadline == nil)
        #expect(rooms.expire(at: 10_000) == [])
        rooms.setConnected(false, ann, producer: bob, in: lobby, at: 10_000)
        #expect(rooms.nextDeadline == 10_060)
        #expect(rooms.expire(at: 10_060).count == 3)
    }

    @Test func connectionsOfAProducerThatStopsKeepNobody() throws {
        var rooms = Rooms(limits: RoomLimits(idleTimeout: 60))
        _ = try rooms.create(lobby, with: Participant(id: ann, isAttended: true), at: 0)
        _ = try rooms.add(Participant(id: bob), to: lobby, at: 0)
        _ = try rooms.publish(ann, in: lobby, selection: .all, at: 0)
        rooms.setConnected(true, bob, producer: ann, in: lobby, at: 1)
        _ = try rooms.stopPublishing(ann, in: lobby, at: 2)
        #expect(rooms.nextDeadline == 61)
    }

    @Test func callsPutTheIdleTimeoutOff() throws {
        var rooms = Rooms(limits: RoomLimits(idleTimeout: 60))
        _ = try rooms.create(lobby, with: Participant(id: ann), at: 0)
        rooms.touch(ann, in: lobby, at: 50)
        #expect(rooms.expire(at: 100) == [])
        #expect(rooms.expire(at: 110).count == 3)
    }

    @Test func anAttendedParticipantIsNeverIdle() throws {
        var rooms = Rooms(limits: RoomLimits(idleTimeout: 60))
        _ = try rooms.create(lobby, with: Participant(id: ann, isAttended: true), at: 0)
        #expect(rooms.nextDeadline == nil)
        #expect(rooms.expire(at: 1_000_000) == [])
    }

    @Test func whatIsSaidOfStrangersIsIgnored() throws {
        var rooms = Rooms(limits: RoomLimits(idleTimeout: 60))
        rooms.touch(ann, in: lobby, at: 0)
        rooms.setConnected(true, ann, producer: nil, in: lobby, at: 0)
        _ = try rooms.create(lobby, with: Participant(id: ann), at: 0)
        rooms.setConnected(true, bob, producer: nil, in: lobby, at: 0)
        #expect(rooms.expire(at: 60).count == 3)
    }
}
