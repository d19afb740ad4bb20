import Dispatch
import Glibc
import RelayControl
import RoomModel
import Synchronization
import TestSupport
import Testing

@testable import SQLiteStore

/// A change that SQLite refuses: a number that is none is NULL there.
private let impossible = StoreChange.addSession(session("a", .nan))

struct SQLiteStoreTests {
    private let folder: Folder
    private var file: String { "\(folder.path)/switchyard.db" }

    init() throws { folder = try Folder() }

    @Test func keepsThingsForTheNextStart() async throws {
        let store = try SQLiteStore(directory: folder.path)
        try await store.write([
            .putRoom(room("a")), .putUser(user("u")), .putLicence(licence("t")), .addSession(session("a", 5)),
        ])
        let state = try await store.load()
        await store.close()
        let next = try SQLiteStore(directory: folder.path)
        #expect(try await next.load() == state)
        #expect(state.rooms == [room("a")] && state.users == [user("u")] && state.licences == [licence("t")])
        #expect(try await next.sessions(SessionQuery()) == [session("a", 5)])
    }

    @Test func isForItsOwnerOnly() async throws {
        let store = try SQLiteStore(directory: folder.path)
        try await store.write([.putRoom(room("a"))])
        #expect(folder.names == ["switchyard.db", "switchyard.db-wal", "switchyard.db-shm"])
        for name in folder.names { #expect(folder.mode(of: name) == 0o600) }
        await store.close()
        #expect(folder.names == ["switchyard.db"])
    }

    @Test func waitsForTheDiskBeforeItAcknowledges() throws {
        let store = try SQLiteStore(directory: folder.path)
        // 2 is FULL.
        #expect(try store.database.withLock { try $0.number("PRAGMA synchronous") } == 2)
        #expect(try store.database.withLock { try $0.number("PRAGMA foreign_keys") } == 1)
    }

    @Test func aWriteThatFailsChangesNothing() async throws {
        let store = try SQLiteStore(directory: folder.path)
        try await store.write([.putRoom(room("a"))])
        let error = await #expect(throws: StoreError.self) {
            try await store.write([.putRoom(room("b")), .removeRoom(RoomID("a")), impossible])
        }
        if case .failed(file, let reason)? = error {
            #expect(reason.contains("session.started_at"))
        } else {
            Issue.record("not refused, but \(String(describing: error))")
        }
        #expect(try await store.load().rooms == [room("a")])
        try await store.write([.putRoom(room("c"))])
        #expect(try await store.load().rooms == [room("a"), room("c")])
    }

    @Test func aWriteThatFailsFailsAlone() async throws {
        let store = try SQLiteStore(directory: folder.path)
        store.queue.suspend()
        let good = (0..<20).map { number in Task { try await store.write([.putRoom(room("\(number)"))]) } }
        let bad = Task { try await store.write([.putRoom(room("bad")), impossible]) }
        // All of them wait, and so are tried in one transaction.
        while store.waiting < 21 { await Task.yield() }
        store.queue.resume()
        for task in good { try await task.value }
        await #expect(throws: StoreError.self) { try await bad.value }
        #expect(Set(try await store.load().rooms.map(\.id.value)) == Set((0..<20).map { "\($0)" }))
    }

    @Test func closingFinishesWhatWaits() async throws {
        let store = try SQLiteStore(directory: folder.path)
        store.queue.suspend()
        let tasks = (0..<20).map { number in Task { try await store.write([.putRoom(room("\(number)"))]) } }
        while store.waiting < 20 { await Task.yield() }
        async let closed: Void = store.close()
        store.queue.resume()
        await closed
        for task in tasks { try await task.value }
        #expect(try await SQLiteStore(directory: folder.path).load().rooms.count == 20)
    }

