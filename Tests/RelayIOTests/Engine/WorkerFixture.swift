import Glibc
import Loop
import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// A worker on the test's own thread, so that its insides can be looked at; commanded as the engine does it.
final class WorkerFixture {
    let loop: EventLoop
    let worker: Worker
    private(set) var events: [WorkerEvent] = []
    let publisher = TransportID(value: 1)
    let subscriber = TransportID(value: 2)
    let publication = PublicationID(value: 1)
    private let local: Endpoint

    init(
        consentTimeout: Instant.Span = .seconds(30), media: MediaSettings = MediaSettings(), number: Int = 0,
        inlets: [Inlet] = []
    ) throws {
        loop = try EventLoop()
        let bound = try MediaSocket.bind(Endpoint(address: "127.0.0.1", port: 0)!)
        local = bound.local
        let box = Box()
        worker = Worker(
            loop: loop, sockets: [MediaSocket(descriptor: bound.descriptor, local: bound.local)],
            certificate: try Certificate(),
            consentTimeout: consentTimeout, media: media, number: number, inlets: inlets
        ) { box.report($0) }
        box.report = { [unowned self] in events.append($0) }
        try worker.start()
    }

    private final class Box { var report: (WorkerEvent) -> Void = { _ in } }

    deinit { loop.close() }

    /// What a peer needs of the relay's description.
    func description(ufrag: String) -> String {
        """
        a=ice-ufrag:\(ufrag)
        a=ice-pwd:\(Self.password(ufrag))
        a=fingerprint:sha-256 \(worker.certificate.fingerprint)
        a=candidate:1 1 udp 1 127.0.0.1 \(local.port) typ host
        """
    }

    static func password(_ ufrag: String) -> String { "password-of-\(ufrag)-password" }

    func remote(_ peer: TestPeer, weAreClient: Bool = false) -> RemoteTransport {
        RemoteTransport(
            ufrag: peer.ufrag, password: peer.password,
            fingerprints: [.init(hash: "sha-256", value: peer.certificate.fingerprint)],
            weAreDTLSClient: weAreClient)
    }

    static func videoTrack(format: String = "", identifiers: ExtensionMap = ExtensionMap(), rtx: Bool = true)
        -> IncomingTrack
    {
        IncomingTrack(
            mid: "1", kind: .video,
            codec: CodecParameters(
                name: .VP8, payloadType: 96, retransmissionPayloadType: rtx ? 97 : nil, clockRate: 90_000,
                format: format),
            extensions: identifiers, feedback: [.nack, .pictureLoss])
    }

    static func videoOut(rtx: Bool = true) -> OutgoingTrack {
        OutgoingTrack(
            mid: "0", sourceMid: "1", kind: .video,
            codec: CodecParameters(
                name: .VP8, payloadType: 100, retransmissionPayloadType: rtx ? 101 : nil, clockRate: 90_000),
            extensions: ExtensionMap(), feedback: [.nack, .pictureLoss], ssrc: 500, retransmissionSSRC: rtx ? 501 : nil,
            canonicalName: "c")
    }

    func openPublisher(
        _ peer: TestPeer, _ tracks: [IncomingTrack] = [videoTrack()], id: TransportID? = nil, ufrag: String = "pub"
    ) throws {
        let id = id ?? publisher
        worker.apply([
            .open(
                id, role: .publisher(publication, room: RoomID("r"), participant: ParticipantID("p")), ufrag: ufrag,
                password: Self.password(ufrag)),
            .connect(id, remote(peer)), .receive(id, tracks),
        ])
        try peer.connect(to: description(ufrag: ufrag))
        try handshake(peer)
    }

    func openSubscriber(_ peer: TestPeer, _ tracks: [OutgoingTrack] = [videoOut()]) throws {
        worker.apply([
            .open(
                subscriber,
                role: .subscriber(room: RoomID("r"), participant: ParticipantID("s")), ufrag: "sub",
                password: Self.password("sub")),
            .connect(subscriber, remote(peer)), .send(subscriber, bound(tracks)),
        ])
        try peer.connect(to: description(ufrag: "sub"))
        try handshake(peer)
    }

    /// Tracks of the fixture's publication.
    func bound(_ tracks: [OutgoingTrack]) -> [BoundTrack] { tracks.map { BoundTrack($0, of: publication) } }

    func handshake(_ peer: TestPeer) throws {
        peer.check()
        try #require(wait([peer]) { peer.isChecked })
        peer.startDTLS()
        try #require(wait([peer]) { peer.sealer != nil })
    }

    func wait(_ peers: [TestPeer], seconds: Double = 5, until condition: () -> Bool) -> Bool {
        let deadline = loop.now + Int64(seconds * 1_000_000)
        while loop.now < deadline {
            for peer in peers { peer.pump() }
            loop.runOnce(waiting: false)
            if condition() { return true }
            waitForNews(peers, [loop])
        }
        return condition()
    }

    func states(of id: TransportID) -> [TransportState] {
        events.compactMap { if case .state(id, let state) = $0 { state } else { nil } }
    }
}

extension TestPeer {
    /// A receiver report on SSRC 500.
    func sendReport(lost: Int32, highest: UInt32 = 1) {
        sendRTCP { writer in
            writer.receiverReport(sender: 1)
                && writer.reportBlock(
                    ReportBlock(
                        ssrc: 500, fractionLost: 0, cumulativeLost: lost, highestSequence: highest, jitter: 0,
                        lastSenderReport: 0, delaySinceLastSenderReport: 0))
        }
    }

    @discardableResult
    func sendVideo(
        _ sequence: UInt16, _ payload: [UInt8] = VP8Payload.delta(), timestamp: UInt32? = nil, marker: Bool = true,
        ssrc: UInt32 = 2222
    ) -> [UInt8] {
        sendRTP(
            payloadType: 96, sequence: sequence, timestamp: timestamp ?? UInt32(sequence) * 3000, ssrc: ssrc,
            marker: marker,
            payload: payload)
    }
}
