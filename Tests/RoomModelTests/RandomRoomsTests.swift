import RelayControl
import RoomModel
import TestSupport
import Testing

/// Thousands of random calls, right and wrong ones, with what has to hold after each.
@Suite struct RandomRoomsTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func holdsTogetherWhateverIsCalled(_ seed: UInt64) throws {
        var play = RandomPlay(seed: seed)
        for _ in 0..<4_000 {
            play.step()
            try play.check()
        }
        // The play has been everywhere.
        #expect(play.refusals > 500)
        #expect(play.kinds == RandomPlay.allKinds)
    }
}

/// Rooms that random calls are made on, and a copy that is drawn from the events alone.
private struct RandomPlay {
    static let allKinds: Set<String> = [
        "roomCreated", "roomChanged", "roomDeleted", "sessionEnded", "participantAdded", "participantRemoved",
        "adminChanged", "publicationStarted", "publicationChanged", "publicationStopped", "speakerChanged",
        "handChanged", "sharingChanged", "reacted", "mutingChanged", "waitingBegan", "waitingNudged", "waitingEnded",
    ]

    private var rooms = Rooms(
        limits: RoomLimits(
            maximumRooms: 4, maximumParticipants: 4, emptyTimeout: 40, idleTimeout: 30, maximumWaiting: 2))
    private var told = Told()
    private var random: SeededRandom
    private var now = 0.0
    private(set) var refusals = 0
    private(set) var kinds: Set<String> = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        rooms.setLimit(2, of: TenantID("small"))
    }

    mutating func step() {
        now += Double(next(below: 4))
        let before = rooms
        do throws(RoomError) {
            let events = try call(next(below: 26))
            for event in events {
                told.take(event)
                kinds.insert(String("\(event)".prefix { $0 != "(" }))
            }
        } catch {
            refusals += 1
            #expect(rooms.all == before.all, "a call that was refused has changed something: \(error)")
            #expect(rooms.nextDeadline == before.nextDeadline)
        }
    }

    func check() throws {
        let all = rooms.all
        #expect(told.rooms == Dictionary(uniqueKeysWithValues: all.map { ($0.id, Told.Room($0)) }))
        #expect(rooms.count(of: TenantID("small")) == all.count { $0.tenant == TenantID("small") })
        for room in all {
            let names = room.participants.map(\.id) + room.waiting.map(\.id)
            #expect(Set(names).count == names.count)
            #expect((room.startedAt == nil) == room.participants.isEmpty)
        }
        guard let deadline = rooms.nextDeadline else {
            var later = rooms
            #expect(later.expire(at: now + 1_000_000) == [])
            return
        }
        var (sooner, due) = (rooms, rooms)
        #expect(sooner.expire(at: deadline - 0.001) == [])
        #expect(!due.expire(at: deadline).isEmpty)
        #expect(due.nextDeadline ?? .infinity > deadline)
    }

    private mutating func call(_ number: Int) throws(RoomError) -> [RoomEvent] {
        let room = RoomID("room \(next(below: 5))")
        let id = ParticipantID("\(next(below: 7))")
        let other = ParticipantID("\(next(below: 7))")
        let moderator: Moderator = flip() ? .outside : .participant(other)
        let kind: MediaKind = flip() ? .audio : .video
        let tenant = TenantID(flip() ? "small" : "large")
        switch number {
        case 0: return try rooms.create(room, with: flip() ? participant(id) : nil, tenant: tenant, at: now)
        case 1: return try rooms.define(definition(room, tenant), at: now)
        case 2: return try rooms.redefine(definition(room, tenant))
        case 3: return next(below: 4) == 0 ? try rooms.delete(room, at: now) : []
        case 4: return next(below: 4) == 0 ? try rooms.undefine(room, at: now) : []
        case 5, 6: return try rooms.add(participant(id), to: room, at: now)
        case 7: return try rooms.remove(id, from: room, at: now)
        case 8: return try rooms.remove(id, from: room, by: moderator, at: now)
        case 9, 24: return try rooms.publish(id, in: room, selection: .all, at: now)
        case 10: return try rooms.stopPublishing(id, in: room, at: now)
        case 11: return try rooms.setSpeaker(id, in: room)
        case 12: return try rooms.knock(Waiting(id: id, name: "name"), at: room, at: now)
        case 13: return try rooms.nudge(id, at: room, at: now)
        case 14:
            return flip()
                ? try rooms.allow(id, into: room, by: moderator) : try rooms.reject(id, from: room, by: moderator)
        case 15:
            return flip()
                ? try rooms.raiseHand(id, in: room, at: now) : try rooms.lowerHand(id, in: room, at: now)
        case 16:
            return flip()
                ? try rooms.startSharing(id, in: room, alone: flip(), at: now)
                : try rooms.stopSharing(id, in: room, at: now)
        case 17:
            return flip()
                ? try rooms.mute(kind, of: id, in: room, at: now) : try rooms.unmute(kind, of: id, in: room, at: now)
        case 18:
            return flip()
                ? try rooms.mute(kind, of: id, in: room, by: moderator)
                : try rooms.unmute(kind, of: id, in: room, by: moderator)
        case 19:
            return flip()
                ? try rooms.promote(id, in: room, by: moderator) : try rooms.demote(id, in: room, by: moderator)
        case 20:
            rooms.setConnected(flip(), id, producer: flip() ? nil : other, in: room, at: now)
            return []
        case 21:
            rooms.setAttended(flip(), id, in: room, at: now)
            rooms.touch(other, in: room, at: now)
            return []
        case 22: return try rooms.react(id, in: room, with: flip() ? "applause" : "", at: now)
        case 23: return try rooms.leaveWaitingRoom(id, of: room)
        default: return rooms.expire(at: now)
        }
    }

    private mutating func next(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    private mutating func flip() -> Bool { Bool.random(using: &random) }

    private mutating func participant(_ id: ParticipantID) -> Participant {
        Participant(
            id: id, isAttended: flip(), user: flip() ? UserID("user \(id)") : nil,
            isAdmin: flip(), leavesWhenUnattended: flip())
    }

    private mutating func definition(_ room: RoomID, _ tenant: TenantID) -> RoomDefinition {
        let members = (0..<7).map { RoomDefinition.Member(user: UserID("user \($0)"), isAdmin: flip()) }
        return RoomDefinition(id: room, name: "", isOpen: flip(), members: members, tenant: tenant)
    }
}

