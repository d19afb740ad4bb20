internal import RelayControl
internal import RelayProtocol

/// The control thread's side of one publication: the publishing connection, and those that bring it to subscribers.
final class Publishing {
    let publication: PublicationID
    var transport: TransportID
    var negotiation: PublisherNegotiation
    var tracks: [IncomingTrack]
    /// Kinds that the offer sends.
    var sent: TrackSelection
    /// The worker has closed the connection.
    var isDead = false
    var subscribers: [ParticipantID: Subscribing] = [:]

    init(publication: PublicationID, transport: TransportID, negotiation: PublisherNegotiation, answer: PublisherAnswer)
    {
        self.publication = publication
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
    var transport: TransportID
    var negotiation: SubscriberNegotiation
    var local: LocalTransport
    var isDead = false

    init(transport: TransportID, negotiation: SubscriberNegotiation, local: LocalTransport) {
        self.transport = transport
        self.negotiation = negotiation
        self.local = local
    }
}

/// One room's connections; all of them live on one worker.
final class RoomConnections {
    let worker: Int
    var publishing: [ParticipantID: Publishing] = [:]
    var isEmpty: Bool { publishing.isEmpty }

    init(worker: Int) { self.worker = worker }
}

/// Whose connection it is, for events and statistics.
struct ConnectionOwner {
    var room: RoomID
    var participant: ParticipantID
    /// Nil for a publishing connection.
    var producer: ParticipantID?
}

extension PublisherAnswer {
    /// Kinds that the offer sends.
    var sent: TrackSelection {
        tracks.reduce(into: .none) { $0[$1.kind] = true }
    }
}
