internal import Log
internal import RelayMixing
public import Loop
public import RelayControl
internal import RelayProtocol

/// The relay: negotiates on the control thread, moves media on worker threads.
@MainActor
public final class RelayEngine: Relay {
    public var onEvent: (RelayEvent) -> Void = { _ in }

    let settings: RelaySettings
    let certificate: Certificate
    private let cipher: CipherBackend
    private var workers: [WorkerThread] = []
    var rooms: [RoomID: RoomConnections] = [:]
    private var owners: [TransportID: ConnectionOwner] = [:]
    private var latest: [TransportID: TransportStatistics] = [:]
    private var workerTotals: [RelayTotals] = []
    private var placement: Placement
    /// Rooms whose sound is mixed for somebody.
    var mixes: [RoomID: RoomMixing] = [:]
    var nextMix: UInt64 = 0
    /// Nil until somebody listens.
    var startedMixer: Mixer?
    private var nextTransport: UInt64 = 1
    private var nextPublication: UInt64 = 1
    private(set) var mixOutlets = MixOutlets([])
    private var living = 0
    private var whenEnded: (() -> Void)?
    var generator = SystemRandomNumberGenerator()

    /// Binds the media sockets and starts the workers.
    /// - Parameter loop: the control thread's.
    public init(settings: RelaySettings, loop: EventLoop) throws(RelayStartError) {
        self.settings = settings
        placement = Placement(workers: max(1, settings.workers), spread: settings.roomSpread)
        do { certificate = try Certificate() } catch { throw .setUp("\(error)") }
        let cipher: CipherBackend
        do { cipher = try CipherBackend.select(settings.srtpBackend) } catch { throw .cipher(error) }
        self.cipher = cipher
        Log.info("srtp.backend", ["gcm": cipher.gcm.versionedName, "counter": cipher.counter.versionedName])
        let addresses = try ListenAddresses(settings)
        let events: Mailbox<(worker: Int, event: WorkerEvent)>
        let inbox = EventInbox()
        do {
            events = try loop.mailbox { batch in MainActor.assumeIsolated { inbox.deliver(batch) } }
        } catch { throw .setUp("\(error)") }
        inbox.engine = self
        let inlets: [Inlet]
        do { inlets = try Inlet.all(workers: max(1, settings.workers)) } catch { throw .setUp("\(error)") }
        for number in 0..<max(1, settings.workers) {
            let port = settings.mediaPort == 0 ? 0 : settings.mediaPort &+ UInt16(truncatingIfNeeded: number)
            let sockets = try addresses.bind(port: port)
            workers.append(
                try WorkerThread(
                    number: number, inlets: inlets, sockets: sockets, certificate: certificate, cipher: cipher,
                    consentTimeout: .milliseconds(settings.consentTimeoutMilliseconds), media: MediaSettings(settings),
                    events: events))
        }
        mixOutlets = MixOutlets(workers.map(\.mixed))
        workerTotals = Array(repeating: RelayTotals(), count: workers.count)
        living = workers.count
    }

    /// Every address that peers are told, worker by worker, as `ADDR:PORT`.
    public var mediaAddresses: [String] {
        workers.flatMap { worker in
            worker.candidates.map {
                $0.address.contains(":") ? "[\($0.address)]:\($0.port)" : "\($0.address):\($0.port)"
            }
        }
    }

    /// The libraries that encrypt media, by the kind of cipher.
    public var cipherLibraries: (gcm: String, counter: String) { (cipher.gcm.name, cipher.counter.name) }

    public var totals: RelayTotals { workerTotals.reduce(into: mixingTotals) { $0 += $1 } }

    /// Closes every connection (RTCP BYE, DTLS close_notify) and ends the workers.
    /// - Parameter completion: called on the control thread once all of that has been sent.
    public func shutDown(completion: @escaping () -> Void) {
        startedMixer?.stop()
        rooms = [:]
        owners = [:]
        whenEnded = completion
        for worker in workers { worker.commands.post(.shutDown) }
    }

    // MARK: For the publishing and subscribing halves

    func post(_ command: WorkerCommand, to worker: Int) { workers[worker].commands.post(command) }

    var workerNumbers: Range<Int> { workers.indices }

    /// The room's connections.
    func connections(of id: RoomID) -> RoomConnections {
        if let room = rooms[id] { return room }
        let none = [Int](repeating: 0, count: workers.count)
        let room = RoomConnections(home: placement.worker(for: none), workers: workers.count)
        rooms[id] = room
        return room
    }

