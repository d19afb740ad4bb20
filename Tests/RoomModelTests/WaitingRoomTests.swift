import RelayControl
import RoomModel
import Testing

@Suite struct WaitingRoomTests {
    let lobby = RoomID("lobby")
    let admin = ParticipantID("admin")
    let bob = ParticipantID("bob")
    let eve = ParticipantID("eve")
    let dan = ParticipantID("dan")

    /// A room with an admin and Bob in it.
    private func room(_ limits: RoomLimits = RoomLimits()) throws -> Rooms {
        var rooms = Rooms(limits: limits)
        _ = try rooms.create(lobby, with: Participant(id: admin, isAdmin: true), at: 0)
        _ = try rooms.add(Participant(id: bob), to: lobby, at: 0)
        return rooms
    }

    @Test func whoKnocksWaitsInTheOrderOfKnocking() throws {
        var rooms = try room()
        rooms.epoch = 1_000
        let events = try rooms.knock(Waiting(id: eve, name: "Eve", user: UserID("user-eve")), at: lobby, at: 5)
        _ = try rooms.knock(Waiting(id: dan, name: "Dan"), at: lobby, at: 6)
        let waiting = try rooms.room(lobby).waiting
        #expect(events == [.waitingBegan(lobby, waiting[0])])
        #expect(waiting.map(\.id) == [eve, dan])
        #expect(waiting[0].name == "Eve" && waiting[0].user == UserID("user-eve") && waiting[0].since == 1_005)
        #expect(rooms.participantCount == 2)
    }

