internal import RelayControl
internal import RelayProtocol

/// The control thread's side of one publication: the publishing connection, and those that bring it to subscribers.
final class Publishing {
    let publication: PublicationID
    let worker: Int
    var transport: TransportID
    var negotiation: PublisherNegotiation
    var tracks: [IncomingTrack]
    /// Kinds that the offer sends.
    var sent: TrackSelection
    /// The worker has closed the connection.
    var isDead = false
    var subscribers: [ParticipantID: Subscribing] = [:]

    /// Workers besides `worker` on which subscribers are.
    var mirrors: Set<Int> = []

    init(
        publication: PublicationID, worker: Int, transport: TransportID, negotiation: PublisherNegotiation,
        answer: PublisherAnswer
    ) {
        self.publication = publication
        self.worker = worker
        self.transport = transport
        self.negotiation = negotiation
        tracks = answer.tracks
        sent = answer.sent
    }

    func update(_ negotiation: PublisherNegotiation, _ answer: PublisherAnswer) {
        self.negotiation = negotiation
        tracks = answer.tracks
        sent = answer.sent
    }
}

/// The control thread's side of one subscribing connection.
final class Subscribing {
    let worker: Int
    var transport: TransportID
    var negotiation: SubscriberNegotiation
    var local: LocalTransport
    var isDead = false

    init(worker: Int, transport: TransportID, negotiation: SubscriberNegotiation, local: LocalTransport) {
        self.worker = worker
        self.transport = transport
        self.negotiation = negotiation
        self.local = local
    }
}

/// One room's connections. Those of one participant all live on one worker.
final class RoomConnections {
    /// The worker that looks for the room's speaker.
    let home: Int
    var publishing: [ParticipantID: Publishing] = [:]
    /// Where participants are who have, or had, a connection.
    var workers: [ParticipantID: Int] = [:]
    /// Connections by worker.
    var share: [Int]
    var isEmpty: Bool { publishing.isEmpty }

    init(home: Int, workers: Int) {
        self.home = home
        share = Array(repeating: 0, count: workers)
    }
}

/// Whose connection it is, for events and statistics.
struct ConnectionOwner {
    var room: RoomID
    var participant: ParticipantID
    /// Nil for a publishing connection.
    var producer: ParticipantID?
    var worker: Int
}

extension PublisherAnswer {
    /// Kinds that the offer sends.
    var sent: TrackSelection {
        tracks.reduce(into: .none) { $0[$1.kind] = true }
    }
}
