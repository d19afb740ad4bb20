import Foundation
import RelayControl
import RoomModel
import Synchronization
import TestSupport
import Testing

@testable import SQLiteStore

/// A process that writes to a store, and is killed.
private final class Writer {
    private let process = Process()
    private let output = Pipe()
    private var rest: [UInt8] = []

    init(directory: String, first: Int, count: Int, writers: Int) throws {
        // The build puts the tests and the writer into one directory.
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent()
            .appendingPathComponent("store-writer")
        process.arguments = [directory, "\(first)", "\(count)", "\(writers)"]
        process.standardOutput = output
        try process.run()
    }

    /// The next whole line; nil at the end.
    func line() -> String? {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { return nil }
            rest += data
        }
    }

    /// Ends it without a chance to tidy up.
    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    /// How it ended.
    func wait() -> (reason: Process.TerminationReason, status: Int32) {
        process.waitUntilExit()
        return (process.terminationReason, process.terminationStatus)
    }
}

struct KillTests {
    /// More than anybody waits for: it is always killed in the middle.
    private static let writes = 1_000_000

    /// Starts a writer, kills it after so many lines, and looks at what is there.
    /// - Returns: what was acknowledged.
    private func kill(afterLines lines: Int, directory: String, first: Int, writers: Int) async throws -> Set<String> {
        let writer = try Writer(directory: directory, first: first, count: Self.writes, writers: writers)
        var acknowledged: Set<String> = []
        for _ in 0..<lines {
            guard let line = writer.line() else { break }
            acknowledged.insert(line)
        }
        writer.kill()
        // What it said before it heard of it.
        while let line = writer.line() { acknowledged.insert(line) }
        let end = writer.wait()
        #expect(end.reason == .uncaughtSignal && end.status == SIGKILL)
        #expect(!acknowledged.contains { $0.hasPrefix("failed") || $0 == "done" })
        return acknowledged.subtracting(["open"])
    }

    /// That all of it is there, and nothing by halves.
    private func check(_ directory: String, has acknowledged: Set<String>) async throws {
        let store = try SQLiteStore(directory: directory)
        let state = try await store.load()
        let rooms = Set(state.rooms.map(\.id.value))
        #expect(acknowledged.isSubset(of: rooms))
        #expect(state.rooms.allSatisfy { $0.members.count == 2 })
        #expect(Set(state.users.map { $0.username }) == Set(rooms.map { "name \($0)" }))
        #expect(state.users.allSatisfy { $0.devices.count == 1 })
        let sessions = try await store.sessions(SessionQuery())
        #expect(Set(sessions.map(\.room.value)) == rooms && sessions.count == rooms.count)
        try store.database.withLock { try $0.check("integrity_check") }
        #expect(try store.database.withLock { try $0.number("SELECT count(*) FROM pragma_foreign_key_check") } == 0)
        // And it goes on.
        try await store.write([.putUser(user("afterwards"))])
        try await store.write([.removeUser(UserID("afterwards"))])
        await store.close()
    }

    @Test(arguments: [
        (0, 1), (1, 1), (2, 1), (38, 1), (251, 1), (500, 1), (999, 1), (1, 16), (17, 16),
        (100, 16), (333, 16), (777, 16), (950, 64),
    ])
    func whatWasAcknowledgedOutlivesAKill(lines: Int, writers: Int) async throws {
        let folder = try Folder()
        let acknowledged = try await kill(afterLines: lines, directory: folder.path, first: 0, writers: writers)
        #expect(acknowledged.count >= lines - 1)
        try await check(folder.path, has: acknowledged)
    }

    @Test func oneStoreOutlivesManyKills() async throws {
        let folder = try Folder()
        var acknowledged: Set<String> = []
        var random = SeededRandom(seed: 5)
        for round in 0..<8 {
            acknowledged.formUnion(
                try await kill(
                    afterLines: .random(in: 0...600, using: &random), directory: folder.path,
                    first: round * Self.writes, writers: 8))
            try await check(folder.path, has: acknowledged)
        }
        #expect(acknowledged.count > 100)
    }

    @Test func whoIsLeftInPeaceWritesEverything() async throws {
        let folder = try Folder()
        let writer = try Writer(directory: folder.path, first: 0, count: 200, writers: 8)
        var lines: Set<String> = []
        while let line = writer.line() { lines.insert(line) }
        #expect(writer.wait().status == 0)
        #expect(lines == Set((0..<200).map { "\($0)" } + ["open", "done"]))
        try await check(folder.path, has: lines.subtracting(["open", "done"]))
    }
}
