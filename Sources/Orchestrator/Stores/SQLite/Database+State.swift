internal import RelayControl
internal import RoomModel

// What is read back. A column that may not be NULL is never nil; should it be all the same, nothing stands for it.
extension Database {
    /// Everything but the sessions, at one instant.
    func storedState() throws(StoreError) -> StoredState {
        try execute("BEGIN")
        defer { try? execute("COMMIT") }
        return StoredState(
            rooms: try rooms(), users: try users(), licences: try licences(),
            schemaVersion: try Schema.version(of: self))
    }

    /// The earliest begun first.
    func sessions(_ wanted: SessionQuery) throws(StoreError) -> [SessionRecord] {
        var sessions: [SessionRecord] = []
        let tenant = wanted.tenant == nil ? "" : "tenant = ?4 AND "
        let sql = """
            SELECT room, tenant, started_at, ended_at, participants FROM session
            WHERE \(tenant)started_at >= ?1 AND started_at < ?2 ORDER BY started_at, ordinal LIMIT ?3
            """
        var values: [Value] = [
            .real(wanted.from ?? -.infinity), .real(wanted.until ?? .infinity), .integer(max(0, wanted.limit)),
        ]
        if let tenant = wanted.tenant { values.append(.text(tenant.value)) }
        try query(sql, values) { (row) throws(StoreError) in
            sessions.append(
                SessionRecord(
                    room: RoomID(row.text(0) ?? ""), tenant: TenantID(row.text(1) ?? ""), startedAt: row.real(2) ?? 0,
                    endedAt: row.real(3) ?? 0, participants: row.integer(4) ?? 0))
        }
        return sessions
    }

    private func rooms() throws(StoreError) -> [RoomDefinition] {
        var members: [String: [RoomDefinition.Member]] = [:]
        try query("SELECT room, user, is_admin FROM room_member ORDER BY room, position") {
            (row) throws(StoreError) in
            members[row.text(0) ?? "", default: []].append(
                RoomDefinition.Member(user: UserID(row.text(1) ?? ""), isAdmin: row.bool(2)))
        }
        var rooms: [RoomDefinition] = []
        let sql = """
            SELECT id, name, password_hash, is_open, forces_password, forces_waiting_room, tenant FROM room
            ORDER BY ordinal
            """
        try query(sql) { (row) throws(StoreError) in
            let id = row.text(0) ?? ""
            rooms.append(
                RoomDefinition(
                    id: RoomID(id), name: row.text(1) ?? "", passwordHash: row.text(2), isOpen: row.bool(3),
                    forcesPassword: row.bool(4), forcesWaitingRoom: row.bool(5), members: members[id] ?? [],
                    tenant: TenantID(row.text(6) ?? "")))
        }
        return rooms
    }

    private func users() throws(StoreError) -> [User] {
        var devices: [String: [Device]] = [:]
        try query("SELECT user, name, token_digest FROM device ORDER BY user, position") { (row) throws(StoreError) in
            devices[row.text(0) ?? "", default: []].append(
                Device(name: row.text(1) ?? "", tokenDigest: row.text(2) ?? ""))
        }
        var users: [User] = []
        let sql = """
            SELECT id, username, password_hash, extension, display_name, sealed_digest FROM user ORDER BY ordinal
            """
        try query(sql) { (row) throws(StoreError) in
            let id = row.text(0) ?? ""
            users.append(
                User(
                    id: UserID(id), username: row.text(1) ?? "", passwordHash: row.text(2) ?? "",
                    extension: row.text(3), displayName: row.text(4) ?? "", devices: devices[id] ?? [],
                    sealedDigest: row.text(5)))
        }
        return users
    }

    private func licences() throws(StoreError) -> [Licence] {
        var licences: [Licence] = []
        let sql = """
            SELECT tenant, domain, access_key, secret_key_hash, room_limit, is_enabled, created_at FROM licence
            ORDER BY ordinal
            """
        try query(sql) { (row) throws(StoreError) in
            licences.append(
                Licence(
                    tenant: TenantID(row.text(0) ?? ""), domain: row.text(1) ?? "", accessKey: row.text(2) ?? "",
                    secretKeyHash: row.text(3) ?? "", roomLimit: row.integer(4), isEnabled: row.bool(5),
                    createdAt: row.real(6) ?? 0))
        }
        return licences
    }
}