    @Test func saysThatTheDiskIsFullAndGoesOnWhenItIsNotAnyMore() async throws {
        let store = try SQLiteStore(directory: folder.path)
        let large = String(repeating: "x", count: 100_000)
        try store.database.withLock { try $0.execute("PRAGMA max_page_count = 30") }
        await #expect(throws: StoreError.full(file: file)) {
            try await store.write([.putRoom(room("small")), .putRoom(room("large", name: large))])
        }
        #expect(try await store.load().rooms.isEmpty)
        try store.database.withLock { try $0.execute("PRAGMA max_page_count = 1000000") }
        try await store.write([.putRoom(room("large", name: large))])
        #expect(try await store.load().rooms == [room("large", name: large)])
    }

    @Test func saysThatItMayOnlyRead() async throws {
        let store = try SQLiteStore(directory: folder.path)
        try store.database.withLock { try $0.execute("PRAGMA query_only = ON") }
        await #expect(throws: StoreError.readOnly(file: file)) { try await store.write([.putRoom(room("a"))]) }
    }

    @Test func saysThatAnotherProcessKeepsItLocked() async throws {
        let store = try SQLiteStore(directory: folder.path)
        let other = try Database(path: file, access: .read)
        try other.execute("BEGIN IMMEDIATE")
        try store.database.withLock { try $0.execute("PRAGMA busy_timeout = 1") }
        await #expect(throws: StoreError.busy(file: file)) { try await store.write([.putRoom(room("a"))]) }
        try other.execute("ROLLBACK")
        try await store.write([.putRoom(room("a"))])
    }

    // MARK: Files that are not what they should be

    @Test func saysWhyTheFileCannotBeOpened() throws {
        #expect(mkdir(file, 0o700) == 0)
        defer { rmdir(file) }
        #expect(throws: StoreError.cannotOpen(file: file, reason: "Is a directory")) {
            try SQLiteStore(directory: folder.path)
        }
        let missing = "\(folder.path)/missing"
        #expect(throws: StoreError.cannotOpen(file: "\(missing)/switchyard.db", reason: "No such file or directory")) {
            try SQLiteStore(directory: missing)
        }
    }

    private func expectCorrupt() {
        let error = #expect(throws: StoreError.self) { try SQLiteStore(directory: folder.path) }
        guard case .corrupt(file, _)? = error else {
            Issue.record("not corrupt, but \(String(describing: error))")
            return
        }
    }

    @Test func refusesAFileThatIsNoDatabase() throws {
        let text = Array(String(repeating: "This is a diary. ", count: 1000).utf8)
        try folder.write(text, to: "switchyard.db")
        expectCorrupt()
        #expect(try folder.read("switchyard.db") == text)
    }

    @Test func refusesTheDatabaseOfAnotherProgram() throws {
        let other = try Database(path: file, access: .create)
        try other.execute("CREATE TABLE bookmark (address TEXT)")
        other.close()
        let before = try folder.read("switchyard.db")
        expectCorrupt()
        #expect(try folder.read("switchyard.db") == before)
    }

    private func filled() async throws -> [UInt8] {
        let store = try SQLiteStore(directory: folder.path)
        try await store.write((0..<500).map { .putRoom(room("\($0)")) })
        await store.close()
        return try folder.read("switchyard.db")
    }

    @Test func refusesAFileWithDamagedPages() async throws {
        let whole = try await filled()
        #expect(whole.count > 10 * 4096)
        var damaged = whole
        for index in 4096 * 2..<whole.count - 4096 where index % 4096 < 64 { damaged[index] = 0x5A }
        try folder.write(damaged, to: "switchyard.db")
        expectCorrupt()
    }

    @Test func refusesAFileThatWasCutOff() async throws {
        let whole = try await filled()
        try folder.write(whole.prefix(whole.count / 2), to: "switchyard.db")
        expectCorrupt()
    }

    @Test func refusesAFileOfALaterVersion() async throws {
        let store = try SQLiteStore(directory: folder.path)
        try await store.write([.putRoom(room("a"))])
        try store.database.withLock { try $0.execute("PRAGMA user_version = 9999") }
        await store.close()
        let before = try folder.read("switchyard.db")
        let expected = StoreError.newerSchema(file: file, found: 9999, known: Schema.steps.count)
        #expect(throws: expected) { try SQLiteStore(directory: folder.path) }
        #expect(try folder.read("switchyard.db") == before)
    }
}
