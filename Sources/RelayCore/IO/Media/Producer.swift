internal import RelayControl
internal import RelayProtocol

/// One track coming in: its encodings (several with simulcast), and the consumers that want it.
///
/// A mirrored producer stands for one on another worker, for this worker's consumers.
final class Producer {
    private(set) var track: IncomingTrack
    private(set) var encodings: [Encoding] = []
    /// What consumers can choose from, as last measured; a mirror is told.
    var ladder = LayerLadder() {
        didSet {
            guard !ladder.isNear(oldValue) else { return }
            for consumer in consumers { consumer.transport.subscriber?.allocatesAt = nil }
        }
    }
    /// Nil for a mirrored producer.
    private let pool: PacketPool?
    /// The way back from a mirrored producer.
    private(set) var following: Following?
    /// Workers that mirror this producer.
    private(set) var followers: [Follower] = []
    // Counted from anywhere, so that a mirror notices when another producer takes this one's place.
    private var pauses = UInt32.random(in: 0...UInt32.max)
    private var headerChanges = UInt32.random(in: 0...UInt32.max)
    /// Extension identifiers on the publisher's connection.
    var table = ExtensionTable(ExtensionMap())
    var consumers: [Consumer] = [] {
        didSet { bind() }
    }
    /// Some consumer takes other encodings than before.
    var needsBinding = false
    /// Unselected tracks are muted: nothing of them is forwarded.
    var isSelected = true {
        didSet {
            guard isSelected != oldValue else { return }
            tap?.setMuted(!isSelected)
            if !isSelected { pause() }
        }
    }
    private(set) var isClosed = false
    /// Of audio, once its first packet came.
    var microphone: Microphone?
    /// The loudest that audio was since that was last taken, in −dBov (RFC 6464); nil: no level came.
    private var loudest: UInt8?
    /// The way of audio into its room's mix, if there is one.
    var tap: MixTap? {
        didSet { oldValue?.close() }
    }

    /// More than any browser makes, and as many as a follower's set has bits.
    static let maximumEncodings = 16

    init(track: IncomingTrack, pool: PacketPool) {
        self.track = track
        self.pool = pool
        encodings = makeEncodings()
    }

    /// A mirror of a producer on another worker.
    init(track: IncomingTrack, following: Following) {
        self.track = track
        self.following = following
        pool = nil
        encodings = makeEncodings()
    }

    /// The same track, renegotiated.
    func update(_ track: IncomingTrack) {
        let isSame = Self.names(of: track) == Self.names(of: self.track)
        self.track = track
        guard !isSame else { return }
        for encoding in encodings {
            encoding.drop()
            for stream in encoding.streams { _ = encoding.remove(stream) }
        }
        encodings = makeEncodings()
        for consumer in consumers { consumer.forgetEncodings() }
        pauseConsumers()
        bind()
    }

    private func makeEncodings() -> [Encoding] {
        Self.names(of: track).enumerated().map { number, name in
            Encoding(of: self, number: UInt8(truncatingIfNeeded: number), streamID: name, pool: pool)
        }
    }

    /// One for each encoding: its rid, or nothing.
    private static func names(of track: IncomingTrack) -> [String] {
        guard track.kind == .video else { return [""] }
        if !track.streamIDs.isEmpty { return Array(track.streamIDs.prefix(maximumEncodings)) }
        return Array(repeating: "", count: min(max(track.streams.count, 1), maximumEncodings))
    }

    var isVideo: Bool { track.kind == .video }

    // MARK: Streams

    /// The encoding that an SSRC with this rid brings; nil where none was negotiated.
    func encoding(of ssrc: UInt32, streamID: String) -> Encoding? {
        if encodings.count == 1 { return encodings[0] }
        if !streamID.isEmpty { return encodings.first { $0.streamID == streamID } }
        guard let number = track.streams.firstIndex(where: { $0.ssrc == ssrc }), number < encodings.count else {
            return nil
        }
        return encodings[number]
    }

    func encoding(_ number: UInt8) -> Encoding? { number < encodings.count ? encodings[Int(number)] : nil }

    func streamID(of encoding: UInt8) -> String {
        encoding < encodings.count ? encodings[Int(encoding)].streamID : ""
    }

    var streams: [IncomingStream] { encodings.flatMap(\.streams) }

    func stream(_ ssrc: UInt32) -> IncomingStream? {
        for encoding in encodings { if let found = encoding.streams.first(where: { $0.ssrc == ssrc }) { return found } }
        return nil
    }

    func remove(_ stream: IncomingStream) {
        // What comes next begins anew, even under the same SSRC.
        if stream.encoding.remove(stream) { pauseConsumers() }
    }

    /// The publisher's connection was replaced: its streams are no more.
    func forgetStreams() {
        for stream in streams { remove(stream) }
    }

    /// Somebody gets what this producer sends, here or on another worker.
    var hasTakers: Bool { !consumers.isEmpty || !followers.isEmpty }

