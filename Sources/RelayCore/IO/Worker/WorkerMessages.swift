internal import RelayControl
internal import RelayProtocol

/// A connection's number, unique for the life of the process.
struct TransportID: Hashable, Sendable {
    var value: UInt64
}

/// What a participant offers the room: it outlives the connection that brings it, so that subscribers keep theirs when
/// the publisher's page is reloaded.
struct PublicationID: Hashable, Sendable {
    var value: UInt64
}

/// From the control thread to a worker. Plain values; applied in the order in which they were posted.
enum WorkerCommand: Sendable {
    /// A new connection with its local ICE credentials.
    case open(TransportID, role: TransportRole, ufrag: String, password: String)
    /// New local credentials: an ICE restart. The old ones hold until the first check with the new ones.
    case restart(TransportID, ufrag: String, password: String)
    /// The remote description. A fingerprint other than before makes a new DTLS association.
    case connect(TransportID, RemoteTransport)
    /// A publisher's tracks, all of them.
    case receive(TransportID, [IncomingTrack])
    /// What goes out on a connection, all of it.
    case send(TransportID, [BoundTrack])
    /// What of a publication is to be forwarded.
    case select(PublicationID, TrackSelection)
    /// A room's sound is mixed from now on, or no more.
    case mix(RoomID, into: RoomTap?)
    /// What a subscriber wants of the video of its connection's m-line `mid`, or of all videos of the connection.
    case prefer(TransportID, VideoPreference)
    case close(TransportID)
    /// A publication whose publisher is on the worker of that number has subscribers here; or its tracks, all of them,
    /// are others now.
    case mirror(PublicationID, on: Int, RoomID, ParticipantID, [IncomingTrack])
    /// A publication's audio levels are to be told to the worker of that number, which looks for the room's speaker.
    case tellLevels(PublicationID, to: Int)
    /// Audio levels of a publication on another worker are going to come.
    case listen(to: PublicationID, RoomID, ParticipantID)
    /// A publication is over, here or where it was mirrored from; its connection and its subscribers' are closed by commands of their own.
    case endPublication(PublicationID)
    /// Closes every connection, says so to the peers, and ends the thread.
    case shutDown
}

/// Which way a connection's media goes.
enum TransportRole: Sendable {
    case publisher(PublicationID, room: RoomID, participant: ParticipantID)
    /// Those of one participant share what its network bears.
    case subscriber(room: RoomID, participant: ParticipantID)

    var subscriberName: Subscriber.Name {
        switch self {
        case .publisher(_, let room, let participant), .subscriber(let room, let participant):
            Subscriber.Name(room: room, participant: participant)
        }
    }
}

/// A track that goes out, and where its packets come from.
struct BoundTrack: Sendable {
    var track: OutgoingTrack
    /// Nil: the packets are our own, the room's mixed sound.
    var publication: PublicationID?
    /// What is wanted of a video; nil: what was wanted before.
    var preference: VideoPreference?

    init(_ track: OutgoingTrack, of publication: PublicationID?, preference: VideoPreference? = nil) {
        self.track = track
        self.publication = publication
        self.preference = preference
    }
}

/// From a worker to the control thread.
enum WorkerEvent: Sendable {
    case state(TransportID, TransportState)
    case speaker(RoomID, ParticipantID?)
    /// Several times a second: those of a part of the connections that changed, everybody's about once a second, and the
    /// worker's totals.
    case statistics([TransportID: TransportStatistics], RelayTotals)
    /// Every connection is closed and the thread is about to end.
    case ended
}
