public import RelayControl

/// A room and who is in it.
public struct Room: Sendable, Equatable {
    public let id: RoomID
    public let tenant: TenantID
    /// In seconds since 1970; for a room that was kept, when this process began to know it.
    public let createdAt: Double
    /// Nil: the room ends with its last participant.
    public internal(set) var definition: RoomDefinition?
    /// In the order in which they came.
    public internal(set) var participants: [Participant] = []
    /// Who asks to be let in, in the order in which they came.
    public internal(set) var waiting: [Waiting] = []
    /// Who is the loudest; nil when nobody speaks.
    public internal(set) var speaker: ParticipantID?

    /// Counts up with every room that is made, so that rooms list in their order.
    let ordinal: UInt64
    /// The instant at which it was made.
    let madeAt: Double
    /// Nil while nobody is in the room.
    var occupancy: Occupancy?

    init(id: RoomID, tenant: TenantID, definition: RoomDefinition?, ordinal: UInt64, madeAt: Double, createdAt: Double)
    {
        self.id = id
        self.tenant = tenant
        self.definition = definition
        self.ordinal = ordinal
        self.madeAt = madeAt
        self.createdAt = createdAt
    }

    /// When the first of those who are in the room now, or were in it without a break since, entered: seconds since
    /// 1970. Nil while nobody is in the room.
    public var startedAt: Double? { occupancy?.startedAt }

    /// - Throws: `noSuchParticipant`.
    public func participant(_ id: ParticipantID) throws(RoomError) -> Participant {
        participants[try index(of: id)]
    }

    /// Everybody but that one, in the order in which they came.
    public func others(than id: ParticipantID) -> [Participant] {
        participants.filter { $0.id != id }
    }

    /// Who may moderate, in the order in which they came.
    public var admins: [Participant] { participants.filter(\.isAdmin) }

    public func isWaiting(_ id: ParticipantID) -> Bool { waiting.contains { $0.id == id } }

    func index(of id: ParticipantID) throws(RoomError) -> Int {
        guard let index = participants.firstIndex(where: { $0.id == id }) else {
            throw .noSuchParticipant(id, self.id)
        }
        return index
    }
}

/// The time during which somebody is in a room.
struct Occupancy: Sendable, Equatable {
    /// The instant at which it began.
    let since: Double
    /// The same in seconds since 1970.
    let startedAt: Double
    var participants = 0
    /// Whom an admin had muted when they left: who comes back is still.
    var mutes: [Person: TrackSelection] = [:]
}

/// Somebody who may leave and come back.
enum Person: Hashable {
    case user(UserID)
    /// Nobody knows who it is, but what they are called here.
    case stranger(ParticipantID)
}

extension Participant {
    var person: Person { user.map { .user($0) } ?? .stranger(id) }

    /// The kinds that an admin has muted; nil: none.
    var mutesByAdmin: TrackSelection? {
        audio.byAdmin || video.byAdmin ? TrackSelection(audio: audio.byAdmin, video: video.byAdmin) : nil
    }

    mutating func restoreMutes(_ mutes: TrackSelection?) {
        guard let mutes else { return }
        audio.byAdmin = audio.byAdmin || mutes.audio
        video.byAdmin = video.byAdmin || mutes.video
    }
}

extension Room {
    /// Ends the time during which somebody was in the room, if there was one.
    mutating func endOccupancy(at now: Double) -> [RoomEvent] {
        guard let occupancy else { return [] }
        self.occupancy = nil
        let record = SessionRecord(
            room: id, tenant: tenant, startedAt: occupancy.startedAt,
            endedAt: occupancy.startedAt + max(0, now - occupancy.since), participants: occupancy.participants)
        return [.sessionEnded(record)]
    }

    /// The instant at which the room or somebody in it is to end if nothing happens; infinity: never.
    func deadline(_ limits: RoomLimits) -> Double {
        guard !participants.isEmpty else { return definition == nil ? madeAt + limits.emptyTimeout : .infinity }
        var earliest = Double.infinity
        for index in participants.indices { earliest = min(earliest, participants[index].deadline(limits)) }
        return earliest
    }
}
