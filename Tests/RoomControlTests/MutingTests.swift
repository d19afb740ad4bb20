import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing

/// A mute is carried out at the relay, whoever makes it.
@MainActor struct MutingTests {
    private let relay = FakeRelay()
    private let room = RoomID("r")
    private let anna = ParticipantID("anna")
    private let bob = ParticipantID("bob")

    private func service() throws -> RoomService {
        let service = RoomService(relay: relay, limits: RoomLimits(), now: { 0 }, wallClock: { 0 })
        try service.createRoom(room, with: Participant(id: anna, isAdmin: true))
        _ = try service.addUser(Participant(id: bob), to: room)
        _ = try service.produce(bob, in: room, offer: "o", wanted: nil)
        return service
    }

    @Test func anAdminsMuteStopsTheMediaAndEverybodyHearsOfIt() throws {
        let service = try service()
        var changed: [TrackSelection] = []
        service.observe { notice in
            if case .producerChanged(_, let user, _) = notice { changed.append(user.forwardedSelection) }
        }
        try service.change { (rooms, _) throws(RoomError) in
            try rooms.mute(.audio, of: bob, in: room, by: .participant(anna))
        }
        #expect(relay.selections["r bob"] == TrackSelection(audio: false, video: true))
        #expect(changed == [TrackSelection(audio: false, video: true)])
    }

    @Test func whatAnAdminMutedStaysSoWhateverItsSenderAsksFor() throws {
        let service = try service()
        try service.change { (rooms, _) throws(RoomError) in
            try rooms.mute(.audio, of: bob, in: room, by: .participant(anna))
        }
        _ = try service.select(.all, of: bob, in: room)
        #expect(relay.selections["r bob"] == TrackSelection(audio: false, video: true))
        try service.change { (rooms, now) throws(RoomError) in try rooms.unmute(.audio, of: bob, in: room, at: now) }
        _ = try service.produce(bob, in: room, offer: "again", wanted: .all)
        #expect(relay.selections["r bob"] == TrackSelection(audio: false, video: true))
        try service.change { (rooms, _) throws(RoomError) in
            try rooms.unmute(.audio, of: bob, in: room, by: .participant(anna))
        }
        #expect(relay.selections["r bob"] == .all)
    }

    @Test func whoSendsNothingIsMutedFromTheStart() throws {
        let service = try service()
        try service.change { (rooms, now) throws(RoomError) in try rooms.mute(.video, of: anna, in: room, at: now) }
        #expect(relay.selections["r anna"] == nil)
        _ = try service.produce(anna, in: room, offer: "o", wanted: nil)
        #expect(relay.selections["r anna"] == TrackSelection(audio: true, video: false))
        try service.change { (rooms, now) throws(RoomError) in try rooms.unmute(.video, of: anna, in: room, at: now) }
        #expect(relay.selections["r anna"] == .all)
    }

    @Test func whoAsksForWhatItWantsIsMadeNoOffers() throws {
        let service = try service()
        let others = try service.addUser(Participant(id: ParticipantID("carol"), takesOffers: false), to: room)
        #expect(others.map(\.user.id) == [anna, bob] && others.allSatisfy { $0.offer == nil })
        let produced = try service.produce(anna, in: room, offer: "o", wanted: nil)
        #expect(produced.outbound.map(\.user.id) == [bob])
    }
}
