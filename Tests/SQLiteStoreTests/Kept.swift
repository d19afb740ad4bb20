import RelayControl
import RoomModel

// Things to keep.

func room(_ id: String, name: String = "Räume 🚪", members: [RoomDefinition.Member] = []) -> RoomDefinition {
    RoomDefinition(
        id: RoomID(id), name: name, passwordHash: "$argon2id$…", isOpen: true, forcesPassword: false,
        forcesWaitingRoom: true, members: members, tenant: TenantID("tenant"))
}

func user(_ id: String, devices: [Device] = []) -> User {
    User(
        id: UserID(id), username: "name of \(id)", passwordHash: "hash", extension: "1001", displayName: "",
        devices: devices, sealedDigest: "sealed")
}

func licence(_ tenant: String, limit: Int? = 7) -> Licence {
    Licence(
        tenant: TenantID(tenant), domain: "example.com", accessKey: "key", secretKeyHash: "hash", roomLimit: limit,
        isEnabled: false, createdAt: 1_700_000_000.25)
}

func session(_ room: String, _ start: Double, tenant: TenantID = .default) -> SessionRecord {
    SessionRecord(room: RoomID(room), tenant: tenant, startedAt: start, endedAt: start + 10.5, participants: 3)
}