    /// Measures what can be chosen from.
    func measureLayers(at now: Instant) {
        var candidates: [LayerStep] = []
        for encoding in encodings {
            guard let current = encoding.current, current.isAlive(at: now) else { continue }
            candidates += LayerLadder.candidates(encoding: encoding.number, rates: &encoding.rates, at: now) {
                let size = current.layers.frameSize(ofSpatial: $0)
                return size.isKnown ? (size.width, size.height) : nil
            }
        }
        ladder = LayerLadder(candidates, after: ladder)
    }

    // MARK: Consumers

    /// Gives every encoding the consumers that take it.
    func bind() {
        needsBinding = false
        for encoding in encodings {
            encoding.setTakers(
                encodings.count == 1 && !isVideo ? consumers : consumers.filter { $0.takes(encoding.number) })
        }
        following?.update(self)
    }

    /// The encodings that this worker's consumers take, a bit each.
    var takenEncodings: UInt16 {
        var set: UInt16 = 0
        for encoding in encodings where !encoding.takers.isEmpty { set |= 1 << UInt16(encoding.number) }
        return set
    }

    // MARK: Forwarding

    /// Where the primary block of a RED packet begins, from the payload's start; nil where the packet is not RED.
    func primaryOffset(_ header: PacketHeader, _ packet: UnsafeRawBufferPointer) -> Int? {
        guard header.payloadType == track.codec.redundancyPayloadType,
            let payload = packet.part(at: header.length, length: packet.count - header.length)
        else { return nil }
        return RedundantAudio.primary(in: payload)?.offset
    }

    /// A packet without payload (padding to probe the path): consumers are not to miss it.
    func leaveOut(source: UInt32, sequence: UInt16) {
        for follower in followers {
            follower.neighbour.tell(
                .leftOut(mark(for: follower.name), source: source, sequence: sequence), urgently: false)
        }
        for consumer in consumers { consumer.leaveOut(source: source, sequence: sequence) }
    }

    /// Lets go of what is pending.
    func drop() {
        for encoding in encodings { encoding.drop() }
    }

    private func pause() {
        drop()
        pauseConsumers()
    }

    private func pauseConsumers() {
        pauses &+= 1
        for consumer in consumers { consumer.pause() }
    }

    /// Extension identifiers on the publisher's connection are others: headers are written otherwise from the next packet on.
    func headersChanged() {
        headerChanges &+= 1
        for consumer in consumers { consumer.headerChanged() }
    }

    // MARK: Other workers

    /// Some other worker wants that encoding.
    func isFollowed(in encoding: UInt8) -> Bool {
        followers.contains { $0.encodings & 1 << UInt16(encoding) != 0 }
    }

    func handOver(_ packets: UnsafeMutableBufferPointer<PendingPacket>, of encoding: UInt8) {
        for follower in followers where follower.encodings & 1 << UInt16(encoding) != 0 {
            follower.neighbour.handOver(packets, mark(for: follower.name))
        }
    }

    func ringFollowers() {
        for follower in followers { follower.neighbour.ring() }
    }

    /// Tells those who follow what there is to choose from.
    func tellLadder() {
        for follower in followers { follower.neighbour.post(.ladder(follower.name, ladder)) }
    }

    func addFollower(_ neighbour: Neighbour, name: MirrorName, encodings: UInt16) {
        followers.append(Follower(neighbour: neighbour, name: name, encodings: encodings))
        neighbour.followed[name] = self
        neighbour.post(.ladder(name, ladder))
    }

    func setEncodings(_ encodings: UInt16, of name: MirrorName, on neighbour: Neighbour) {
        for index in followers.indices where followers[index].neighbour === neighbour && followers[index].name == name {
            followers[index].encodings = encodings
        }
    }

    func removeFollower(_ neighbour: Neighbour, name: MirrorName) {
        followers.removeAll { $0.neighbour === neighbour && $0.name == name }
        neighbour.followed[name] = nil
    }

    func mark(for name: MirrorName) -> Crossing.Mark {
        Crossing.Mark(mirror: name, pauses: pauses, headerChanges: headerChanges)
    }

    /// At a mirror: what the real producer went through.
    func heed(_ mark: Crossing.Mark) {
        guard let change = following?.heed(mark) else { return }
        if change.paused { pause() }
        if change.headersChanged { headersChanged() }
    }

    /// At a mirror: takes a packet into its encoding's pending frame.
    func take(_ packet: PendingPacket, at now: Instant) -> Encoding? {
        let number = Int(packet.encoding)
        guard number < encodings.count else { return nil }
        encodings[number].take(packet, at: now)
        return encodings[number]
    }

    /// Notes how loud a packet of audio is.
    /// - Parameter level: the extension's byte (RFC 6464): voice flag, then −dBov.
    func note(level: UInt8) { loudest = min(loudest ?? 127, level & 0x7f) }

    /// The loudest since it was last asked for, in −dBov; nil: no level came.
    func takeLoudest() -> UInt8? {
        defer { loudest = nil }
        return loudest
    }

    func close() {
        isClosed = true
        microphone?.close()
        microphone = nil
        tap = nil
        drop()
        forgetStreams()
        consumers = []
        for follower in followers { follower.neighbour.followed[follower.name] = nil }
        followers = []
        following?.update(self)
    }
}
