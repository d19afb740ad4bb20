internal import CSQLite
internal import Glibc
internal import RoomModel

/// One connection to one SQLite file. Not for two threads at a time; whoever has it keeps it to itself.
///
/// Values reach SQL as bound parameters only.
final class Database {
    let path: String
    private var connection: OpaquePointer?
    /// Prepared once, by their SQL.
    private var statements: [String: Statement] = [:]

    /// How long a call waits for another process that writes.
    private static let patienceMilliseconds: Int32 = 5000

    enum Access {
        /// Makes the file where there is none, for its owner only: it holds people's names and hashes.
        case create
        /// Reads a file that is there.
        case read
    }

    init(path: String, access: Access) throws(StoreError) {
        self.path = path
        if case .create = access {
            // SQLite gives what it makes beside this file the same permissions.
            let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            if file >= 0 { Glibc.close(file) }
        }
        let flags: Int32
        switch access {
        case .create: flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        // Not SQLITE_OPEN_READONLY: reading beside a writer takes writing to the index of its log.
        case .read: flags = SQLITE_OPEN_READWRITE
        }
        let code = sqlite3_open_v2(path, &connection, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK else {
            let error = failure(code)
            close()
            throw error
        }
        sqlite3_busy_timeout(connection, Self.patienceMilliseconds)
    }

    deinit { close() }

    /// Ends it; nothing is to be called afterwards.
    func close() {
        statements = [:]
        sqlite3_close_v2(connection)
        connection = nil
    }

    /// Runs statements without parameters and results.
    func execute(_ sql: String) throws(StoreError) {
        let code = sqlite3_exec(connection, sql, nil, nil, nil)
        if code != SQLITE_OK { throw failure(code) }
    }

    /// Runs one statement with its parameters.
    func run(_ sql: String, _ values: Value...) throws(StoreError) {
        try query(sql, values) { (_) throws(StoreError) in }
    }

    /// Gives each row of one statement to `read`.
    func query(
        _ sql: String, _ values: [Value] = [], read: (Row) throws(StoreError) -> Void
    ) throws(StoreError) {
        let statement = try prepare(sql)
        defer { statement.reset() }
        for (index, value) in values.enumerated() {
            let code = statement.bind(value, at: Int32(truncatingIfNeeded: index + 1))
            if code != SQLITE_OK { throw failure(code) }
        }
        while true {
            let code = sqlite3_step(statement.handle)
            switch code {
            case SQLITE_ROW: try read(Row(statement: statement.handle))
            case SQLITE_DONE: return
            default: throw failure(code)
            }
        }
    }

    /// The first column of the first row, where that is a number.
    func number(_ sql: String) throws(StoreError) -> Int? {
        var result: Int?
        try query(sql) { (row) throws(StoreError) in result = result ?? row.integer(0) }
        return result
    }

    /// Does what `body` does altogether, durably, or not at all.
    func transaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try execute("BEGIN IMMEDIATE")
        do throws(StoreError) {
            try body()
            try execute("COMMIT")
        } catch {
            // Where the failure ended the transaction by itself, this has nothing to do.
            try? execute("ROLLBACK")
            throw error
        }
    }

    /// What SQLite's own check has to say of the file: `ok`, or what is broken.
    func check(_ pragma: String) throws(StoreError) {
        var complaints: [String] = []
        try query("PRAGMA \(pragma)") { (row) throws(StoreError) in complaints.append(row.text(0) ?? "") }
        if complaints != ["ok"] {
            throw .corrupt(file: path, reason: complaints.first ?? "the check says nothing")
        }
    }

    private func prepare(_ sql: String) throws(StoreError) -> Statement {
        if let statement = statements[sql] { return statement }
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw failure(code) }
        let statement = Statement(handle)
        statements[sql] = statement
        return statement
    }

    /// What a result code means for whoever wanted something.
    private func failure(_ code: Int32) -> StoreError {
        let reason = connection.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
        switch code & 0xFF {
        case SQLITE_FULL: return .full(file: path)
        case SQLITE_READONLY, SQLITE_PERM: return .readOnly(file: path)
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt(file: path, reason: reason)
        case SQLITE_BUSY, SQLITE_LOCKED: return .busy(file: path)
        case SQLITE_CANTOPEN:
            let system = connection.map { sqlite3_system_errno($0) } ?? 0
            return .cannotOpen(file: path, reason: system == 0 ? reason : String(cString: strerror(system)))
        default: return .failed(file: path, reason: reason)
        }
    }
}

/// A statement that SQLite has compiled.
private final class Statement {
    let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }
    deinit { sqlite3_finalize(handle) }

    /// Ready for the next time; forgets the values.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    func bind(_ value: Value, at index: Int32) -> Int32 {
        // SQLite copies: the bytes are there for the call only.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let number): return sqlite3_bind_int64(handle, index, Int64(number))
        case .real(let number): return sqlite3_bind_double(handle, index, number)
        case .text(let text):
            return sqlite3_bind_text64(handle, index, text, UInt64(text.utf8.count), copied, UInt8(SQLITE_UTF8))
        }
    }
}

/// A value for a parameter.
enum Value {
    case null
    case integer(Int)
    case real(Double)
    case text(String)

    static func bool(_ value: Bool) -> Value { .integer(value ? 1 : 0) }
    static func text(_ value: String?) -> Value { value.map { .text($0) } ?? .null }
    static func integer(_ value: Int?) -> Value { value.map { .integer($0) } ?? .null }
}

/// A row of a result, good until the next one.
struct Row {
    fileprivate let statement: OpaquePointer

    private func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    func integer(_ column: Int32) -> Int? {
        isNull(column) ? nil : Int(truncatingIfNeeded: sqlite3_column_int64(statement, column))
    }

    func real(_ column: Int32) -> Double? { isNull(column) ? nil : sqlite3_column_double(statement, column) }

    func bool(_ column: Int32) -> Bool { sqlite3_column_int64(statement, column) != 0 }

    func text(_ column: Int32) -> String? {
        guard let bytes = sqlite3_column_text(statement, column) else { return nil }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
