import Glibc
import RelayControl
import RoomModel
import SQLiteStore
import TestSupport
import Testing

@testable import switchyard

@MainActor struct BackupCommandTests {
    private let data: Folder
    private let elsewhere: Folder
    private var copy: String { "\(elsewhere.path)/copy.db" }

    init() throws {
        data = try Folder()
        elsewhere = try Folder()
    }

    private func run(_ arguments: String...) -> Int32 {
        CommandLineTool.run(arguments: ["backup"] + arguments + ["--data-dir", data.path], environment: [:])
    }

    @Test func copiesWhileTheStoreIsOpen() async throws {
        let store = try SQLiteStore(directory: data.path)
        try await store.write([.putRoom(RoomDefinition(id: RoomID("a"), name: "A"))])
        #expect(run(copy) == 0)
        try await store.write([.putRoom(RoomDefinition(id: RoomID("b"), name: "B"))])
        #expect(run(copy) == 1)
        #expect(run("--force", copy) == 0)
        #expect(elsewhere.names == ["copy.db"])
        let target = try Folder()
        try target.write(try elsewhere.read("copy.db"), to: SQLiteStore.fileName)
        #expect(try await SQLiteStore(directory: target.path).load().rooms.map(\.id.value) == ["a", "b"])
    }

    @Test func failsWhereThereIsNothingToCopy() {
        #expect(run(copy) == 1)
        #expect(run() == 2)
        #expect(elsewhere.names.isEmpty)
    }
}
