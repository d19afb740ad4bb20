import Glibc
import RelayControl
import RoomModel
import TestSupport
import Testing

@testable import SQLiteStore

struct StoreBackupTests {
    private let folder: Folder
    private let elsewhere: Folder
    private var copy: String { "\(elsewhere.path)/copy.db" }

    init() throws {
        folder = try Folder()
        elsewhere = try Folder()
    }

    /// What a server would find that was started on the copy.
    private func restored() async throws -> StoredState {
        let target = try Folder()
        try target.write(try elsewhere.read("copy.db"), to: "switchyard.db")
        return try await SQLiteStore(directory: target.path).load()
    }

    @Test func hasEverythingAndIsForItsOwnerOnly() async throws {
        let store = try SQLiteStore(directory: folder.path)
        try await store.write([
            .putRoom(room("a")), .putRoom(room("b")), .putUser(user("u")), .addSession(session("a", 1)),
        ])
        let summary = try StoreBackup.make(directory: folder.path, to: copy, replaces: false)
        #expect(summary == StoreBackup.Summary(rooms: 2, users: 1, licences: 0, sessions: 1))
        #expect(elsewhere.names == ["copy.db"])
        #expect(elsewhere.mode(of: "copy.db") == 0o600)
        let state = try await store.load()
        #expect(try await restored() == state)
        #expect(state.rooms.count == 2)
    }

    @Test func isOneInstantOfAStoreThatIsBeingWritten() async throws {
        let store = try SQLiteStore(directory: folder.path)
        let writer = Task {
            for number in 0... {
                if Task.isCancelled { return }
                try await store.write([.putRoom(room("\(number)")), .putUser(user("\(number)"))])
            }
        }
        var counts: [Int] = []
        while counts.count < 5 || counts.last == 0 {
            try StoreBackup.make(directory: folder.path, to: copy, replaces: true)
            let state = try await restored()
            #expect(state.rooms.map(\.id.value) == (0..<state.rooms.count).map { "\($0)" })
            #expect(state.users.map(\.id.value) == state.rooms.map(\.id.value))
            counts.append(state.rooms.count)
        }
        writer.cancel()
        try await writer.value
        #expect(counts == counts.sorted())
    }

    @Test func doesNotReplaceAFileUnlessItIsTold() async throws {
        try await SQLiteStore(directory: folder.path).write([.putRoom(room("a"))])
        try elsewhere.write("precious".utf8, to: "copy.db")
        #expect(throws: BackupError.exists(copy)) {
            try StoreBackup.make(directory: folder.path, to: copy, replaces: false)
        }
        #expect(try elsewhere.read("copy.db") == Array("precious".utf8))
        try StoreBackup.make(directory: folder.path, to: copy, replaces: true)
        #expect(try await restored().rooms == [room("a")])
        #expect(elsewhere.names == ["copy.db"])
    }

    @Test func neverReplacesTheStoreItself() async throws {
        let store = try SQLiteStore(directory: folder.path)
        try await store.write([.putRoom(room("a"))])
        let path = "\(folder.path)/switchyard.db"
        let other = "\(elsewhere.path)/link.db"
        #expect(link(path, other) == 0)
        for target in [path, other] {
            #expect(throws: BackupError.isTheStore(target)) {
                try StoreBackup.make(directory: folder.path, to: target, replaces: true)
            }
        }
        #expect(try await store.load().rooms == [room("a")])
    }

    @Test func saysWhatIsMissing() throws {
        let source = "\(folder.path)/switchyard.db"
        #expect(throws: BackupError.store(.cannotOpen(file: source, reason: "No such file or directory"))) {
            try StoreBackup.make(directory: folder.path, to: copy, replaces: false)
        }
        #expect(folder.names.isEmpty && elsewhere.names.isEmpty)
        _ = try SQLiteStore(directory: folder.path)
        let target = "\(elsewhere.path)/missing/copy.db"
        #expect(throws: BackupError.system(file: target, reason: "No such file or directory")) {
            try StoreBackup.make(directory: folder.path, to: target, replaces: false)
        }
    }

    @Test func leavesNothingBehindWhenTheStoreIsDamaged() async throws {
        let store = try SQLiteStore(directory: folder.path)
        try await store.write((0..<500).map { .putRoom(room("\($0)")) })
        await store.close()
        var bytes = try folder.read("switchyard.db")
        for index in 4096 * 2..<bytes.count - 4096 where index % 4096 < 64 { bytes[index] = 0x5A }
        try folder.write(bytes, to: "switchyard.db")
        #expect(throws: BackupError.self) {
            try StoreBackup.make(directory: folder.path, to: copy, replaces: false)
        }
        #expect(elsewhere.names.isEmpty)
    }
}