    /// Where a participant's connections live, or are going to.
    func worker(of participant: ParticipantID, in room: RoomConnections) -> Int {
        room.workers[participant] ?? placement.worker(for: room.share)
    }

    func forgetIfEmpty(_ id: RoomID) {
        if let room = rooms[id], room.isEmpty { rooms[id] = nil }
    }

    /// New credentials with the candidates of a worker.
    func freshLocal(on worker: Int) -> LocalTransport {
        LocalTransport(
            ufrag: Randomness.iceString(8), password: Randomness.iceString(24), fingerprint: certificate.fingerprint,
            candidates: workers[worker].candidates)
    }

    /// - Parameter others: connections that are to be made as well.
    func checkTransportLimit(besides others: Int = 0) throws(RelayError) {
        guard owners.count + others < settings.maximumTransports else {
            throw .limit(name: "media.max-transports", value: settings.maximumTransports)
        }
    }

    func checkSize(of description: String) throws(RelayError) {
        guard description.utf8.count <= settings.maximumDescriptionBytes else {
            throw .limit(name: "sdp.max-bytes", value: settings.maximumDescriptionBytes)
        }
    }

    func newTransport(_ owner: ConnectionOwner) -> TransportID {
        let id = TransportID(value: nextTransport)
        nextTransport += 1
        owners[id] = owner
        placement.opened(on: owner.worker)
        if let room = rooms[owner.room] {
            room.share[owner.worker] += 1
            room.workers[owner.participant] = owner.worker
        }
        return id
    }

    private func forget(_ id: TransportID) -> ConnectionOwner? {
        guard let owner = owners.removeValue(forKey: id) else { return nil }
        placement.closed(on: owner.worker)
        rooms[owner.room]?.share[owner.worker] -= 1
        return owner
    }

    func newPublication() -> PublicationID {
        defer { nextPublication += 1 }
        return PublicationID(value: nextPublication)
    }

    /// Closes a connection by a call: nobody needs to be told.
    func close(_ id: TransportID) {
        latest[id] = nil
        if let owner = forget(id) { post(.close(id), to: owner.worker) }
    }

    /// Connections by worker.
    var connectionsByWorker: [Int] { placement.connections }

    func statistics(of id: TransportID) -> TransportStatistics { latest[id] ?? TransportStatistics() }

    /// Connections whose numbers are kept.
    var rememberedStatistics: Int { latest.count }

    var negotiationLimits: SessionDescription.Limits {
        SessionDescription.Limits(bytes: settings.maximumDescriptionBytes, mediaLines: settings.maximumMediaLines)
    }

    // MARK: Events

    fileprivate func receive(_ event: WorkerEvent, from worker: Int) {
        switch event {
        case .state(let id, let state): transportChanged(id, state)
        case .speaker(let room, let participant):
            if rooms[room] != nil { onEvent(.activeSpeaker(room: room, participant: participant)) }
        case .statistics(let changed, let totals):
            for (id, numbers) in changed where owners[id] != nil { latest[id] = numbers }
            workerTotals[worker] = totals
        case .ended:
            living -= 1
            if living == 0 { whenEnded?() }
        }
    }

    private func transportChanged(_ id: TransportID, _ state: TransportState) {
        guard let owner = owners[id], let room = rooms[owner.room] else { return }
        latest[id, default: TransportStatistics()].state = state
        if state == .closed {
            _ = forget(id)
            if owner.isSubscription {
                room.subscriptions[owner.participant]?.isDead = true
            } else if let producer = owner.producer {
                room.publishing[producer]?.subscribers[owner.participant]?.isDead = true
            } else if let publishing = room.publishing[owner.participant] {
                publishing.isDead = true
                stopListening(publishing, owner.room)
            }
        }
        guard !owner.isSubscription else { return }
        onEvent(
            .transportState(room: owner.room, participant: owner.participant, producer: owner.producer, state: state))
    }
}

/// Where workers' events arrive; it outlives an engine that goes away.
@MainActor
private final class EventInbox {
    weak var engine: RelayEngine?

    nonisolated init() {}

    func deliver(_ batch: [(worker: Int, event: WorkerEvent)]) {
        for (worker, event) in batch { engine?.receive(event, from: worker) }
    }
}
