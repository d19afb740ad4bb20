internal import Dispatch
public import RoomModel
internal import Synchronization

/// The store that outlives the process: `switchyard.db` in the data directory.
///
/// All work happens on one serial queue, whose thread may wait for the disk; no caller's thread does. While one
/// transaction is being committed, further changes gather, and the next transaction takes all of them: so a disk that
/// needs milliseconds to commit delays each change by no more than two commits, however many there are. Changes take
/// effect in the order in which `write` was called.
public final class SQLiteStore: Store {
    /// The database's name in the data directory.
    public static let fileName = "switchyard.db"

    let queue = DispatchQueue(label: "switchyard.store")
    /// Locked on the queue only, so never for long and never by two.
    let database: Mutex<Database>
    private let gathered = Mutex(Gathered())

    private struct Gathered {
        var writes: [Write] = []
        var isClosed = false
    }

    private struct Write {
        let changes: [StoreChange]
        let continuation: CheckedContinuation<Result<Void, StoreError>, Never>
    }

    /// Calls of `write` that may wait at one time; that many only come together when the disk does not answer.
    private static let maximumWaiting = 20_000

    /// Calls of `write` that wait for the next transaction.
    var waiting: Int { gathered.withLock { $0.writes.count } }

    /// Opens the store of a data directory, makes it where there is none, and brings it to the present schema. Blocks;
    /// what a crash left behind is put in order here.
    /// - Throws: `cannotOpen`, `newerSchema`, `corrupt`, `busy`, `full`, `readOnly`, `failed`.
    public init(directory: String) throws(StoreError) {
        let database = try Database(path: "\(directory)/\(Self.fileName)", access: .create)
        // Looked at before anything is changed: the file may be somebody else's.
        _ = try Schema.version(of: database)
        try database.execute(
            // The log takes writers past readers. FULL: a commit is on the disk before it is acknowledged, so that it
            // survives not only the end of this process but that of the machine.
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                + "PRAGMA journal_size_limit = 16777216")
        try Schema.migrate(database)
        try database.check("quick_check(1)")
        self.database = Mutex(database)
    }

    public nonisolated(nonsending) func load() async throws(StoreError) -> StoredState {
        try await perform { (database) throws(StoreError) in try database.storedState() }
    }

    public nonisolated(nonsending) func sessions(_ query: SessionQuery) async throws(StoreError) -> [SessionRecord] {
        try await perform { (database) throws(StoreError) in try database.sessions(query) }
    }

    public nonisolated(nonsending) func write(_ changes: [StoreChange]) async throws(StoreError) {
        let result: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            let refusal = gathered.withLock { gathered -> StoreError? in
                if gathered.isClosed { return .closed }
                if gathered.writes.count >= Self.maximumWaiting { return .overloaded }
                gathered.writes.append(Write(changes: changes, continuation: continuation))
                if gathered.writes.count == 1 { queue.async { self.commitGathered() } }
                return nil
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
        try result.get()
    }

    /// Finishes what waits to be written, then closes the file; whatever is asked for later is refused as `closed`.
    public nonisolated(nonsending) func close() async {
        gathered.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            queue.async {
                self.database.withLock { $0.close() }
                continuation.resume()
            }
        }
    }

    // MARK: On the queue

    private func commitGathered() {
        let writes = gathered.withLock { gathered in
            defer { gathered.writes = [] }
            return gathered.writes
        }
        let failure = database.withLock { $0.commit(writes.lazy.flatMap(\.changes)) }
        guard failure != nil && writes.count > 1 else {
            for write in writes { write.continuation.resume(returning: failure.map { .failure($0) } ?? .success(())) }
            return
        }
        // One of them failed all; let each stand for itself.
        for write in writes {
            let failure = database.withLock { $0.commit(write.changes) }
            write.continuation.resume(returning: failure.map { .failure($0) } ?? .success(()))
        }
    }

    private nonisolated(nonsending) func perform<Answer: Sendable>(
        _ read: @escaping @Sendable (Database) throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        if gathered.withLock(\.isClosed) { throw .closed }
        let result: Result<Answer, StoreError> = await withCheckedContinuation { continuation in
            queue.async {
                let result = self.database.withLock { database in
                    do throws(StoreError) {
                        return Result<Answer, StoreError>.success(try read(database))
                    } catch {
                        return Result<Answer, StoreError>.failure(error)
                    }
                }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }
}

extension Database {
    /// Makes the changes in one transaction.
    /// - Returns: why none of them was made.
    fileprivate func commit(_ changes: some Sequence<StoreChange>) -> StoreError? {
        do throws(StoreError) {
            try transaction { () throws(StoreError) in
                for change in changes { try apply(change) }
            }
            return nil
        } catch {
            return error
        }
    }
}
