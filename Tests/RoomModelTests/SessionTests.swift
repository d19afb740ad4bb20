import RelayControl
import RoomModel
import Testing

@Suite struct SessionTests {
    let lobby = RoomID("lobby")
    let ann = ParticipantID("ann")
    let bob = ParticipantID("bob")

    @Test func aSessionLastsFromTheFirstToTheLast() throws {
        var rooms = Rooms()
        rooms.epoch = 1_700_000_000
        _ = try rooms.create(lobby, tenant: TenantID("acme"), at: 10)
        #expect(try rooms.room(lobby).startedAt == nil)
        #expect(try rooms.room(lobby).createdAt == 1_700_000_010)
        _ = try rooms.add(Participant(id: ann), to: lobby, at: 20)
        _ = try rooms.add(Participant(id: bob), to: lobby, at: 25)
        _ = try rooms.remove(ann, from: lobby, at: 30)
        #expect(try rooms.room(lobby).startedAt == 1_700_000_020)
        #expect(try rooms.participant(bob, in: lobby).joinedAt == 1_700_000_025)
        let record = SessionRecord(
            room: lobby, tenant: TenantID("acme"), startedAt: 1_700_000_020, endedAt: 1_700_000_090, participants: 2)
        let events = try rooms.remove(bob, from: lobby, at: 90)
        #expect(events.count == 3 && events[1] == .sessionEnded(record))
    }

    @Test func aRoomThatStaysHasOneSessionAfterTheOther() throws {
        var rooms = Rooms()
        _ = try rooms.define(RoomDefinition(id: lobby, name: ""), at: 0)
        for start in [100.0, 200.0] {
            _ = try rooms.add(Participant(id: ann), to: lobby, at: start)
            let record = SessionRecord(
                room: lobby, tenant: .default, startedAt: start, endedAt: start + 7, participants: 1)
            #expect(try rooms.remove(ann, from: lobby, at: start + 7).last == .sessionEnded(record))
            #expect(try rooms.room(lobby).startedAt == nil)
        }
    }

    @Test func deletingARoomEndsItsSession() throws {
        var rooms = Rooms()
        _ = try rooms.create(lobby, with: Participant(id: ann), at: 5)
        let record = SessionRecord(room: lobby, tenant: .default, startedAt: 5, endedAt: 8, participants: 1)
        #expect(try rooms.delete(lobby, at: 8).first == .sessionEnded(record))
    }

    @Test func aRoomThatNobodyEnteredHadNoSession() throws {
        var rooms = Rooms()
        _ = try rooms.create(lobby, at: 5)
        #expect(try rooms.delete(lobby, at: 8).count == 1)
    }

    /// The wall clock is set back by an hour during a session of a minute.
    @Test func aClockThatIsSetChangesNoDuration() throws {
        var rooms = Rooms()
        rooms.epoch = 10_000
        _ = try rooms.create(lobby, with: Participant(id: ann), at: 0)
        rooms.epoch = 6_400
        let record = SessionRecord(room: lobby, tenant: .default, startedAt: 10_000, endedAt: 10_060, participants: 1)
        #expect(try rooms.remove(ann, from: lobby, at: 60).contains(.sessionEnded(record)))
    }
}
