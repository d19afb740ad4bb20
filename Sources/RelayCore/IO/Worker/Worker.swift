internal import CNet
internal import Glibc
internal import Log
internal import Loop
internal import RelayControl
internal import RelayProtocol

/// One worker: a loop, a socket a local address, and the transports that live here. Everything in it belongs to its
/// thread; commands come in and events go out by mailboxes.
final class Worker {
    let loop: EventLoop
    let sockets: [MediaSocket]
    let certificate: Certificate
    let cipher: CipherBackend
    let consentTimeout: Instant.Span
    let report: (WorkerEvent) -> Void

    let pool = PacketPool()
    /// The other workers.
    let border: Border
    /// Publications of other workers whose audio levels this one collects, for its rooms' speakers.
    var distantSpeakers: [PublicationID: (room: RoomID, participant: ParticipantID)] = [:]
    let checks = ConnectivityChecks()
    let inbound: InboundBatch
    let forwarder: Forwarder
    var transports: [TransportID: Transport] = [:]
    var roster = Roster<Transport>()
    /// Those who bring media.
    var publishing: [TransportID: Transport] = [:]
    /// Those whose retransmission timer runs.
    var handshaking: [TransportID: Transport] = [:]
    /// DTLS datagrams whose turn has not come.
    var handshakes = HandshakeQueue<TransportID>()
    /// Posted to by the worker itself, when there is more to do in the loop's next turn.
    var handshakeTurn: Mailbox<Void>?
    var byUfrag: [String: Transport] = [:]
    var byPath: [Path: Transport] = [:]
    var publications: [PublicationID: Publication] = [:]
    var speakers: [RoomID: RoomSpeakers] = [:]
    /// Who speaks, in rooms of which that is known here.
    var speaking: [RoomID: ParticipantID] = [:]
    /// Participants with subscribing connections here.
    var subscribers: [Subscriber.Name: Subscriber] = [:]
    var subscriberRoster = Roster<Subscriber>()
    var subscriberRound = Roster<Subscriber>.Round()
    /// With what their estimates begin.
    var bandwidth = BandwidthEstimator.Settings()
    /// Those whose pacer has something to do at some time.
    var pacing: [Subscriber] = []
    var paceTimer: PrecisionTimer?
    /// When that fires.
    var paceDeadline: Instant?

    /// What of a room's media is forwarded and kept.
    let media: MediaSettings
    /// This worker's among all.
    let number: Int
    /// Rooms that are mixed, and where their sound goes.
    var taps: [RoomID: RoomTap] = [:]
    /// What went into mixes so far.
    var nextInput: UInt64 = 0
    /// Identifiers of what `send(_: [MixedSound])` writes.
    let mixTable: ExtensionTable
    /// Where not all are audible.
    var microphones: [RoomID: RoomMicrophones] = [:]
    /// Consumers whose request for a keyframe waits.
    var hungry: [Consumer] = []

    /// Encodings with packets that wait for the end of their frame.
    var dirty: [Encoding] = []
    var frameTimer: PrecisionTimer?
    let control: ControlBuffer

    /// The time of the batch, message or timer that is being handled.
    var now: Instant
    var totals = RelayTotals()
    var refusals = RefusalBudget()
    var ticks = 0
    var tickedAt = Instant.zero
    var tickTimer: LoopTimer?
    var handshakeRound = Recurrence(every: .milliseconds(50))
    var tenthOfSecond = Recurrence(every: .milliseconds(100))
    var ladderRound = Recurrence(every: .milliseconds(500))
    var second = Recurrence(every: .seconds(1))
    var consentRound = Roster<Transport>.Round()
    var statisticsRound = Roster<Transport>.Round()

    /// - Parameters:
    ///   - number: this worker's among all.
    ///   - inlets: every worker's; empty where there is only one.
    init(
        loop: EventLoop, sockets: [MediaSocket], certificate: Certificate, cipher: CipherBackend = .automatic,
        consentTimeout: Instant.Span, media: MediaSettings = MediaSettings(), number: Int = 0, inlets: [Inlet] = [],
        report: @escaping (WorkerEvent) -> Void
    ) {
        self.media = media
        self.number = number
        var levels = ExtensionMap()
        levels[.audioLevel] = 1
        mixTable = ExtensionTable(levels)
        self.loop = loop
        self.sockets = sockets
        self.certificate = certificate
        self.cipher = cipher
        self.consentTimeout = consentTimeout
        self.report = report
        inbound = InboundBatch(pool: pool)
        forwarder = Forwarder(sockets: sockets, pool: pool)
        border = Border(of: number, inlets: inlets, pool: pool)
        control = ControlBuffer()
        now = Instant(microseconds: loop.now)
    }

