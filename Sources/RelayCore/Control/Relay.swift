/// The relay as the orchestrator sees it: rooms' peer connections, with SDP as text.
///
/// All calls are made on the control thread and take effect in the order in which they are made; none
/// waits for the network. A call that throws has changed nothing.
///
/// A *publishing connection* belongs to `(room, participant)`, a *subscribing connection* to
/// `(room, subscriber, producer)`, and a *subscription connection*, on which the client makes the offers, to
/// `(room, subscriber)`.
@MainActor public protocol Relay: AnyObject {
    /// Receives everything that happens without a call: ICE and DTLS states (but those of subscription connections, whose clients offer
    /// anew), active speakers.
    var onEvent: (RelayEvent) -> Void { get set }

    /// Answers a publisher's offer.
    ///
    /// The first offer opens the connection. A later one with the same `o=` session id and DTLS
    /// fingerprint renegotiates it (tracks added or removed, ICE restart when ufrag and password
    /// changed); any other replaces the connection, and subscribers keep theirs.
    /// - Parameter wanted: kinds to forward; nil means every kind that the offer sends.
    func produce(
        room: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production

    /// Answers the offer of a participant who publishes and hears the room mixed into one track.
    ///
    /// As `produce` in everything (the participant has one publishing connection, however it was opened), but the first audio
    /// m-line that the offer can receive on carries the mix of everybody's sound but the participant's own, in Opus: it is
    /// answered `sendrecv`, or `sendonly` where the offer only receives on it. Without Opus there is no mix. Other m-lines that only
    /// receive show what `subscribe` brought on them before, or are answered inactive.
    /// - Parameter wanted: kinds to forward; nil means every kind that the offer sends. An offer may send nothing at all.
    /// - Throws: as `produce`.
    func join(
        room: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production

    /// Answers the offer of a participant who wants to see others: a receiving video m-line for each of them.
    ///
    /// An offer with the `o=` session id and DTLS fingerprint of the participant's joined connection (`join`) renegotiates that one,
    /// its own tracks included. Any other belongs to the participant's one subscription connection: the first opens it, one with
    /// the same session id and fingerprint renegotiates it (ICE restart when ufrag and password changed), another replaces it.
    ///
    /// `videos` is all that is to be sent from now on. A line that goes on showing the same producer loses nothing; one that is
    /// given another producer changes at a keyframe of that. Receiving lines that no video names are answered inactive. A
    /// producer that does not send video yet, or does not exist yet, is shown from when it does, and through its pauses and new
    /// connections, if the offer has its codec. If it has not, the line stays empty, and is answered inactive the next time.
    /// - Returns: the answer.
    /// - Throws: `unusableDescription`, `unusableLine`, `limit`.
    func subscribe(
        room: RoomID, participant: ParticipantID, offer: String, videos: [WantedVideo]
    ) throws(RelayError) -> String

    /// Closes a participant's subscription connection, if there is one; videos on its joined connection end, too.
    func unsubscribe(room: RoomID, participant: ParticipantID)

    /// Mutes or unmutes a producer without any SDP; forwarding stops within one packet and picks up at a keyframe.
    /// - Returns: the selection in force: what is wanted and is sent.
    /// - Throws: `notProducing`.
    func select(
        room: RoomID, participant: ParticipantID, wanted: TrackSelection
    ) throws(RelayError) -> TrackSelection

    /// Makes the offer that brings `producer`'s current tracks to `subscriber`: for a new connection,
    /// or a re-offer for the one that exists, m-lines in their old order.
    /// - Parameter restart: also restart ICE, or make a new connection if the old one is dead.
    /// - Throws: `notProducing(producer)`, `limit`.
    func offer(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, restart: Bool
    ) throws(RelayError) -> String

    /// Binds a subscriber's answers to the offers made for it. All are checked before any is applied.
    /// - Returns: for each answer in order, the tracks whose codec it lacks.
    /// - Throws: `SubscriptionFailure` naming the first bad answer.
    func consume(
        room: RoomID, subscriber: ParticipantID, answers: [SubscriberAnswer]
    ) throws(SubscriptionFailure) -> [[RefusedTrack]]

    /// Says what a subscriber wants of a producer's video: of the one that `preference.mid` names, or of all, whatever was said of
    /// single ones before. It holds until the producer or the subscriber is gone, also for connections that replace this one.
    /// - Throws: `notProducing`, `notSubscribed`, `unknownVideo`.
    func prefer(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, preference: VideoPreference
    ) throws(RelayError)

    /// What a subscriber wants of a producer's video, its `mid` as asked for; the defaults where nothing was said.
    /// - Throws: as `prefer`.
    func preference(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, mid: String?
    ) throws(RelayError) -> VideoPreference

    /// Closes a participant's publishing connection and every subscribing connection of it.
    /// - Throws: `notProducing`.
    func stopProducing(room: RoomID, participant: ParticipantID) throws(RelayError)

    /// Closes everything the participant has in the room, as publisher and as subscriber.
    func remove(participant: ParticipantID, room: RoomID)

    /// Closes everything in the room.
    func remove(room: RoomID)

    /// The latest statistics of a participant's connections (at most about a second old); nil where there is none.
    func statistics(room: RoomID, participant: ParticipantID) -> ParticipantStatistics

    /// Totals since the start of the process, for metrics.
    var totals: RelayTotals { get }
}

/// What came of a publisher's offer.
public struct Production: Sendable {
    /// SDP, for the publisher's `setRemoteDescription`.
    public var answer: String
    /// What the offer sends.
    public var sent: TrackSelection
    /// What of it the caller wanted.
    public var selection: TrackSelection
    /// Whether this offer opened the first connection, changed it, or replaced it.
    public var change: Change

    public enum Change: Sendable, Equatable { case opened, renegotiated, replaced }

    /// - Parameter sent: nil: no more than is selected.
    public init(answer: String, selection: TrackSelection, sent: TrackSelection? = nil, change: Change) {
        self.answer = answer
        self.sent = sent ?? selection
        self.selection = selection
        self.change = change
    }
}

/// A video that a participant wants to see on one m-line of its offer.
public struct WantedVideo: Sendable, Hashable {
    /// The m-line, by the offer's `a=mid`.
    public var mid: String
    /// Whose first video track it is to show; may be the participant itself.
    public var producer: ParticipantID
    /// How large, and how important. Its `mid` does not count.
    public var preference: VideoPreference

    public init(mid: String, producer: ParticipantID, preference: VideoPreference = VideoPreference()) {
        self.mid = mid
        self.producer = producer
        self.preference = preference
    }
}

/// A subscriber's SDP answer to the offer of one producer.
public struct SubscriberAnswer: Sendable {
    public var producer: ParticipantID
    public var sdp: String

    public init(producer: ParticipantID, sdp: String) {
        self.producer = producer
        self.sdp = sdp
    }
}

/// A track that a subscriber cannot take, because its answer lacks the producer's codec.
public struct RefusedTrack: Sendable, Equatable {
    public var mid: String
    /// The codec's name as in SDP, e.g. `VP8`.
    public var codec: String

    public init(mid: String, codec: String) {
        self.mid = mid
        self.codec = codec
    }
}
