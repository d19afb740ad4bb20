import RelayControl
import RoomModel
import TestSupport
import Testing

@testable import SQLiteStore

/// What every store does.
struct StoreTests {
    enum Kind: CaseIterable { case memory, file }

    private let folder: Folder

    init() throws { folder = try Folder() }

    private func store(_ kind: Kind) throws -> any Store {
        switch kind {
        case .memory: MemoryStore()
        case .file: try SQLiteStore(directory: folder.path)
        }
    }

    @Test(arguments: Kind.allCases) func beginsEmpty(_ kind: Kind) async throws {
        let state = try await store(kind).load()
        #expect(state.rooms.isEmpty && state.users.isEmpty && state.licences.isEmpty)
        #expect(try await store(kind).sessions(SessionQuery()).isEmpty)
    }

    @Test(arguments: Kind.allCases) func givesBackWhatWasPutInItsOrder(_ kind: Kind) async throws {
        let store = try store(kind)
        let rooms = [
            room("b", members: [.init(user: UserID("u2")), .init(user: UserID("u1"), isAdmin: true)]), room("a"),
            RoomDefinition(id: RoomID("c"), name: "a\0b"),
        ]
        let users = [
            user("u2", devices: [Device(name: "z", tokenDigest: "1"), Device(name: "a", tokenDigest: "2")]), user("u1"),
            User(id: UserID("u3"), username: "", passwordHash: ""),
        ]
        let licences = [licence("t2"), licence("t1", limit: nil)]
        try await store.write(rooms.map { .putRoom($0) } + users.map { .putUser($0) })
        try await store.write(licences.map { .putLicence($0) })
        let state = try await store.load()
        #expect(state.rooms == rooms)
        #expect(state.users == users)
        #expect(state.licences == licences)
    }

    @Test(arguments: Kind.allCases) func replacesInPlace(_ kind: Kind) async throws {
        let store = try store(kind)
        try await store.write([
            .putRoom(room("a", members: [.init(user: UserID("u")), .init(user: UserID("v"))])), .putRoom(room("b")),
            .putUser(user("u", devices: [Device(name: "x", tokenDigest: "1")])), .putUser(user("v")),
            .putLicence(licence("s")), .putLicence(licence("t")),
        ])
        let changed = RoomDefinition(id: RoomID("a"), name: "", members: [.init(user: UserID("w"), isAdmin: true)])
        let changedUser = User(id: UserID("u"), username: "other", passwordHash: "other")
        try await store.write([.putRoom(changed), .putUser(changedUser), .putLicence(licence("s", limit: nil))])
        let state = try await store.load()
        #expect(state.rooms == [changed, room("b")])
        #expect(state.users == [changedUser, user("v")])
        #expect(state.licences == [licence("s", limit: nil), licence("t")])
    }

    @Test(arguments: Kind.allCases) func removes(_ kind: Kind) async throws {
        let store = try store(kind)
        try await store.write([
            .putRoom(room("a", members: [.init(user: UserID("u"))])), .putRoom(room("b")),
            .putUser(user("u", devices: [Device(name: "x", tokenDigest: "1")])), .putUser(user("v")),
            .putLicence(licence("s")), .putLicence(licence("t")),
        ])
        try await store.write([
            .removeRoom(RoomID("a")), .removeUser(UserID("u")), .removeLicence(TenantID("s")), .removeRoom(RoomID("x")),
            .removeUser(UserID("x")), .removeLicence(TenantID("x")),
        ])
        let state = try await store.load()
        #expect(state.rooms == [room("b")])
        #expect(state.users == [user("v")])
        #expect(state.licences == [licence("t")])
        // Nothing of what was removed comes back with the same name.
        try await store.write([.putRoom(room("a")), .putUser(user("u"))])
        let again = try await store.load()
        #expect(again.rooms == [room("b"), room("a")])
        #expect(again.users == [user("v"), user("u")])
    }

    @Test(arguments: Kind.allCases) func changesOfOneWriteFollowEachOther(_ kind: Kind) async throws {
        let store = try store(kind)
        try await store.write([.putRoom(room("a")), .removeRoom(RoomID("a")), .putRoom(room("a", name: "last"))])
        #expect(try await store.load().rooms == [room("a", name: "last")])
        try await store.write([])
        #expect(try await store.load().rooms.count == 1)
    }

    @Test(arguments: Kind.allCases) func findsSessions(_ kind: Kind) async throws {
        let store = try store(kind)
        let other = TenantID("other")
        let late = session("late", 300), early = session("early", 100), theirs = session("theirs", 200, tenant: other)
        try await store.write([.addSession(late), .addSession(early), .addSession(theirs)])
        #expect(try await store.sessions(SessionQuery()) == [early, theirs, late])
        #expect(try await store.sessions(SessionQuery(tenant: .default)) == [early, late])
        #expect(try await store.sessions(SessionQuery(tenant: other, from: 200, until: 201)) == [theirs])
        #expect(try await store.sessions(SessionQuery(from: 100, until: 300)) == [early, theirs])
        #expect(try await store.sessions(SessionQuery(limit: 1)) == [early])
        #expect(try await store.sessions(SessionQuery(limit: -1)) == [])
        try await store.write([.removeSessions(endedBefore: 210.5)])
        #expect(try await store.sessions(SessionQuery()) == [theirs, late])
    }

    @Test(arguments: Kind.allCases) func isOfNoUseOnceClosed(_ kind: Kind) async throws {
        let store = try store(kind)
        await store.close()
        await #expect(throws: StoreError.closed) { try await store.write([.putRoom(room("a"))]) }
        await #expect(throws: StoreError.closed) { try await store.load() }
        await #expect(throws: StoreError.closed) { try await store.sessions(SessionQuery()) }
        await store.close()
    }

    @MainActor @Test(arguments: Kind.allCases) func takesWritesInTheOrderOfTheCalls(_ kind: Kind) async throws {
        let store = try store(kind)
        let tasks = (0..<500).map { number in
            Task { @MainActor in try await store.write([.putRoom(room("a", name: "\(number)"))]) }
        }
        for task in tasks { try await task.value }
        #expect(try await store.load().rooms.map(\.name) == ["499"])
    }

    @Test func memoryFailsWhenToldTo() async throws {
        let store = MemoryStore(StoredState(rooms: [room("a")]))
        store.fail(with: .full(file: "x"))
        await #expect(throws: StoreError.full(file: "x")) { try await store.write([.removeRoom(RoomID("a"))]) }
        store.fail(with: nil)
        #expect(try await store.load().rooms == [room("a")])
    }
}
