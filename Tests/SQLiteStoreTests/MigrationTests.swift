import RelayControl
import RoomModel
import Synchronization
import TestSupport
import Testing

@testable import SQLiteStore

extension Database {
    /// Everything that the schema has.
    fileprivate func shape() throws(StoreError) -> [String] {
        var lines: [String] = []
        try query("SELECT type || name || coalesce(sql, '') FROM sqlite_schema ORDER BY name") {
            (row) throws(StoreError) in lines.append(row.text(0) ?? "")
        }
        return lines
    }
}

struct MigrationTests {
    private let folder: Folder
    private var file: String { "\(folder.path)/switchyard.db" }

    init() throws { folder = try Folder() }

    @Test func filesOfEveryEarlierVersionBecomeLikeNewOnes() async throws {
        let fresh = try Folder()
        let new = try SQLiteStore(directory: fresh.path)
        let wanted = try new.database.withLock { try $0.shape() }
        #expect(try await new.load().schemaVersion == Schema.steps.count)
        for version in 0...Schema.steps.count {
            let old = try Folder()
            let database = try Database(path: "\(old.path)/switchyard.db", access: .create)
            try Schema.migrate(database, steps: Array(Schema.steps.prefix(version)))
            database.close()
            let store = try SQLiteStore(directory: old.path)
            #expect(try store.database.withLock { try $0.shape() } == wanted)
            #expect(try await store.load().schemaVersion == Schema.steps.count)
            await store.close()
        }
    }

    private let first = "CREATE TABLE person (name TEXT NOT NULL); CREATE TABLE place (name TEXT)"
    private let second = """
        ALTER TABLE person ADD COLUMN given TEXT NOT NULL DEFAULT '';
        UPDATE person SET given = substr(name, 1, instr(name, ' ') - 1);
        """
    private let third = "DROP TABLE place"

    /// A file of version 1 with something in it.
    private func old() throws -> Database {
        let database = try Database(path: file, access: .create)
        #expect(try Schema.migrate(database, steps: [first]) == 0)
        try database.run("INSERT INTO person (name) VALUES (?)", .text("Ada Lovelace"))
        return database
    }

    @Test func stepsAreTakenInTheirOrderAndOnce() throws {
        let database = try old()
        #expect(try Schema.migrate(database, steps: [first, second, third]) == 1)
        #expect(try Schema.migrate(database, steps: [first, second, third]) == 3)
        var given: [String?] = []
        try database.query("SELECT given FROM person") { (row) throws(StoreError) in given.append(row.text(0)) }
        #expect(given == ["Ada"])
        #expect(try database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'place'") == 0)
    }

    @Test func aStepThatFailsLeavesTheFileAsItWas() throws {
        let database = try old()
        let before = try database.shape()
        #expect(throws: StoreError.self) {
            try Schema.migrate(database, steps: [first, second, "DROP TABLE nowhere", third])
        }
        #expect(try Schema.version(of: database) == 1)
        #expect(try database.shape() == before)
        #expect(try Schema.migrate(database, steps: [first, second, third]) == 1)
    }

    @Test func neverGoesBack() throws {
        let database = try old()
        try Schema.migrate(database, steps: [first, second])
        #expect(throws: StoreError.newerSchema(file: file, found: 2, known: 1)) {
            try Schema.migrate(database, steps: [first])
        }
    }
}