/// What somebody knows who hears every event and nothing else.
private struct Told {
    struct Somebody: Equatable {
        var isAdmin: Bool
        var isHandRaised: Bool
        var isSharingScreen: Bool
        var audio: Muting
        var video: Muting
        var publication: Publication?

        init(_ participant: Participant) {
            isAdmin = participant.isAdmin
            isHandRaised = participant.isHandRaised
            isSharingScreen = participant.isSharingScreen
            audio = participant.audio
            video = participant.video
            publication = participant.publication
        }
    }

    struct Room: Equatable {
        var participants: [ParticipantID: Somebody] = [:]
        var waiting: [ParticipantID] = []
        var speaker: ParticipantID?

        init() {}
        init(_ room: RoomModel.Room) {
            for participant in room.participants { participants[participant.id] = Somebody(participant) }
            waiting = room.waiting.map(\.id)
            speaker = room.speaker
        }
    }

    private(set) var rooms: [RoomID: Room] = [:]

    mutating func take(_ event: RoomEvent) {
        switch event {
        case .roomCreated(let room):
            #expect(rooms[room] == nil)
            rooms[room] = Room()
        case .roomDeleted(let room):
            #expect(rooms[room.id] == Room(room))
            #expect(room.waiting == [])
            rooms[room.id] = nil
        case .participantAdded(let room, let participant):
            #expect(rooms[room]?.participants[participant.id] == nil)
            rooms[room]?.participants[participant.id] = Somebody(participant)
        case .participantRemoved(let room, let participant, _):
            #expect(rooms[room]?.participants[participant.id] == Somebody(participant))
            #expect(participant.publication == nil)
            rooms[room]?.participants[participant.id] = nil
        case .adminChanged(let room, let participant), .publicationStarted(let room, let participant),
            .publicationStopped(let room, let participant), .handChanged(let room, let participant),
            .sharingChanged(let room, let participant), .mutingChanged(let room, let participant, _, _):
            #expect(rooms[room]?.participants[participant.id] != Somebody(participant), "nothing changed: \(event)")
            rooms[room]?.participants[participant.id] = Somebody(participant)
        case .publicationChanged(let room, let participant):
            rooms[room]?.participants[participant.id] = Somebody(participant)
        case .speakerChanged(let room, let speaker):
            #expect(rooms[room]?.speaker != speaker)
            rooms[room]?.speaker = speaker
        case .waitingBegan(let room, let visitor): rooms[room]?.waiting.append(visitor.id)
        case .waitingEnded(let room, let visitor, _):
            #expect(rooms[room]?.waiting.contains(visitor.id) == true)
            rooms[room]?.waiting.removeAll { $0 == visitor.id }
        case .waitingNudged(let room, let visitor): #expect(rooms[room]?.waiting.contains(visitor.id) == true)
        case .reacted(let room, let id, _): #expect(rooms[room]?.participants[id] != nil)
        case .sessionEnded(let record):
            #expect(record.endedAt >= record.startedAt && record.participants > 0)
        case .roomChanged: break
        }
    }
}
