import RelayControl
import RoomModel
import Testing

@Suite struct DefinitionTests {
    let lobby = RoomID("lobby")
    let ann = ParticipantID("ann")
    let bob = ParticipantID("bob")
    let annUser = UserID("user-ann")
    let bobUser = UserID("user-bob")

    private var definition: RoomDefinition {
        RoomDefinition(id: lobby, name: "Lobby", members: [.init(user: annUser, isAdmin: true), .init(user: bobUser)])
    }

    @Test func aDefinedRoomExistsAtOnceAndStaysWhenItIsEmpty() throws {
        var rooms = Rooms(limits: RoomLimits(emptyTimeout: 300))
        #expect(try rooms.define(definition, at: 0) == [.roomCreated(lobby)])
        #expect(try rooms.room(lobby).definition == definition)
        #expect(rooms.nextDeadline == nil)
        #expect(rooms.expire(at: 1_000_000) == [])
        _ = try rooms.add(Participant(id: ann), to: lobby, at: 1_000_000)
        let events = try rooms.remove(ann, from: lobby, at: 1_000_060)
        #expect(events.count == 2)
        #expect(rooms.contains(lobby))
        #expect(rooms.expire(at: 2_000_000) == [])
        _ = try rooms.add(Participant(id: ann), to: lobby, at: 2_000_001)
        #expect(rooms.participantCount == 1)
    }

    @Test func oneNameIsOneRoom() throws {
        var rooms = Rooms()
        _ = try rooms.define(definition, at: 0)
        #expect(throws: RoomError.roomExists(lobby)) { try rooms.create(lobby, at: 0) }
        #expect(throws: RoomError.roomExists(lobby)) { try rooms.define(definition, at: 0) }
        let passing = RoomID("passing")
        _ = try rooms.create(passing, at: 0)
        #expect(throws: RoomError.roomExists(passing)) {
            try rooms.define(RoomDefinition(id: passing, name: ""), at: 0)
        }
        #expect(try rooms.room(passing).definition == nil)
    }

    @Test func onlyADefinedRoomCanBeRedefinedOrUndefined() throws {
        var rooms = Rooms()
        #expect(throws: RoomError.noSuchRoom(lobby)) { try rooms.redefine(definition) }
        #expect(throws: RoomError.noSuchRoom(lobby)) { try rooms.undefine(lobby, at: 0) }
        _ = try rooms.create(lobby, at: 0)
        #expect(throws: RoomError.notDefined(lobby)) { try rooms.redefine(definition) }
        #expect(throws: RoomError.notDefined(lobby)) { try rooms.undefine(lobby, at: 0) }
        #expect(rooms.contains(lobby))
    }

    @Test func aNewDefinitionIsToldAndTheSameIsNot() throws {
        var rooms = Rooms()
        _ = try rooms.define(definition, at: 0)
        var changed = definition
        changed.name = "Foyer"
        changed.isOpen = true
        #expect(try rooms.redefine(changed) == [.roomChanged(changed)])
        #expect(try rooms.room(lobby).definition == changed)
        #expect(try rooms.redefine(changed) == [])
    }

    @Test func aRoomStaysItsTenants() throws {
        var rooms = Rooms()
        _ = try rooms.define(definition, at: 0)
        let seized = RoomDefinition(id: lobby, name: "Mine", tenant: TenantID("other"))
        _ = try rooms.redefine(seized)
        #expect(try rooms.room(lobby).tenant == .default)
        #expect(try rooms.room(lobby).definition?.tenant == .default)
        #expect(try rooms.room(lobby).definition?.name == "Mine")
        #expect(rooms.count(of: TenantID("other")) == 0)
    }

    @Test func membersWhoseRoleChangesHaveItAtOnce() throws {
        var rooms = Rooms()
        _ = try rooms.define(definition, at: 0)
        _ = try rooms.add(Participant(id: ann, user: annUser, isAdmin: true), to: lobby, at: 0)
        _ = try rooms.add(Participant(id: bob, user: bobUser), to: lobby, at: 0)
        // An admin for now, who is in no definition.
        let eve = ParticipantID("eve")
        _ = try rooms.add(Participant(id: eve, user: UserID("user-eve"), isAdmin: true), to: lobby, at: 0)
        var changed = definition
        changed.members = [.init(user: bobUser, isAdmin: true)]
        let events = try rooms.redefine(changed)
        let room = try rooms.room(lobby)
        #expect(room.admins.map(\.id) == [bob, eve])
        #expect(
            events == [
                .roomChanged(changed), .adminChanged(lobby, try room.participant(ann)),
                .adminChanged(lobby, try room.participant(bob)),
            ])
    }

    @Test func deletingByAnyFaceEndsTheDefinition() throws {
        for undefines in [true, false] {
            var rooms = Rooms()
            _ = try rooms.define(definition, at: 0)
            _ = try rooms.add(Participant(id: ann), to: lobby, at: 0)
            let events = undefines ? try rooms.undefine(lobby, at: 5) : try rooms.delete(lobby, at: 5)
            guard events.count == 2, case .sessionEnded = events[0], case .roomDeleted(let gone) = events[1] else {
                Issue.record("\(events)")
                continue
            }
            #expect(gone.definition == definition)
            #expect(gone.participants.map(\.id) == [ann])
            #expect(!rooms.contains(lobby))
        }
    }

    @Test func restoresEverythingThatWasKept() {
        var rooms = Rooms(limits: RoomLimits(maximumRooms: 1))
        rooms.setLimit(1, of: .default)
        let kept = ["c", "a", "b"].map { RoomDefinition(id: RoomID($0), name: $0) }
        rooms.restore(kept + [RoomDefinition(id: RoomID("a"), name: "another")], at: 0)
        #expect(rooms.definitions == kept)
        #expect(rooms.count(of: .default) == 3)
        #expect(throws: RoomError.tooManyRooms(limit: 1)) { try rooms.create(RoomID("d"), at: 0) }
    }

    @Test func aMemberNamedTwiceIsAnAdminIfOnce() {
        let twice = RoomDefinition(
            id: lobby, name: "", members: [.init(user: annUser), .init(user: annUser, isAdmin: true)])
        #expect(twice.invites(annUser) && twice.isAdmin(annUser))
        #expect(!twice.invites(bobUser) && !twice.isAdmin(bobUser))
    }

    @Test func aLicenceLimitsTheRoomsOfItsTenant() throws {
        let acme = TenantID("acme")
        var rooms = Rooms()
        rooms.setLimit(2, of: acme)
        _ = try rooms.create(RoomID("1"), tenant: acme, at: 0)
        _ = try rooms.define(RoomDefinition(id: RoomID("2"), name: "", tenant: acme), at: 0)
        #expect(throws: RoomError.tenantFull(limit: 2)) { try rooms.create(RoomID("3"), tenant: acme, at: 0) }
        #expect(throws: RoomError.tenantFull(limit: 2)) {
            try rooms.define(RoomDefinition(id: RoomID("3"), name: "", tenant: acme), at: 0)
        }
        _ = try rooms.create(RoomID("3"), at: 0)
        _ = try rooms.delete(RoomID("1"), at: 0)
        _ = try rooms.create(RoomID("4"), tenant: acme, at: 0)
        #expect(rooms.count(of: acme) == 2)
        #expect(try rooms.room(RoomID("4")).tenant == acme)
        rooms.setLimit(1, of: acme)
        #expect(rooms.count(of: acme) == 2)
        rooms.setLimit(nil, of: acme)
        _ = try rooms.create(RoomID("5"), tenant: acme, at: 0)
    }
}
