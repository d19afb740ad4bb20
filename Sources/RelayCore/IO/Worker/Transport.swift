internal import CNet
internal import RelayControl
internal import RelayProtocol

/// One peer connection on a worker: its paths, its DTLS association, its keys, and what flows over it.
final class Transport: Listed {
    // What forwarding touches stands together, in front.

    var sealer: PacketSealer?
    var state = TransportState.new
    /// Next transport-wide sequence number to this peer.
    var transportSequence: UInt16 = 0
    var paths = AddressSet()
    /// What was sent, for the bandwidth estimate; belongs to `feedback`.
    unowned(unsafe) var sent: SentPackets?
    /// The peer reports on every packet with a transport-wide number.
    var reportsPackets = false
    /// Whom a connection serves on which something goes out; it holds this transport, and the worker holds it.
    unowned(unsafe) private(set) var subscriber: Subscriber?
    var statistics = TransportStatistics()

    let id: TransportID
    let role: TransportRole
    /// Local ICE credentials; several during an ICE restart, the current ones last.
    var credentials: [(ufrag: String, password: String)]
    var remote: RemoteTransport?
    var dtls: DTLSEndpoint?
    var opener: PacketOpener?
    /// When the present association came up.
    var connectedAt: Instant?
    /// When a settled association got an alert: perhaps the peer's goodbye, which cannot be read any more.
    var alertedAt: Instant?
    /// Where it stands in the worker's roster.
    var place: Int?
    /// When the DTLS retransmission timer is due.
    var dtlsDeadline: Instant?
    let openedAt: Instant
    /// When the remote description came: from then on the peer is expected.
    var describedAt: Instant?

    /// Its share in the subscriber's estimate, once it is connected.
    var feedback: FeedbackPath?
    /// Publisher only.
    let inbound: InboundMedia?
    /// What goes out.
    var consumers: [Consumer] = []
    /// That one of `consumers` which bears the room's mix.
    var mixed: MixedTrack?
    /// What its RTCP may make of work.
    var controlBudget = ControlBudget()
    /// Every consumer this connection ever had, by SSRC.
    var known: [UInt32: Consumer] = [:]

    /// Media that came in; `statistics` has what went out.
    var received: (packets: UInt64, bytes: UInt64) = (0, 0)
    /// The numbers as last reported.
    var reported: TransportStatistics?
    /// Media bytes when they were last measured, and when that was.
    var measured: (bytes: UInt64, at: Instant)

    init(
        id: TransportID, role: TransportRole, ufrag: String, password: String, inbound: InboundMedia?, at now: Instant
    ) {
        self.id = id
        self.role = role
        self.inbound = inbound
        credentials = [(ufrag, password)]
        openedAt = now
        measured = (0, now)
    }

    /// Something is to go out to that subscriber from now on.
    func serve(_ subscriber: Subscriber) {
        self.subscriber = subscriber
        subscriber.add(self)
    }

    /// Media may be sent: keys and a path are there.
    @inline(__always)
    var isSendable: Bool { sealer != nil && paths.selected != nil && state != .closed }

    /// Asks for the memory that forwarding touches, without waiting for it.
    @inline(__always)
    func prefetch() {
        cnet_prefetch(Unmanaged.passUnretained(self).toOpaque(), 192)
    }

    func password(of ufrag: String) -> String? { credentials.first { $0.ufrag == ufrag }?.password }

    /// A check used this ufrag: older credentials have had their time.
    /// - Returns: the ufrags that are no more.
    func retireCredentials(before ufrag: String) -> [String] {
        guard let index = credentials.firstIndex(where: { $0.ufrag == ufrag }), index > 0 else { return [] }
        defer { credentials.removeFirst(index) }
        return credentials[0..<index].map(\.ufrag)
    }

    /// ICE restarts that may be under way at once; beyond that the oldest but those in use are given up.
    private static let maximumCredentials = 4

    /// An ICE restart: the new credentials hold beside the old ones until they are first used.
    /// - Returns: the ufrag that had to make room.
    func addCredentials(ufrag: String, password: String) -> String? {
        credentials.append((ufrag, password))
        return credentials.count > Self.maximumCredentials ? credentials.remove(at: 1).ufrag : nil
    }
}
