import RelayControl
import Testing

@testable import RelayIO

/// What subscribers ask for, as the control thread keeps it.
@MainActor @Suite(.serialized) struct PreferenceTests {
    private let alice = ParticipantID("alice")
    private let bob = ParticipantID("bob")

    private func offered() throws -> EngineFixture {
        let fixture = try EngineFixture()
        _ = try fixture.publisher()
        _ = try fixture.engine.offer(room: fixture.room, subscriber: bob, producer: alice, restart: false)
        return fixture
    }

    private func preference(_ fixture: EngineFixture, mid: String? = nil) throws -> VideoPreference {
        try fixture.engine.preference(room: fixture.room, subscriber: bob, producer: alice, mid: mid)
    }

    private func prefer(_ preference: VideoPreference, _ fixture: EngineFixture) throws {
        try fixture.engine.prefer(room: fixture.room, subscriber: bob, producer: alice, preference: preference)
    }

    @Test func isTheDefaultUntilSomethingIsSaid() throws {
        let fixture = try offered()
        #expect(try preference(fixture) == VideoPreference())
        #expect(try preference(fixture, mid: "1") == VideoPreference(mid: "1"))
    }

    @Test func whatIsSaidOfAllReplacesWhatWasSaidOfOne() throws {
        let fixture = try offered()
        try prefer(VideoPreference(width: 320, mid: "1"), fixture)
        #expect(try preference(fixture) == VideoPreference())
        #expect(try preference(fixture, mid: "1") == VideoPreference(width: 320, mid: "1"))
        try prefer(VideoPreference(isPaused: true, priority: 9), fixture)
        #expect(try preference(fixture, mid: "1") == VideoPreference(isPaused: true, priority: 9, mid: "1"))
    }

    @Test func aWorkerHearsWhatHoldsForAllFirst() {
        var preferences = VideoPreferences()
        #expect(preferences.all.isEmpty)
        preferences.set(VideoPreference(width: 640))
        preferences.set(VideoPreference(width: 2, mid: "2"))
        preferences.set(VideoPreference(width: 1, mid: "1"))
        #expect(preferences.all.map(\.width) == [640, 1, 2])
    }

    @Test func holdsForTheConnectionThatReplacesADeadOne() throws {
        let fixture = try EngineFixture()
        _ = try fixture.publisher()
        let subscriber = try fixture.subscriber()
        try prefer(VideoPreference(height: 180), fixture)
        subscriber.closeDTLS()
        let closed = RelayEvent.transportState(room: fixture.room, participant: bob, producer: alice, state: .closed)
        try #require(fixture.wait([subscriber]) { fixture.events.contains(closed) })
        // What is said meanwhile counts as well.
        try prefer(VideoPreference(height: 180, priority: 8), fixture)
        _ = try fixture.subscriber()
        #expect(try preference(fixture) == VideoPreference(height: 180, priority: 8))
    }

    @Test func aReloadedPublisherIsPreferredAsBefore() throws {
        let fixture = try offered()
        try prefer(VideoPreference(isPaused: true), fixture)
        let offer = EngineFixture.offer(of: try TestPeer()).replacing("o=- 4611731400430051336", with: "o=- 99")
        let production = try fixture.engine.produce(room: fixture.room, participant: alice, offer: offer, wanted: nil)
        #expect(production.change == .replaced)
        #expect(try preference(fixture).isPaused)
    }

    @Test func namesWhatIsNotThereAndChangesNothing() throws {
        let fixture = try offered()
        let nobody = ParticipantID("nobody")
        let (engine, room) = (fixture.engine, fixture.room)
        #expect(throws: RelayError.notProducing(nobody)) {
            try engine.prefer(room: room, subscriber: bob, producer: nobody, preference: VideoPreference())
        }
        #expect(throws: RelayError.notProducing(alice)) {
            try engine.prefer(room: RoomID("x"), subscriber: bob, producer: alice, preference: VideoPreference())
        }
        #expect(throws: RelayError.notSubscribed(to: alice)) {
            try engine.prefer(room: room, subscriber: nobody, producer: alice, preference: VideoPreference())
        }
        // 0 is the audio.
        for mid in ["0", "2", ""] {
            #expect(throws: RelayError.unknownVideo(mid: mid)) {
                try prefer(VideoPreference(isPaused: true, mid: mid), fixture)
            }
        }
        #expect(try preference(fixture) == VideoPreference())
    }
}