    /// Begins to read the sockets and to keep time.
    func start() throws(LoopError) {
        frameTimer = try PrecisionTimer(loop: loop) { [unowned self] in
            readClock()
            flushFrames()
        }
        paceTimer = try PrecisionTimer(loop: loop) { [unowned self] in
            readClock()
            letGo()
        }
        forwarder.whenPacing = { [unowned self] in pace($0) }
        handshakeTurn = try loop.mailbox(of: Void.self) { [unowned self] _ in workOffHandshakes() }
        for (index, socket) in sockets.enumerated() {
            _ = try loop.watch(fd: socket.descriptor, for: .readable) { [unowned self] _ in receive(on: index) }
        }
        if let inlet = border.inlet {
            _ = try loop.watch(fd: inlet.doorbell.descriptor, for: .readable) { [unowned self] _ in
                readClock()
                answer(inlet)
            }
        }
        startTicking()
    }

    func readClock() {
        now = Instant(microseconds: loop.now)
        forwarder.setTime(now)
    }

    // MARK: Commands

    func apply(_ commands: [WorkerCommand]) {
        readClock()
        // What came before a command leaves before it: headers of packets that wait are still written as they were parsed.
        flushFrames()
        for command in commands { apply(command) }
        keepTime()
        flushQueues()
    }

    private func apply(_ command: WorkerCommand) {
        switch command {
        case .open(let id, let role, let ufrag, let password): open(id, role: role, ufrag: ufrag, password: password)
        case .restart(let id, let ufrag, let password):
            guard let transport = transports[id] else { return }
            if let gone = transport.addCredentials(ufrag: ufrag, password: password), byUfrag[gone] === transport {
                byUfrag[gone] = nil
            }
            byUfrag[ufrag] = transport
        case .connect(let id, let remote):
            guard let transport = transports[id] else { return }
            connect(transport, remote)
        case .receive(let id, let tracks):
            guard let transport = transports[id], let inbound = transport.inbound else { return }
            inbound.publication.setTracks(tracks, pool: pool)
            inbound.renegotiated()
            tapSound(of: inbound.publication)
            grantWishes(for: inbound.publication)
        case .send(let id, let tracks):
            guard let transport = transports[id] else { return }
            setConsumers(of: transport, tracks)
        case .select(let id, let selection):
            guard let publication = publications[id] else { return }
            select(selection, of: publication)
        case .close(let id):
            guard let transport = transports[id] else { return }
            close(transport)
        case .mirror(let id, let worker, let room, let participant, let tracks):
            mirror(id, on: worker, room, participant, tracks)
        case .tellLevels(let id, let worker): publications[id]?.listener = border.neighbour(worker)
        case .listen(let id, let room, let participant): distantSpeakers[id] = (room, participant)
        case .endPublication(let id):
            for neighbour in border.neighbours { neighbour?.forgetWishes(for: id) }
            if let publication = publications.removeValue(forKey: id) { endPublication(publication) }
            if let distant = distantSpeakers.removeValue(forKey: id) {
                forgetSpeaker(distant.participant, in: distant.room)
            }
        case .mix(let room, let tap): mix(room, into: tap)
        case .prefer(let id, let preference):
            if let transport = transports[id] { prefer(preference, on: transport) }
        case .shutDown: shutDown()
        }
    }

    private func open(_ id: TransportID, role: TransportRole, ufrag: String, password: String) {
        let transport: Transport
        switch role {
        case .publisher(let publicationID, let room, let participant):
            let publication =
                publications[publicationID] ?? Publication(id: publicationID, room: room, participant: participant)
            publications[publicationID] = publication
            transport = Transport(
                id: id, role: role, ufrag: ufrag, password: password,
                inbound: InboundMedia(publication: publication, keyframeCache: media.keyframeCache, at: now), at: now)
            // A publisher who reloads opens the new connection before the old one is closed.
            publication.transport = transport
            publishing[id] = transport
        case .subscriber(let room, let participant):
            transport = Transport(id: id, role: role, ufrag: ufrag, password: password, inbound: nil, at: now)
            transport.serve(subscriber(Subscriber.Name(room: room, participant: participant)))
        }
        transports[id] = transport
        roster.add(transport)
        byUfrag[ufrag] = transport
    }

    private func connect(_ transport: Transport, _ remote: RemoteTransport) {
        let old = transport.remote
        transport.remote = remote
        if transport.describedAt == nil { transport.describedAt = now }
        if let old, old.fingerprints != remote.fingerprints || old.weAreDTLSClient != remote.weAreDTLSClient {
            transport.dtls = nil
            transport.sealer = nil
            transport.opener = nil
        }
        if remote.weAreDTLSClient { beginDTLS(transport) }
    }

