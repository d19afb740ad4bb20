internal import Glibc
public import RoomModel

/// Copies of a store, made while a server has it open.
public enum StoreBackup {
    /// What a backup has.
    public struct Summary: Sendable, Equatable {
        public var rooms = 0
        public var users = 0
        public var licences = 0
        public var sessions = 0
    }

    /// Copies the store of a data directory, as it is at one instant, to `file`: one whole database, checked, readable
    /// by its owner only. Blocks. `file` appears, or is replaced, at the end and at once; a failure leaves it as it was.
    /// - Parameter replaces: whether `file` may exist already.
    /// - Throws: `exists`, `isTheStore`, `store`, `system`.
    @discardableResult
    public static func make(
        directory: String, to file: String, replaces: Bool
    ) throws(BackupError) -> Summary {
        let source = "\(directory)/\(SQLiteStore.fileName)"
        try checkTarget(file, source: source, replaces: replaces)
        var template = Array("\(file).XXXXXX".utf8CString)
        // Made with mode 0600; SQLite accepts an empty file.
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .system(file: file, reason: String(cString: strerror(errno))) }
        Glibc.close(descriptor)
        let draft = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer {
            unlink(draft)
            unlink(draft + "-journal")
        }
        let summary: Summary
        do throws(StoreError) {
            let database = try Database(path: source, access: .read)
            if try Schema.version(of: database) == 0 {
                throw .corrupt(file: source, reason: "it is empty")
            }
            try database.run("VACUUM INTO ?", .text(draft))
            database.close()
            let copy = try Database(path: draft, access: .read)
            try copy.check("integrity_check(1)")
            summary = try copy.summary()
            copy.close()
        } catch {
            // Only the copy is written.
            if case .full = error { throw .system(file: file, reason: "the disk is full") }
            throw .store(error)
        }
        try put(draft, at: file, replaces: replaces)
        return summary
    }

    private static func checkTarget(_ file: String, source: String, replaces: Bool) throws(BackupError) {
        var status = stat(), sourceStatus = stat()
        guard stat(source, &sourceStatus) == 0 else {
            throw .store(.cannotOpen(file: source, reason: String(cString: strerror(errno))))
        }
        guard stat(file, &status) == 0 else { return }
        if status.st_dev == sourceStatus.st_dev && status.st_ino == sourceStatus.st_ino { throw .isTheStore(file) }
        if !replaces { throw .exists(file) }
        if status.st_mode & S_IFMT != S_IFREG { throw .system(file: file, reason: "it is not a file") }
    }

    /// Gives the draft its name once it is on the disk.
    private static func put(_ draft: String, at file: String, replaces: Bool) throws(BackupError) {
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
        guard sync(draft) else { throw .system(file: file, reason: String(cString: strerror(errno))) }
        if (replaces ? rename(draft, file) : link(draft, file)) != 0 {
            if errno == EEXIST { throw .exists(file) }
            throw .system(file: file, reason: String(cString: strerror(errno)))
        }
        _ = sync(folder)
    }

    private static func sync(_ path: String) -> Bool {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        return fsync(descriptor) == 0
    }
}

extension Database {
    fileprivate func summary() throws(StoreError) -> StoreBackup.Summary {
        StoreBackup.Summary(
            rooms: try number("SELECT count(*) FROM room") ?? 0, users: try number("SELECT count(*) FROM user") ?? 0,
            licences: try number("SELECT count(*) FROM licence") ?? 0,
            sessions: try number("SELECT count(*) FROM session") ?? 0)
    }
}

/// Why there is no backup.
public enum BackupError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file is there already, and was not to be replaced.
    case exists(String)
    /// The file is the store itself.
    case isTheStore(String)
    /// The store cannot be read, or the copy not be written.
    case store(StoreError)
    /// The operating system refused something about the copy.
    case system(file: String, reason: String)

    public var description: String {
        switch self {
        case .exists(let file): "\(file) exists already; --force replaces it"
        case .isTheStore(let file): "\(file) is the store itself"
        case .store(let error): "\(error)"
        case .system(let file, let reason): "cannot write \(file): \(reason)"
        }
    }
}
