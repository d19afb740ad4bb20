internal import RelayControl
internal import RelayMixing
internal import RelayProtocol

/// The control thread's side of a connection of which the client makes the offers. By itself it is a subscription connection.
class ClientConnection {
    let worker: Int
    var transport: TransportID
    var negotiation: PublisherNegotiation
    /// The worker has closed the connection.
    var isDead = false
    /// m-lines on which something is sent to the client.
    var lines: [ReturnLine]
    /// What these show; a video without a line, or without a producer, is not sent.
    var videos: [WantedVideo] = []
    /// The worker was told of something to send.
    var isReturning = false

    init(worker: Int, transport: TransportID, negotiation: PublisherNegotiation, lines: [ReturnLine]) {
        self.worker = worker
        self.transport = transport
        self.negotiation = negotiation
        self.lines = lines
    }

    func shows(_ producer: ParticipantID) -> Bool { videos.contains { $0.producer == producer } }
}

/// The control thread's side of one publication: the publishing connection, and those that bring it to subscribers.
final class Publishing: ClientConnection {
    let publication: PublicationID
    var tracks: [IncomingTrack]
    /// Kinds that the offer sends.
    var sent: TrackSelection
    /// What of these is forwarded.
    var selection: TrackSelection
    /// Kinds that are to be forwarded if they are sent; nil: all.
    var wanted: TrackSelection?
    /// Its participant is to hear the mix.
    var mixes: Bool
    /// As which it does.
    var listener: MixListenerID?
    var subscribers: [ParticipantID: Subscribing] = [:]

    /// Workers besides `worker` on which subscribers are.
    var mirrors: Set<Int> = []

    init(
        publication: PublicationID, worker: Int, transport: TransportID, negotiation: PublisherNegotiation,
        answer: PublisherAnswer, wanted: TrackSelection?, mixes: Bool
    ) {
        self.publication = publication
        tracks = answer.tracks
        sent = answer.sent
        selection = answer.selection
        self.wanted = wanted
        self.mixes = mixes
        super.init(worker: worker, transport: transport, negotiation: negotiation, lines: answer.returned)
    }

    func update(_ negotiation: PublisherNegotiation, _ answer: PublisherAnswer) {
        self.negotiation = negotiation
        tracks = answer.tracks
        sent = answer.sent
        selection = answer.selection
        lines = answer.returned
    }

    /// The track that is shown where one of its videos is wanted.
    var video: IncomingTrack? { tracks.first { $0.kind == .video } }
}

/// The control thread's side of one subscribing connection.
final class Subscribing {
    let worker: Int
    var transport: TransportID
    var negotiation: SubscriberNegotiation
    var local: LocalTransport
    var isDead = false
    /// The worker is told anew with each answer: it may bring videos of which it has not heard.
    var preferences = VideoPreferences()

    init(worker: Int, transport: TransportID, negotiation: SubscriberNegotiation, local: LocalTransport) {
        self.worker = worker
        self.transport = transport
        self.negotiation = negotiation
        self.local = local
    }
}

/// What a subscriber asked for of one producer's videos.
struct VideoPreferences {
    /// Of every video that is not in `single`; nil where nothing was said.
    private var general: VideoPreference?
    /// By mid.
    private var single: [String: VideoPreference] = [:]

    /// What holds for the video with that mid, or, without one, for those of which nothing was said by itself.
    subscript(mid: String?) -> VideoPreference {
        var preference = mid.flatMap { single[$0] } ?? general ?? VideoPreference()
        preference.mid = mid
        return preference
    }

    /// What is about all videos replaces what was about single ones.
    mutating func set(_ preference: VideoPreference) {
        if let mid = preference.mid {
            single[mid] = preference
        } else {
            general = preference
            single = [:]
        }
    }

    /// In the order in which a worker is to hear them.
    var all: [VideoPreference] {
        (general.map { [$0] } ?? []) + single.values.sorted { ($0.mid ?? "") < ($1.mid ?? "") }
    }
}

/// One room's connections. Those of one participant all live on one worker.
final class RoomConnections {
    /// The worker that looks for the room's speaker.
    let home: Int
    var publishing: [ParticipantID: Publishing] = [:]
    var subscriptions: [ParticipantID: ClientConnection] = [:]
    /// Where participants are who have, or had, a connection.
    var workers: [ParticipantID: Int] = [:]
    /// Connections by worker.
    var share: [Int]
    var isEmpty: Bool { publishing.isEmpty && subscriptions.isEmpty }

    init(home: Int, workers: Int) {
        self.home = home
        share = Array(repeating: 0, count: workers)
    }
}

/// Whose connection it is, for events and statistics.
struct ConnectionOwner {
    var room: RoomID
    var participant: ParticipantID
    /// Nil for connections of which the client makes the offers.
    var producer: ParticipantID?
    /// A subscription connection.
    var isSubscription = false
    var worker: Int
}

extension PublisherAnswer {
    /// Kinds that the offer sends.
    var sent: TrackSelection {
        tracks.reduce(into: .none) { $0[$1.kind] = true }
    }
}
