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
    /// Only packets that need not be repeated bit by bit may be padded.
    private(set) var allowsPadding: Bool
    private(set) var packets: UInt32 = 0
    private(set) var octets: UInt32 = 0
    private(set) var header: HeaderWriter
    /// Indices that were sealed: an index is never used for two packets.
    var sealed = ReplayWindow()
    var map: SequenceMap

    private(set) var track: OutgoingTrack
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
    var reports = SenderReportClock()
    var roundTrip = RoundTrip()
    /// From the receiver's reports.
    var cumulativeLost: Int32 = 0

    init(track: OutgoingTrack, transport: Transport) {
        self.track = track
        self.transport = transport
        (header, repairHeader) = Self.headers(for: track)
        allowsPadding = repairHeader != nil
        map = SequenceMap(
            sequence: UInt16.random(in: 0...0x7fff), timestamp: UInt32.random(in: 0...UInt32.max),
            clockRate: track.codec.clockRate)
    }

    /// Takes over a renegotiated track under the same SSRC; RTP goes on where it was.
    func update(_ track: OutgoingTrack) {
        if track.sourceMid != self.track.sourceMid || track.codec != self.track.codec { pause() }
        self.track = track
        (header, repairHeader) = Self.headers(for: track)
        allowsPadding = repairHeader != nil
        headerChanged()
    }

    /// Where a packet that can be resent came from: on the retransmission stream any, as it was only what is sure to be the same
    /// packet under the same header, since one SRTP index must never protect two.
    func resendable(_ sequence: UInt16) -> SequenceMap.Origin? {
        if repairHeader != nil { return map.origin(of: sequence) }
        if let headerSince, sealed.index(of: sequence) < headerSince { return nil }
        return map.recentOrigin(of: sequence)
    }

    /// Headers are written otherwise from the next packet on.
    func headerChanged() { headerSince = sealed.newest.map { $0 &+ 1 } }

    private static func headers(for track: OutgoingTrack) -> (HeaderWriter, HeaderWriter?) {
        func writer(_ ssrc: UInt32, _ payloadType: UInt8, _ extensions: ExtensionMap) -> HeaderWriter {
            HeaderWriter(
                ssrc: ssrc, payloadType: payloadType, extensions: extensions, mid: track.mid,
                mixesForms: track.mixesExtensionForms)
        }
        let codec = track.codec
        if let payloadType = codec.retransmissionPayloadType, let ssrc = track.retransmissionSSRC {
            return (
                writer(track.ssrc, codec.payloadType, track.extensions), writer(ssrc, payloadType, track.extensions)
            )
        }
        // A packet that is resent as it was must be the same to the last bit: the same SRTP index never protects two
        // different headers. So nothing that changes with the time of sending goes in.
        var extensions = track.extensions
        extensions[.transportSequence] = 0
        extensions[.absoluteSendTime] = 0
        return (writer(track.ssrc, codec.payloadType, extensions), nil)
    }

    /// Stops; forwarding picks up at a keyframe.
    func pause() {
        awaitsStart = true
        map.pause()
    }

    /// The consumer's numbers for a packet, or nil where it is not to be forwarded.
    @inline(__always)
    func place(_ packet: UnsafePointer<PendingPacket>, at now: Instant) -> SequenceMap.Mapped? {
        let source = packet.pointee.header.ssrc
        if awaitsStart || !map.follows(source) {
            guard packet.pointee.startsKeyframe, !packet.pointee.isLate else { return nil }
            map.begin(source: source)
            awaitsStart = false
        }
        return map.forward(
            source: source, sequence: packet.pointee.header.sequence, timestamp: packet.pointee.header.timestamp,
            at: now)
    }

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

    /// Counts what was sent, for sender reports.
    @inline(__always)
    func count(packets: Int, payload: Int) {
        self.packets &+= UInt32(truncatingIfNeeded: packets)
        octets &+= UInt32(truncatingIfNeeded: payload)
    }
}
