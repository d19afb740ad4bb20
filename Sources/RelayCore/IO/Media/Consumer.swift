internal import CNet
internal import RelayControl
internal import RelayProtocol

/// One track going out to one subscriber: where its packets' numbers come from, and what its receiver reports.
final class Consumer {
    // What every forwarded packet touches stands together, in front, in the order in which it is needed.

    /// Owns this consumer.
    unowned(unsafe) let transport: Transport
    /// Nothing is forwarded before a packet that a decoder can begin with.
    private(set) var awaitsStart = true
    /// Every packet of the source is sent, with its picture's numbers as they are.
    private var isPlain = true
    let isVideo: Bool
    private var numbering = PictureNumbering()
    /// The encoding to begin with or to change to, by number, or one of the two values below.
    private var wantedEncoding = Consumer.anyEncoding
    /// Only packets that need not be repeated bit by bit may be padded.
    private(set) var allowsPadding: Bool
    private(set) var packets: UInt32 = 0
    private(set) var octets: UInt32 = 0
    private(set) var header: HeaderWriter
    /// Indices that were sealed: an index is never used for two packets.
    var sealed = ReplayWindow()
    var map: SequenceMap

    /// Packets of it that wait in the pacer, and the source of the newest of them: what follows it is of that source.
    var queued = 0
    var queuedSource: UInt32 = 0
    var queuedEncoding: UInt8 = 0

    private(set) var track: OutgoingTrack
    /// What it brings a track of; one that is over has no producers any more.
    private(set) var publication: Publication?
    /// The encoding that is being forwarded; nil before the first.
    private(set) var encoding: UInt8?
    private(set) var choice = Choice.undecided
    private(set) var filter = LayerFilter()
    /// What the subscriber asked for.
    var preference = VideoPreference()
    /// Its number among those of its subscriber's pacer.
    let paceNumber: UInt32
    /// A picture's last packet was marked as that for this consumer alone.
    private(set) var marksPictures = false
    /// It takes other encodings than its producer was told.
    var takesOthers = false
    /// The path is too narrow for what was asked for.
    var isHeldBack = false
    var counts = Counts()
    /// Those that the worker's totals contain.
    var reportedCounts = Counts()
    /// The subscriber's latest report.
    private(set) var reported: ReportBlock?
    /// `octets` when they were last measured.
    var measuredOctets: UInt32 = 0
    /// All of them, as far as measured.
    var totalOctets: UInt64 = 0
    /// Header of retransmissions (RFC 4588); nil: packets are resent as they were.
    private(set) var repairHeader: HeaderWriter?
    /// First SRTP index written with the present header, where an older one was in use before. A whole index, as 16 bits would
    /// come round again: what is new would count as old.
    private var headerSince: UInt64?
    /// RED is negotiated with the publisher's payload types, so that it can be carried through.
    var carriesRedundancy: Bool { track.codec.redundancyPayloadType != nil }
    var repairSealed = ReplayWindow()
    var repairSequence = UInt16.random(in: 0...UInt16.max)
    var requests: RetransmissionRequests?
    /// For keyframes; `isListedAsHungry`: the worker looks after it.
    var appetite = KeyframeAppetite()
    var isListedAsHungry = false
    /// When it was last sent a keyframe to begin or to change with; nil before the first.
    private(set) var beganAt: Instant?
    var reports = SenderReportClock()
    var roundTrip = RoundTrip()
    var cumulativeLost: Int32 { reported?.cumulativeLost ?? 0 }

    /// Where its packets come from; nil while there is no such track.
    var producer: Producer? { publication?.producers.first { $0.track.mid == track.sourceMid } }

    // Values of `wantedEncoding` beside encodings' numbers.
    private static let anyEncoding: UInt8 = 255
    private static let noEncoding: UInt8 = 254

