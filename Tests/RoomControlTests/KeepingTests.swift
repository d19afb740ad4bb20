import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing

/// What outlives the process is kept first and holds then.
@MainActor struct KeepingTests {
    private let relay = FakeRelay()

    private func service(_ store: any Store) -> RoomService {
        RoomService(relay: relay, store: store, limits: RoomLimits(), now: { 5 }, wallClock: { 1_000 })
    }

    private let lobby = RoomDefinition(id: RoomID("lobby"), name: "Lobby")

    private func user(_ id: String, named name: String? = nil) -> User {
        User(id: UserID(id), username: name ?? id, passwordHash: "hash")
    }

    @Test func whatWasAcknowledgedIsInTheStore() async throws {
        let store = MemoryStore()
        let service = service(store)
        try await service.define(lobby)
        try await service.addUser(user("u1", named: "anna"))
        try await service.redefine(lobby.id) { $0.name = "Hall" }
        try await service.changeUser(UserID("u1")) { $0.extension = "1001" }
        let kept = try await store.load()
        #expect(kept.rooms.map(\.name) == ["Hall"] && kept.users.map(\.extension) == ["1001"])

        let next = self.service(store)
        try await next.restore()
        #expect(next.rooms.definitions == service.rooms.definitions)
        #expect(next.users.user(named: "anna") == service.users.user(UserID("u1")))
        try await next.undefine(lobby.id)
        try await next.removeUser(UserID("u1"))
        #expect(try await store.load() == StoredState())
    }

    @Test func whatCannotBeKeptHasNotHappened() async throws {
        let store = MemoryStore()
        let service = service(store)
        try await service.define(lobby)
        var heard = 0
        service.observe { _ in heard += 1 }
        store.fail(with: .full(file: "f"))
        await #expect(throws: RoomCallError.store(.full(file: "f"))) {
            try await service.define(RoomDefinition(id: RoomID("other"), name: ""))
        }
        await #expect(throws: RoomCallError.store(.full(file: "f"))) {
            try await service.redefine(lobby.id) { $0.name = "Hall" }
        }
        await #expect(throws: RoomCallError.store(.full(file: "f"))) { try await service.undefine(lobby.id) }
        await #expect(throws: RoomCallError.store(.full(file: "f"))) { try await service.addUser(user("u1")) }
        #expect(service.rooms.definitions == [lobby] && service.users.count == 0 && heard == 0)
        store.fail(with: nil)
        try await service.define(RoomDefinition(id: RoomID("other"), name: ""))
    }

    @Test func whatIsRefusedIsNotWritten() async throws {
        let store = MemoryStore()
        let service = service(store)
        try await service.define(lobby)
        try await service.addUser(user("u1", named: "anna"))
        await #expect(throws: RoomCallError.room(.roomExists(lobby.id))) {
            try await service.define(RoomDefinition(id: lobby.id, name: "Again"))
        }
        await #expect(throws: RoomCallError.userTaken(.username)) {
            try await service.addUser(user("u2", named: "anna"))
        }
        await #expect(throws: RoomCallError.userExists(UserID("u1"))) { try await service.addUser(user("u1")) }
        await #expect(throws: RoomCallError.noSuchUser(UserID("u9"))) { try await service.removeUser(UserID("u9")) }
        let kept = try await store.load()
        #expect(kept.rooms == [lobby] && kept.users.map(\.username) == ["anna"])
    }

    @Test func ofManyWhoDefineOneRoomAtOnceOneDoes() async throws {
        let store = MemoryStore()
        let service = service(store)
        let id = lobby.id
        let attempts = (0..<20).map { number in
            Task { @MainActor in (try? await service.define(RoomDefinition(id: id, name: "\(number)"))) != nil }
        }
        var done = 0
        for attempt in attempts where await attempt.value { done += 1 }
        #expect(done == 1)
        #expect(try await store.load().rooms == service.rooms.definitions)
    }

    @Test func whatSomebodyElseMadeImpossibleMeanwhileIsTakenBack() async throws {
        let store = SlowStore()
        let service = service(store)
        let lobby = lobby
        store.duringNextWrite { try? service.createRoom(lobby.id, with: nil) }
        await #expect(throws: RoomCallError.room(.roomExists(lobby.id))) { try await service.define(lobby) }
        #expect(try await store.load().rooms == [])
        #expect(try service.room(lobby.id).definition == nil)
    }

    @Test func whoeverDeletesARoomTheStoreForgetsIt() async throws {
        let store = MemoryStore()
        let service = service(store)
        try await service.define(lobby)
        _ = try service.deleteRoom(lobby.id)
        for _ in 0..<1_000 where try await store.load().rooms != [] { await Task.yield() }
        #expect(try await store.load().rooms == [])
    }

    @Test func historyIsKept() async throws {
        let store = MemoryStore()
        let service = service(store)
        try service.createRoom(RoomID("r"), with: Participant(id: ParticipantID("a")))
        _ = try service.deleteUser(ParticipantID("a"), from: RoomID("r"))
        for _ in 0..<1_000 where try await store.sessions(SessionQuery()).isEmpty { await Task.yield() }
        let session = try #require(try await store.sessions(SessionQuery()).first)
        #expect(session.room == RoomID("r") && session.participants == 1 && session.startedAt == 1_000)
    }
}

/// Lets something happen while it writes.
private final class SlowStore: Store {
    private let inner = MemoryStore()
    @MainActor private var meanwhile: (() -> Void)?

    @MainActor init() {}

    @MainActor func duringNextWrite(_ body: @escaping () -> Void) { meanwhile = body }

    @MainActor private func happen() {
        meanwhile?()
        meanwhile = nil
    }

    nonisolated(nonsending) func load() async throws(StoreError) -> StoredState { try await inner.load() }
    nonisolated(nonsending) func write(_ changes: [StoreChange]) async throws(StoreError) {
        await happen()
        try await inner.write(changes)
    }
    nonisolated(nonsending) func sessions(_ query: SessionQuery) async throws(StoreError) -> [SessionRecord] {
        try await inner.sessions(query)
    }
    nonisolated(nonsending) func close() async { await inner.close() }
}
