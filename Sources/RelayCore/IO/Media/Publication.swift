internal import RelayControl
internal import RelayProtocol

/// What one participant offers its room: a producer a track, and the consumers that follow them.
///
/// It outlives the connection that brings the tracks: `transport` changes when a publisher's page is reloaded.
final class Publication {
    let id: PublicationID
    let room: RoomID
    let participant: ParticipantID
    unowned(unsafe) var transport: Transport?
    /// The worker that looks for the room's speaker, if that is another.
    unowned var listener: Neighbour?
    private(set) var producers: [Producer] = []
    private(set) var consumers: [Consumer] = []
    var selection = TrackSelection.all {
        didSet { for producer in producers { producer.isSelected = selection[producer.track.kind] } }
    }

    init(id: PublicationID, room: RoomID, participant: ParticipantID) {
        self.id = id
        self.room = room
        self.participant = participant
    }

    /// Takes over a publisher's tracks. Producers whose track stays the same keep their streams.
    func setTracks(_ tracks: [IncomingTrack], pool: PacketPool) {
        setTracks(tracks) { Producer(track: $0, pool: pool) }
    }

    /// The same on a worker where the publisher is not.
    /// - Parameter neighbour: the worker where it is.
    func setTracks(_ tracks: [IncomingTrack], mirrored neighbour: Neighbour) {
        setTracks(tracks) { [id] in Producer(track: $0, following: Following(id, on: neighbour)) }
    }

    private func setTracks(_ tracks: [IncomingTrack], make: (IncomingTrack) -> Producer) {
        let old = producers
        producers = tracks.map { track in
            if let kept = old.first(where: { $0.track.mid == track.mid && $0.track.codec == track.codec }) {
                kept.update(track)
                return kept
            }
            return make(track)
        }
        for gone in old where !producers.contains(where: { $0 === gone }) { gone.close() }
        for producer in producers { producer.isSelected = selection[producer.track.kind] }
        bind()
    }

    /// Replaces the consumers of one subscriber.
    func setConsumers(_ new: [Consumer], of transport: Transport) {
        consumers.removeAll { $0.transport === transport }
        consumers.append(contentsOf: new)
        bind()
    }

    func removeConsumers(of transport: Transport) {
        consumers.removeAll { $0.transport === transport }
        bind()
    }

    /// Connects each consumer with the producer of its source mid, if that has its codec.
    private func bind() {
        for producer in producers {
            producer.consumers = consumers.filter {
                $0.track.sourceMid == producer.track.mid && $0.track.codec.name == producer.track.codec.name
            }
            producer.following?.update(producer)
        }
    }

    func close() {
        for producer in producers { producer.close() }
        producers = []
        consumers = []
    }
}
