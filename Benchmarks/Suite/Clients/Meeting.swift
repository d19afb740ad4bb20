import Load
import RelayIO
import RelayProtocol

/// Rooms on a server under test, each with one publisher and its subscribers, all connected.
final class Meeting {
    let loop: ClientLoop
    let server: Server
    private(set) var publishers: [Peer] = []
    private(set) var consumers: [Peer] = []

    private let certificate: Certificate
    private var session: UInt64 = 1_000_000
    private static let videoSSRC: UInt32 = 0x1234_5678

    init(_ server: Server, loop: ClientLoop) throws {
        self.server = server
        self.loop = loop
        certificate = try Certificate()
    }

    /// Opens a room with a publisher, and waits until it is connected.
    func open(_ room: String) throws {
        try server.api.createRoom(room)
        _ = try server.api.join("publisher", room: room)
        let peer = try Peer(certificate)
        session += 1
        let offer = SessionText.offer(
            peer.connection.local, session: session,
            sources: SessionText.Sources(audio: 0x0a0a_0a0a, video: Self.videoSSRC, retransmission: Self.videoSSRC + 1))
        let answer = try server.api.produce("publisher", room: room, offer: offer).answer
        try peer.connection.connect(to: SessionText.remote(answer))
        loop.add(peer)
        publishers.append(peer)
        try waitForConnections()
    }

    /// Brings `count` more subscribers into a room, and waits until all are connected.
    func subscribe(_ count: Int, room: String) throws {
        for _ in 0..<count {
            let user = "subscriber-\(consumers.count)"
            let offers = try server.api.join(user, room: room)
            guard let offer = offers["publisher"] else {
                throw BenchmarkError("the server offered no publisher to \(user)")
            }
            let peer = try Peer(certificate)
            session += 1
            let answer = SessionText.answer(to: offer, peer.connection.local, session: session)
            try server.api.consume(user, room: room, producer: "publisher", answer: answer)
            try peer.connection.connect(to: SessionText.remote(offer))
            try peer.report(asIn: offer)
            loop.add(peer)
            consumers.append(peer)
            // The checks of those who are connected have to go on meanwhile.
            if consumers.count % 20 == 0 { loop.run(seconds: 0.02) }
        }
        try waitForConnections()
    }

    private func waitForConnections() throws {
        let peers = publishers + consumers
        loop.run(until: now() + 30_000_000) { peers.allSatisfy { $0.connection.state == .connected } }
        guard let bad = peers.first(where: { $0.connection.state != .connected }) else { return }
        throw BenchmarkError("a connection is \(bad.connection.state) after 30 s")
    }

    /// The sender of the first room's video, which answers the server's keyframe requests.
    func makeSender(_ trace: VideoTrace) throws -> VideoSender {
        guard let peer = publishers.first, let sealer = peer.connection.sealer else {
            throw BenchmarkError("no publisher is connected")
        }
        let sender = VideoSender(
            trace, sealer: sealer, ssrc: Self.videoSSRC, fd: peer.connection.fd, to: peer.connection.remote)
        peer.onControl = { [weak sender] datagram in
            var reader = RTCPReader(datagram)
            while let packet = reader.next() {
                switch packet {
                case .pictureLoss, .fullIntraRequest: sender?.wantsKeyframe = true
                default: break
                }
            }
        }
        return sender
    }

    var received: Received { consumers.reduce(Received()) { $0 + $1.received } }
}
