internal import RelayControl
internal import RoomModel

// What the store's changes are in SQL.
extension Database {
    /// Makes one change, within the transaction that is open.
    func apply(_ change: StoreChange) throws(StoreError) {
        switch change {
        case .putRoom(let room): try put(room)
        case .removeRoom(let id): try run("DELETE FROM room WHERE id = ?", .text(id.value))
        case .putUser(let user): try put(user)
        case .removeUser(let id): try run("DELETE FROM user WHERE id = ?", .text(id.value))
        case .putLicence(let licence): try put(licence)
        case .removeLicence(let tenant): try run("DELETE FROM licence WHERE tenant = ?", .text(tenant.value))
        case .addSession(let session):
            try run(
                "INSERT INTO session (room, tenant, started_at, ended_at, participants) VALUES (?, ?, ?, ?, ?)",
                .text(session.room.value), .text(session.tenant.value), .real(session.startedAt),
                .real(session.endedAt), .integer(session.participants))
        case .removeSessions(let time): try run("DELETE FROM session WHERE ended_at < ?", .real(time))
        }
    }

    private func put(_ room: RoomDefinition) throws(StoreError) {
        try run(
            """
            INSERT INTO room (id, tenant, name, password_hash, is_open, forces_password, forces_waiting_room)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET tenant = excluded.tenant, name = excluded.name,
                password_hash = excluded.password_hash, is_open = excluded.is_open,
                forces_password = excluded.forces_password, forces_waiting_room = excluded.forces_waiting_room
            """,
            .text(room.id.value), .text(room.tenant.value), .text(room.name), .text(room.passwordHash),
            .bool(room.isOpen), .bool(room.forcesPassword), .bool(room.forcesWaitingRoom))
        try run("DELETE FROM room_member WHERE room = ?", .text(room.id.value))
        for (position, member) in room.members.enumerated() {
            try run(
                "INSERT INTO room_member (room, position, user, is_admin) VALUES (?, ?, ?, ?)",
                .text(room.id.value), .integer(position), .text(member.user.value), .bool(member.isAdmin))
        }
    }

    private func put(_ user: User) throws(StoreError) {
        try run(
            """
            INSERT INTO user (id, username, password_hash, extension, display_name, sealed_digest)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET username = excluded.username, password_hash = excluded.password_hash,
                extension = excluded.extension, display_name = excluded.display_name,
                sealed_digest = excluded.sealed_digest
            """,
            .text(user.id.value), .text(user.username), .text(user.passwordHash), .text(user.extension),
            .text(user.displayName), .text(user.sealedDigest))
        try run("DELETE FROM device WHERE user = ?", .text(user.id.value))
        for (position, device) in user.devices.enumerated() {
            try run(
                "INSERT INTO device (user, position, name, token_digest) VALUES (?, ?, ?, ?)",
                .text(user.id.value), .integer(position), .text(device.name), .text(device.tokenDigest))
        }
    }

    private func put(_ licence: Licence) throws(StoreError) {
        try run(
            """
            INSERT INTO licence (tenant, domain, access_key, secret_key_hash, room_limit, is_enabled, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (tenant) DO UPDATE SET domain = excluded.domain, access_key = excluded.access_key,
                secret_key_hash = excluded.secret_key_hash, room_limit = excluded.room_limit,
                is_enabled = excluded.is_enabled, created_at = excluded.created_at
            """,
            .text(licence.tenant.value), .text(licence.domain), .text(licence.accessKey),
            .text(licence.secretKeyHash), .integer(licence.roomLimit), .bool(licence.isEnabled),
            .real(licence.createdAt))
    }
}