    private func setConsumers(of transport: Transport, _ tracks: [BoundTrack]) {
        if transport.subscriber == nil, !tracks.isEmpty {
            transport.serve(subscriber(transport.role.subscriberName))
        }
        let old = transport.consumers
        var touched = old.compactMap(\.publication)
        transport.consumers = tracks.map { bound in
            let consumer = consumer(of: transport, bound)
            if let preference = bound.preference { consumer.preference = preference }
            return consumer
        }
        let own = zip(tracks, transport.consumers).first { $0.0.publication == nil }?.1
        if transport.mixed?.consumer !== own { transport.mixed = own.map { MixedTrack($0) } }
        for gone in old where !transport.consumers.contains(where: { $0 === gone }) {
            transport.subscriber?.forget(gone, pool)
            hungry.removeAll { $0 === gone }
            gone.isListedAsHungry = false
        }
        touched += transport.consumers.compactMap(\.publication)
        var settled: [ObjectIdentifier] = []
        for publication in touched where !settled.contains(ObjectIdentifier(publication)) {
            settled.append(ObjectIdentifier(publication))
            publication.setConsumers(transport.consumers.filter { $0.publication === publication }, of: transport)
        }
        if transport.isSendable { begin(transport) }
    }

    /// An SSRC keeps its consumer for as long as the connection lives, even where it was not sent for a while: numbering it anew under
    /// the same key would protect two packets with one SRTP index.
    private func consumer(of transport: Transport, _ bound: BoundTrack) -> Consumer {
        let publication = bound.publication.flatMap { publications[$0] }
        guard let known = transport.known[bound.track.ssrc] else {
            let consumer = Consumer(track: bound.track, transport: transport, of: publication)
            transport.known[bound.track.ssrc] = consumer
            return consumer
        }
        // What waits is the former source's.
        if known.publication !== publication { transport.subscriber?.forget(known, pool) }
        known.update(bound.track, of: publication)
        // What came meanwhile it has missed.
        if !transport.consumers.contains(where: { $0 === known }) { known.pause() }
        return known
    }

    /// What is wanted again picks up at a keyframe, which somebody has to ask for.
    private func select(_ selection: TrackSelection, of publication: Publication) {
        let returning = publication.producers.filter { $0.isVideo && !$0.isSelected && selection.video }
        publication.selection = selection
        for producer in returning { requestKeyframesAnyway(of: producer) }
    }

    private func endPublication(_ publication: Publication) {
        publication.close()
        if microphones[publication.room]?.isEmpty == true { microphones[publication.room] = nil }
        dirty.removeAll { $0.producer.isClosed }
        forgetSpeaker(publication.participant, in: publication.room)
    }

    private func forgetSpeaker(_ participant: ParticipantID, in room: RoomID) {
        speakers[room]?.remove(participant)
        pollSpeakers(room)
        if speakers[room]?.isEmpty == true {
            speakers[room] = nil
            speaking[room] = nil
        }
    }

    private func shutDown() {
        for transport in Array(transports.values) { close(transport) }
        flushQueues()
        report(.ended)
        loop.stop()
    }

    // MARK: State

    func setState(_ transport: Transport, _ state: TransportState) {
        guard transport.state != state else { return }
        transport.state = state
        transport.statistics.state = state
        report(.state(transport.id, state))
    }

    /// Says goodbye to the peer and forgets the connection.
    func close(_ transport: Transport) {
        guard transports[transport.id] === transport else { return }
        sayGoodbye(transport)
        if let dtls = transport.dtls {
            dtls.close()
            drainDTLS(transport)
        }
        setState(transport, .closed)
        transports[transport.id] = nil
        roster.remove(transport)
        publishing[transport.id] = nil
        handshaking[transport.id] = nil
        for (ufrag, _) in transport.credentials where byUfrag[ufrag] === transport { byUfrag[ufrag] = nil }
        for path in transport.paths.paths where byPath[path] === transport { byPath[path] = nil }
        if let inbound = transport.inbound {
            inbound.close()
            if inbound.publication.transport === transport { inbound.publication.transport = nil }
        }
        for consumer in transport.consumers { consumer.publication?.removeConsumers(of: transport) }
        leave(transport)
        hungry.removeAll { $0.transport === transport }
        transport.mixed = nil
        transport.consumers = []
    }

    func flushQueues() {
        for socket in sockets { socket.queue.flush() }
        border.ring()
    }
}