    init(track: OutgoingTrack, transport: Transport, of publication: Publication?) {
        self.track = track
        self.publication = publication
        self.transport = transport
        isVideo = track.kind == .video
        paceNumber = transport.subscriber?.nextPaceNumber() ?? 0
        (header, repairHeader) = track.headers
        header.playoutDelay = transport.subscriber?.playoutDelay.limits
        allowsPadding = repairHeader != nil
        map = SequenceMap(
            sequence: UInt16.random(in: 0...0x7fff), timestamp: UInt32.random(in: 0...UInt32.max),
            clockRate: track.codec.clockRate)
    }

    /// Takes over a renegotiated track under the same SSRC, or one of another publication; RTP goes on where it was.
    func update(_ track: OutgoingTrack, of publication: Publication?) {
        if publication !== self.publication {
            self.publication = publication
            // Whoever chose to see somebody else waits for the first picture, as all who come do.
            beganAt = nil
            forgetEncodings()
            pause()
            map.forgetSource()
        }
        guard track != self.track else { return }
        if track.sourceMid != self.track.sourceMid || track.codec != self.track.codec { pause() }
        self.track = track
        (header, repairHeader) = track.headers
        header.playoutDelay = transport.subscriber?.playoutDelay.limits
        allowsPadding = repairHeader != nil
        headerChanged()
    }

    /// Where a packet that can be resent came from: on the retransmission stream any, as it was only what is sure to be the same
    /// packet under the same header, since one SRTP index must never protect two.
    func resendable(_ sequence: UInt16) -> SequenceMap.Origin? {
        if repairHeader != nil { return map.origin(of: sequence) }
        if marksPictures { return nil }
        if let headerSince, sealed.index(of: sequence) < headerSince { return nil }
        return map.recentOrigin(of: sequence)
    }

    /// Its frames are to be held back so long, as `PlayoutDelay` says.
    func holdBack(_ limits: UInt32?) { header.playoutDelay = limits }

    /// Headers are written otherwise from the next packet on.
    func headerChanged() { headerSince = sealed.newest.map { $0 &+ 1 } }

    /// Stops; forwarding picks up at a keyframe.
    func pause() {
        takesOthers = true
        awaitsStart = true
        map.pause()
    }

    // MARK: Layers

    /// From now on it is to be sent this. What is being sent goes on until the keyframe of another encoding comes.
    /// - Returns: whether it takes other encodings than before.
    func choose(_ new: Choice) -> Bool {
        guard new != choice else { return false }
        choice = new
        switch new {
        case .undecided: wantedEncoding = Self.anyEncoding
        case .layer(let layer, let isWhole):
            wantedEncoding = layer.encoding
            if encoding == layer.encoding || encoding == nil { limit(layer, isWhole: isWhole) }
        case .nothing:
            wantedEncoding = Self.noEncoding
            if isVideo { pause() }
        }
        return true
    }

    /// Until the keyframe of something smaller comes, only the lowest temporal layer of what is being sent goes on.
    func ease() {
        filter.wanted = (255, 0)
        isPlain = filter.isTransparent
    }

    private func limit(_ layer: LayerChoice, isWhole: Bool) {
        // Who gets all of an encoding need not have each packet looked at.
        filter.wanted = isWhole ? (255, 255) : (layer.spatial, layer.temporal)
        isPlain = filter.isTransparent
    }

    /// What is being sent; nil while that is nothing.
    var sentLayer: LayerChoice? {
        guard let encoding, !awaitsStart else { return nil }
        let current = filter.current
        return LayerChoice(encoding: encoding, spatial: current.spatial, temporal: current.temporal)
    }

    /// It waits for the keyframe of what it is to be sent.
    var isChanging: Bool {
        guard case .layer(let layer, _) = choice else { return false }
        return awaitsStart || encoding != layer.encoding || filter.needsKeyframe
    }

    /// Whether it is sent packets of that encoding, or is going to be.
    func takes(_ number: UInt8) -> Bool {
        mayBegin(number) || encoding == number && wantedEncoding != Self.noEncoding && !awaitsStart
    }

    /// Whether it cannot go on, or up, without a keyframe of that encoding.
    func awaitsKeyframe(of number: UInt8) -> Bool {
        // It is on its way.
        if queued > 0, queuedEncoding == number { return false }
        if awaitsStart { return mayBegin(number) }
        if encoding != number { return wantedEncoding == number }
        return wantedEncoding == number && filter.needsKeyframe
    }

