package import CNet
package import RelayIO
internal import RelayProtocol

/// Sends a trace as a browser does: each frame in one burst of at most 25 kB, what is left of it a pause later.
package final class VideoSender {
    private struct Packet {
        var part: VideoCodec.Part
        var timestamp: UInt32
        var picture: UInt16
        /// Set when it is first sent.
        var index: UInt64 = 0
        var sentAt: Int64 = 0
    }

    package let ssrc: UInt32
    package private(set) var packetsSent: UInt64 = 0
    package private(set) var bytesSent: UInt64 = 0
    package private(set) var retransmissions: UInt64 = 0
    /// Makes the next frame a keyframe of the trace's first size.
    package var wantsKeyframe = false
    /// The receiver has reported on the stream, so that it need not be told any more which it is.
    package var isKnown = false

    private var trace: VideoTrace
    private let codec: VideoCodec
    private let outbox: Outbox
    private let introduction: HeaderTemplate
    private let header: HeaderTemplate
    private let retransmissionHeader: HeaderTemplate?
    private var queue: [Packet] = []
    private var queueStart = 0
    private var nextBurst: Int64 = 0
    private var nextFrame: Int64 = 0
    private var frame = 0
    /// Of the newest packet.
    package private(set) var index: UInt64 = 1_000
    private var retransmissionIndex: UInt64 = 1
    package private(set) var timestamp: UInt32 = 90_000
    private var picture: UInt16 = 0

    private static let burstBytes = 25_000
    private static let longestPause: Int64 = 40_000
    /// What was sent last, by index modulo the capacity: a packet follows from this alone.
    private var history: [Packet] = []
    private static let historyCapacity = 1_024

    /// - Parameter retransmissionSSRC: what `resend` sends with; without it nothing is resent.
    package convenience init(
        _ trace: VideoTrace, sealer: PacketSealer, ssrc: UInt32, retransmissionSSRC: UInt32? = nil, fd: Int32,
        to target: cnet_endpoint, codec: VideoCodec = .vp8
    ) {
        self.init(
            trace, codec: codec, ssrc: ssrc, retransmissionSSRC: retransmissionSSRC, rid: nil,
            by: Outbox(sealer: sealer, fd: fd, to: target))
    }

    /// - Parameters:
    ///   - rid: which layer of simulcast this is; nil without simulcast.
    ///   - outbox: shared with the connection's other streams.
    init(
        _ trace: VideoTrace, codec: VideoCodec, ssrc: UInt32, retransmissionSSRC: UInt32?, rid: String?,
        by outbox: Outbox
    ) {
        self.trace = trace
        self.codec = codec
        self.ssrc = ssrc
        self.outbox = outbox
        let always: [HeaderTemplate.Element] = [.transportSequence, .sendTime]
        let mid = HeaderTemplate.Element.text(.mid, SessionText.videoMid)
        func names(_ kind: HeaderExtension) -> [HeaderTemplate.Element] {
            [mid] + (rid.map { [.text(kind, $0)] } ?? [])
        }
        introduction = HeaderTemplate(ssrc: ssrc, payloadType: codec.payloadType, names(.streamID) + always)
        header = HeaderTemplate(ssrc: ssrc, payloadType: codec.payloadType, always)
        retransmissionHeader = retransmissionSSRC.map {
            HeaderTemplate(
                ssrc: $0, payloadType: codec.retransmissionPayloadType, names(.repairedStreamID) + always)
        }
    }

    /// Starts the trace, or another one, from its first frame; RTP goes on where it was.
    package func restart(at time: Int64, with other: VideoTrace? = nil) {
        if let other { trace = other }
        frame = 0
        nextFrame = time
        nextBurst = time
        queue.removeAll(keepingCapacity: true)
        queueStart = 0
    }

    /// Sends what is due; returns when to call again.
    package func advance(_ time: Int64) -> Int64 {
        while time >= nextFrame {
            enqueue()
            nextFrame += 1_000_000 / Int64(trace.framesPerSecond)
        }
        if time >= nextBurst, queueStart < queue.count { sendBurst(time) }
        return queueStart == queue.count ? nextFrame : min(nextFrame, nextBurst)
    }

    private func enqueue() {
        var next = trace.frames[frame % trace.frames.count]
        if wantsKeyframe { next = trace.frames[0] }
        wantsKeyframe = false
        frame += 1
        picture = (picture + 1) & 0x7fff
        timestamp &+= UInt32(90_000 / trace.framesPerSecond)
        for part in codec.parts(ofFrame: next.size, isKeyframe: next.isKeyframe) {
            queue.append(Packet(part: part, timestamp: timestamp, picture: picture))
        }
    }

    private func sendBurst(_ time: Int64) {
        var burst = 0
        while burst < Self.burstBytes, queueStart < queue.count {
            var packet = queue[queueStart]
            queueStart += 1
            index += 1
            packet.index = index
            packet.sentAt = time
            if retransmissionHeader != nil {
                if history.isEmpty { history = Array(repeating: packet, count: Self.historyCapacity) }
                history[Int(index % UInt64(Self.historyCapacity))] = packet
            }
            let length = send(packet, by: isKnown ? header : introduction, index: index, time, original: nil)
            burst += length
            bytesSent += UInt64(length)
            packetsSent += 1
        }
        outbox.flush()
        guard queueStart == queue.count else {
            // The pacer's rate is two and a half times the stream's.
            nextBurst = time + min(Self.longestPause, Int64(burst) * 8_000 * 2 / 5 / Int64(max(1, trace.kilobits)))
            return
        }
        queue.removeAll(keepingCapacity: true)
        queueStart = 0
        nextBurst = time
    }

    /// Sends the packet with this sequence number again (RFC 4588), if it is remembered.
    package func resend(_ sequence: UInt16, at time: Int64) {
        guard let retransmissionHeader, !history.isEmpty else { return }
        let age = UInt64(UInt16(truncatingIfNeeded: index) &- sequence)
        guard age < UInt64(Self.historyCapacity), age < packetsSent else { return }
        let wanted = index - age
        let packet = history[Int(wanted % UInt64(Self.historyCapacity))]
        guard packet.index == wanted else { return }
        retransmissionIndex += 1
        retransmissions += 1
        _ = send(packet, by: retransmissionHeader, index: retransmissionIndex, time, original: sequence)
        outbox.flush()
    }

    private func send(
        _ packet: Packet, by header: HeaderTemplate, index: UInt64, _ time: Int64, original: UInt16?
    ) -> Int {
        let extra = original == nil ? 0 : 2
        return outbox.add(
            Outbox.Packet(
                header: header,
                values: HeaderTemplate.Values(
                    sequence: UInt16(truncatingIfNeeded: index), timestamp: packet.timestamp,
                    marker: packet.part.marker, time: time),
                index: index,
                stamp: PayloadStamp(source: ssrc, sequence: packet.index, sentAt: packet.sentAt),
                size: packet.part.size + extra)
        ) { out in
            if let original { out.put(original, at: 0) }
            return extra + codec.writeHead(of: packet.part, picture: packet.picture, to: out + extra)
        }
    }
}