    @Test func aNameIsUsedOnceInARoomAndBeforeItsDoor() throws {
        var rooms = try room()
        _ = try rooms.knock(Waiting(id: eve, name: "Eve"), at: lobby, at: 0)
        for taken in [eve, bob] {
            #expect(throws: RoomError.participantExists(taken, lobby)) {
                try rooms.knock(Waiting(id: taken, name: ""), at: lobby, at: 0)
            }
        }
        #expect(throws: RoomError.participantExists(eve, lobby)) {
            try rooms.add(Participant(id: eve), to: lobby, at: 0)
        }
        #expect(throws: RoomError.noSuchRoom(RoomID("nowhere"))) {
            try rooms.knock(Waiting(id: eve, name: ""), at: RoomID("nowhere"), at: 0)
        }
    }

    @Test func onlySoManyMayWait() throws {
        var rooms = try room(RoomLimits(maximumWaiting: 2))
        _ = try rooms.knock(Waiting(id: eve, name: ""), at: lobby, at: 0)
        _ = try rooms.knock(Waiting(id: dan, name: ""), at: lobby, at: 0)
        #expect(throws: RoomError.waitingRoomFull(limit: 2)) {
            try rooms.knock(Waiting(id: ParticipantID("fay"), name: ""), at: lobby, at: 0)
        }
        _ = try rooms.leaveWaitingRoom(dan, of: lobby)
        _ = try rooms.knock(Waiting(id: ParticipantID("fay"), name: ""), at: lobby, at: 0)
        #expect(RoomLimits().maximumWaiting == 200)
    }

    @Test func nudgesArePassedOnButNotInARush() throws {
        var rooms = try room()
        _ = try rooms.knock(Waiting(id: eve, name: "Eve"), at: lobby, at: 10)
        let first = try rooms.nudge(eve, at: lobby, at: 10)
        #expect(first == [.waitingNudged(lobby, try rooms.room(lobby).waiting[0])])
        #expect(try rooms.nudge(eve, at: lobby, at: 10.5) == [])
        #expect(try rooms.nudge(eve, at: lobby, at: 11).count == 1)
        #expect(throws: RoomError.notWaiting(bob, lobby)) { try rooms.nudge(bob, at: lobby, at: 12) }
    }

    @Test func whoIsAllowedNoLongerWaitsAndCanComeIn() throws {
        var rooms = try room()
        _ = try rooms.knock(Waiting(id: eve, name: "Eve"), at: lobby, at: 0)
        let waiting = try rooms.room(lobby).waiting[0]
        #expect(
            try rooms.allow(eve, into: lobby, by: .participant(admin)) == [.waitingEnded(lobby, waiting, .allowed)])
        #expect(try rooms.room(lobby).waiting == [])
        #expect(rooms.participantCount == 2)
        _ = try rooms.add(Participant(id: eve), to: lobby, at: 1)
        #expect(rooms.participantCount == 3)
    }

    @Test func whoIsRejectedOrLeavesNoLongerWaits() throws {
        var rooms = try room()
        for id in [eve, dan] { _ = try rooms.knock(Waiting(id: id, name: ""), at: lobby, at: 0) }
        let waiting = try rooms.room(lobby).waiting
        #expect(try rooms.reject(eve, from: lobby, by: .outside) == [.waitingEnded(lobby, waiting[0], .rejected)])
        #expect(try rooms.leaveWaitingRoom(dan, of: lobby) == [.waitingEnded(lobby, waiting[1], .left)])
        #expect(throws: RoomError.notWaiting(dan, lobby)) { try rooms.leaveWaitingRoom(dan, of: lobby) }
        _ = try rooms.knock(Waiting(id: eve, name: ""), at: lobby, at: 0)
    }

    @Test func onlyAdminsLetIn() throws {
        var rooms = try room()
        _ = try rooms.knock(Waiting(id: eve, name: ""), at: lobby, at: 0)
        #expect(throws: RoomError.notAdmin(bob)) { try rooms.allow(eve, into: lobby, by: .participant(bob)) }
        #expect(throws: RoomError.notAdmin(bob)) { try rooms.reject(eve, from: lobby, by: .participant(bob)) }
        #expect(throws: RoomError.notHere(eve, lobby)) { try rooms.allow(eve, into: lobby, by: .participant(eve)) }
        #expect(throws: RoomError.notWaiting(dan, lobby)) { try rooms.allow(dan, into: lobby, by: .participant(admin)) }
        #expect(try rooms.room(lobby).isWaiting(eve))
    }

    @Test func nobodyWaitsForARoomThatIsGone() throws {
        var rooms = try room()
        for id in [eve, dan] { _ = try rooms.knock(Waiting(id: id, name: ""), at: lobby, at: 0) }
        let waiting = try rooms.room(lobby).waiting
        let events = try rooms.delete(lobby, at: 1)
        #expect(
            Array(events.prefix(2)) == waiting.map { .waitingEnded(lobby, $0, .roomDeleted) })
        guard events.count == 4, case .roomDeleted = events[3] else {
            Issue.record("\(events)")
            return
        }
    }

    @Test func waitingKeepsNoRoom() throws {
        var rooms = try room()
        _ = try rooms.knock(Waiting(id: eve, name: ""), at: lobby, at: 0)
        _ = try rooms.remove(admin, from: lobby, at: 1)
        let waiting = try rooms.room(lobby).waiting[0]
        #expect(try rooms.remove(bob, from: lobby, at: 2).contains(.waitingEnded(lobby, waiting, .roomDeleted)))
        #expect(!rooms.contains(lobby))
    }

    @Test func aDefinedRoomIsWaitedForWhileItIsEmpty() throws {
        var rooms = Rooms()
        _ = try rooms.define(RoomDefinition(id: lobby, name: ""), at: 0)
        _ = try rooms.knock(Waiting(id: eve, name: ""), at: lobby, at: 0)
        _ = try rooms.add(Participant(id: admin, isAdmin: true), to: lobby, at: 1)
        _ = try rooms.remove(admin, from: lobby, at: 2)
        #expect(try rooms.room(lobby).isWaiting(eve))
        _ = try rooms.allow(eve, into: lobby, by: .outside)
    }
}