    /// Whether a keyframe of that encoding is to be asked for on its account. The first picture is for everybody at once, and so is
    /// another version, which the relay chose; who had a picture and loses it, by a path too narrow or by pausing, has an appetite
    /// like one who asks.
    func mayAwaitKeyframe(of number: UInt8, lastKeyframe: Instant?, at now: Instant) -> Bool {
        guard awaitsKeyframe(of: number) else { return false }
        guard let beganAt, awaitsStart || encoding == number else { return true }
        return appetite.waits(at: now, lastKeyframe: max(beganAt, lastKeyframe ?? beganAt))
    }

    /// Its producer's encodings are others now.
    func forgetEncodings() {
        encoding = nil
        choice = .undecided
        wantedEncoding = Self.anyEncoding
    }

    // MARK: Forwarding

    /// Whether packets of this run can be of use: of the source that it is sent, or a keyframe of the one that it waits for.
    @inline(__always)
    func isConcerned(by run: Forwarder.Run) -> Bool {
        let source = run.source
        if queued > 0 {
            if source == queuedSource { return true }
        } else if !awaitsStart, map.follows(source) {
            return true
        }
        return run.startsKeyframe && mayBegin(run.encoding)
    }

    private func mayBegin(_ number: UInt8) -> Bool {
        wantedEncoding == number || wantedEncoding == Self.anyEncoding
    }

    /// The consumer's numbers for a packet, or nil where it is not to be forwarded.
    /// - Parameter marker: set where the packet is the picture's last one for this consumer.
    @inline(__always)
    func place(_ packet: UnsafePointer<PendingPacket>, at now: Instant, marker: inout Bool) -> SequenceMap.Mapped? {
        let source = packet.pointee.header.ssrc
        if awaitsStart || !map.follows(source) {
            guard packet.pointee.startsKeyframe, !packet.pointee.isLate, mayBegin(packet.pointee.encoding) else {
                return nil
            }
            begin(packet, at: now)
        }
        guard isPlain else { return placeLayered(packet, at: now, marker: &marker) }
        numbering.forward(packet.pointee.layer)
        guard packet.pointee.continuity == .plain else { return placeApart(packet, at: now) }
        return map.forward(
            source: source, sequence: packet.pointee.header.sequence, timestamp: packet.pointee.header.timestamp,
            at: now)
    }

    /// Packets of a new source, or after a pause, from this one on.
    @inline(never)
    private func begin(_ packet: UnsafePointer<PendingPacket>, at now: Instant) {
        beganAt = now
        let number = packet.pointee.encoding
        filter.begin(at: packet.pointee.layer)
        map.begin(
            source: packet.pointee.header.ssrc, pictures: numbering.begin(at: packet.pointee.layer),
            timestampDistance: timestampDistance(to: packet.pointee))
        awaitsStart = false
        transport.subscriber?.allocatesAt = nil
        takesOthers = true
        if encoding != number {
            if encoding != nil { counts.layerChanges &+= 1 }
            encoding = number
        }
        if case .layer(let layer, let isWhole) = choice, layer.encoding == number { limit(layer, isWhole: isWhole) }
    }

    /// From the new source's timestamps to the old one's, by their sender reports.
    private func timestampDistance(to packet: PendingPacket) -> UInt32? {
        guard let encoding, encoding != packet.encoding, let producer, encoding < producer.encodings.count,
            packet.encoding < producer.encodings.count,
            let old = producer.encodings[Int(encoding)].report,
            let new = producer.encodings[Int(packet.encoding)].report, new.ssrc == packet.header.ssrc,
            map.follows(old.ssrc)
        else { return nil }
        return new.timestampDistance(to: old, clockRate: track.codec.clockRate)
    }

