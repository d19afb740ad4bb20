internal import RoomModel

/// The shape of the database, as numbered steps forward: step n makes version n out of version n - 1 (0 is an empty
/// file). The version is in `PRAGMA user_version`. A step that was ever released is never changed; a new shape is a
/// new step at the end.
enum Schema {
    /// What `PRAGMA application_id` says of a file of ours: "SwYd".
    static let application = 0x5377_5964

    static let steps: [String] = [
        // 1. Ordinals keep the order in which things were first put.
        """
        CREATE TABLE room (
            ordinal INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            tenant TEXT NOT NULL,
            name TEXT NOT NULL,
            password_hash TEXT,
            is_open INTEGER NOT NULL,
            forces_password INTEGER NOT NULL,
            forces_waiting_room INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE room_member (
            room TEXT NOT NULL REFERENCES room (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            user TEXT NOT NULL,
            is_admin INTEGER NOT NULL,
            PRIMARY KEY (room, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE user (
            ordinal INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            username TEXT NOT NULL,
            password_hash TEXT NOT NULL,
            extension TEXT,
            display_name TEXT NOT NULL,
            sealed_digest TEXT
        ) STRICT;
        CREATE TABLE device (
            user TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            token_digest TEXT NOT NULL,
            PRIMARY KEY (user, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE licence (
            ordinal INTEGER PRIMARY KEY,
            tenant TEXT NOT NULL UNIQUE,
            domain TEXT NOT NULL,
            access_key TEXT NOT NULL,
            secret_key_hash TEXT NOT NULL,
            room_limit INTEGER,
            is_enabled INTEGER NOT NULL,
            created_at REAL NOT NULL
        ) STRICT;
        CREATE TABLE session (
            ordinal INTEGER PRIMARY KEY,
            room TEXT NOT NULL,
            tenant TEXT NOT NULL,
            started_at REAL NOT NULL,
            ended_at REAL NOT NULL,
            participants INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX session_by_tenant ON session (tenant, started_at);
        CREATE INDEX session_by_start ON session (started_at);
        CREATE INDEX session_by_end ON session (ended_at);
        """
    ]

    /// Brings a database to the latest version, all steps or none of them.
    /// - Throws: `newerSchema`, and `corrupt` where the file is some other program's.
    /// - Returns: the version that it had.
    @discardableResult
    static func migrate(_ database: Database, steps: [String] = Schema.steps) throws(StoreError) -> Int {
        let found = try version(of: database)
        if found > steps.count {
            throw .newerSchema(file: database.path, found: found, known: steps.count)
        }
        if found == steps.count { return found }
        try database.transaction { () throws(StoreError) in
            // Another process may have been faster.
            for step in try version(of: database)..<steps.count { try database.execute(steps[step]) }
            try database.execute("PRAGMA application_id = \(application); PRAGMA user_version = \(steps.count)")
        }
        return found
    }

    /// The version that a database has; 0 for an empty one.
    /// - Throws: `corrupt` where the file is some other program's.
    static func version(of database: Database) throws(StoreError) -> Int {
        let id = try database.number("PRAGMA application_id") ?? 0
        let tables = try database.number("SELECT count(*) FROM sqlite_schema") ?? 0
        guard id == application || (id == 0 && tables == 0) else {
            throw .corrupt(file: database.path, reason: "it is a database, but not one of Switchyard's")
        }
        return try database.number("PRAGMA user_version") ?? 0
    }
}