    @inline(never)
    private func placeLayered(
        _ packet: UnsafePointer<PendingPacket>, at now: Instant, marker: inout Bool
    ) -> SequenceMap.Mapped? {
        let header = packet.pointee.header
        let layer = packet.pointee.layer
        switch filter.decide(layer, isLate: packet.pointee.isLate) {
        case .forward: break
        case .forwardAsLast:
            marksPictures = true
            marker = true
        case .leaveOut:
            map.leaveOut(source: header.ssrc, sequence: header.sequence, pictures: numbering.leaveOut(layer))
            return nil
        }
        isPlain = filter.isTransparent
        numbering.forward(layer)
        guard packet.pointee.continuity == .plain else { return placeApart(packet, at: now) }
        return map.forward(source: header.ssrc, sequence: header.sequence, timestamp: header.timestamp, at: now)
    }

    /// A packet that does not simply follow on the one before it.
    @inline(never)
    private func placeApart(_ packet: UnsafePointer<PendingPacket>, at now: Instant) -> SequenceMap.Mapped? {
        let header = packet.pointee.header
        if packet.pointee.continuity == .followsGap {
            return map.forwardAfterGap(
                source: header.ssrc, sequence: header.sequence, timestamp: header.timestamp, at: now)
        }
        return map.forward(
            source: header.ssrc, sequence: header.sequence, timestamp: header.timestamp,
            ticksAfterNewest: KeyframeCache.step, at: now)
    }

    /// Whether a packet that is sent again was its picture's last one for this consumer.
    func endsPicture(_ packet: PendingPacket) -> Bool {
        if packet.header.marker { return true }
        return marksPictures && filter.endedPicture(packet.layer)
    }

    /// Whether a packet that is asked for was left out with its frame, and only its number was kept.
    func leftOut(_ packet: PendingPacket, _ origin: SequenceMap.Origin) -> Bool {
        !isPlain && map.follows(origin.source) && filter.leftOut(packet.layer)
    }

    /// What it is never sent at present: it need not take up room in the pacer.
    func surelyLeavesOut(_ packet: PendingPacket) -> Bool {
        if isPlain { return false }
        let (wanted, current) = (filter.wanted, filter.current)
        return packet.layer.spatial > max(wanted.spatial, current.spatial)
            || packet.layer.temporal > max(wanted.temporal, current.temporal)
    }

    /// About as many as it is going to be sent of a run.
    @inline(__always)
    func bytes(of run: Forwarder.Run) -> Int {
        if isPlain { return run.bytes }
        var bytes = 0
        for packet in run.packets where !surelyLeavesOut(packet) {
            bytes &+= packet.payloadLength &+ Forwarder.overhead
        }
        return bytes
    }

    /// Some of what it waited for was given up: nothing more before a keyframe.
    func starve() {
        counts.freezesAvoided &+= 1
        pause()
    }

    /// A packet without payload is not to be missed.
    func leaveOut(source: UInt32, sequence: UInt16) { map.leaveOut(source: source, sequence: sequence) }

    /// New keys: SRTP begins anew, so the rollover count does too.
    func resetSealing() {
        sealed = ReplayWindow()
        repairSealed = ReplayWindow()
        // No index was used with these keys.
        headerSince = nil
    }

    /// Asks for the memory that forwarding touches first, without waiting for it.
    @inline(__always)
    static func prefetch(_ consumer: UnsafeMutableRawPointer) { cnet_prefetch(consumer, hotBytes) }

    /// The object's head, and what is declared before `track` but for the map's rarely used end.
    private static var hotBytes: Int32 { 448 }

    /// Takes note of a report.
    /// - Returns: packets expected, and lost of them, since the one before.
    func take(_ block: ReportBlock) -> (packets: Int, lost: Int)? {
        defer { reported = block }
        guard let before = reported else { return nil }
        let packets = Int(Int32(bitPattern: block.highestSequence &- before.highestSequence))
        guard packets > 0 else { return nil }
        return (packets, Int(block.cumulativeLost) - Int(before.cumulativeLost))
    }

    /// Counts what was sent, for sender reports.
    @inline(__always)
    func count(packets: Int, payload: Int) {
        self.packets &+= UInt32(truncatingIfNeeded: packets)
        octets &+= UInt32(truncatingIfNeeded: payload)
    }
}
