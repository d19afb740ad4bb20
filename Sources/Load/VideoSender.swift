package import CNet
internal import COpenSSL
internal import RelayControl
package import RelayIO
internal import RelayProtocol

/// Sends a trace as a browser does: each frame in one burst of at most 25 kB, what is left of it 40 ms later.
package final class VideoSender {
    private struct Packet {
        var payload: Int
        var isFirst: Bool
        var isLast: Bool
        var isKeyframe: Bool
        var timestamp: UInt32
        var picture: UInt16
        /// Set when it is first sent.
        var index: UInt64 = 0
        var sentAt: Int64 = 0
    }

    package private(set) var packetsSent: UInt64 = 0
    package private(set) var bytesSent: UInt64 = 0
    package private(set) var retransmissions: UInt64 = 0
    /// Makes the next frame a keyframe of the trace's first size.
    package var wantsKeyframe = false

    private var trace: VideoTrace
    private let sealer: PacketSealer
    private let fd: Int32
    private let target: cnet_endpoint
    private let writer: HeaderWriter
    private let retransmissionWriter: HeaderWriter?
    private let ssrc: UInt32
    private var queue: [Packet] = []
    private var nextBurst: Int64 = 0
    private var nextFrame: Int64 = 0
    private var frame = 0
    /// Of the newest packet.
    package private(set) var index: UInt64 = 1_000
    private var retransmissionIndex: UInt64 = 1
    package private(set) var timestamp: UInt32 = 90_000
    private var picture: UInt16 = 0
    private var transportSequence: UInt16 = 0

    private static let burstBytes = 25_000
    private static let burstInterval: Int64 = 40_000
    private static let slot = 2_048
    private let arena = UnsafeMutableRawPointer.allocate(
        byteCount: Int(CNET_SEND_BATCH) * VideoSender.slot, alignment: 64)
    /// What was sent last, by index modulo the capacity: a packet follows from this alone.
    private var history: [Packet] = []
    private static let historyCapacity = 1_024

    /// - Parameter retransmissionSSRC: what `resend` sends with; without it nothing is resent.
    package init(
        _ trace: VideoTrace, sealer: PacketSealer, ssrc: UInt32, retransmissionSSRC: UInt32? = nil, fd: Int32,
        to target: cnet_endpoint
    ) {
        self.trace = trace
        self.sealer = sealer
        self.ssrc = ssrc
        self.fd = fd
        self.target = target
        writer = HeaderWriter(
            ssrc: ssrc, payloadType: SessionText.videoPayloadType, extensions: SessionText.videoExtensions,
            mid: SessionText.videoMid)
        retransmissionWriter = retransmissionSSRC.map {
            HeaderWriter(
                ssrc: $0, payloadType: SessionText.retransmissionPayloadType, extensions: SessionText.videoExtensions,
                mid: SessionText.videoMid)
        }
    }

    deinit { arena.deallocate() }

    /// Starts the trace, or another one, from its first frame; RTP goes on where it was.
    package func restart(at time: Int64, with other: VideoTrace? = nil) {
        if let other { trace = other }
        frame = 0
        nextFrame = time
        nextBurst = time
        queue.removeAll(keepingCapacity: true)
    }

    /// Sends what is due; returns when to call again.
    package func advance(_ time: Int64) -> Int64 {
        while time >= nextFrame {
            enqueue()
            nextFrame += 1_000_000 / Int64(trace.framesPerSecond)
        }
        if time >= nextBurst, !queue.isEmpty { sendBurst(time) }
        return queue.isEmpty ? nextFrame : min(nextFrame, nextBurst)
    }

    private func enqueue() {
        var next = trace.frames[frame % trace.frames.count]
        if wantsKeyframe { next = trace.frames[0] }
        wantsKeyframe = false
        frame += 1
        picture = (picture + 1) & 0x7fff
        timestamp &+= UInt32(90_000 / trace.framesPerSecond)
        let sizes = VideoTrace.split(next.size)
        for (number, size) in sizes.enumerated() {
            queue.append(
                Packet(
                    payload: size, isFirst: number == 0, isLast: number == sizes.count - 1, isKeyframe: next.isKeyframe,
                    timestamp: timestamp, picture: picture))
        }
    }

    private func sendBurst(_ time: Int64) {
        var budget = Self.burstBytes
        while budget > 0, !queue.isEmpty {
            var runs: [cnet_outbound] = []
            while budget > 0, runs.count < Int(CNET_SEND_BATCH), runs.count < queue.count {
                let out = arena + runs.count * Self.slot
                let length = sendFirst(&queue[runs.count], time, out)
                budget -= length
                bytesSent += UInt64(length)
                runs.append(cnet_outbound(data: out, length: UInt32(length), segment: 0, to: target))
            }
            queue.removeFirst(runs.count)
            packetsSent += UInt64(runs.count)
            var segmentation: Int32 = 1
            _ = cnet_send(fd, runs, Int32(runs.count), &segmentation)
        }
        nextBurst = queue.isEmpty ? time : time + Self.burstInterval
    }

    private func sendFirst(_ packet: inout Packet, _ time: Int64, _ out: UnsafeMutableRawPointer) -> Int {
        index += 1
        packet.index = index
        packet.sentAt = time
        if retransmissionWriter != nil {
            if history.isEmpty { history = Array(repeating: packet, count: Self.historyCapacity) }
            history[Int(index % UInt64(Self.historyCapacity))] = packet
        }
        return seal(packet, by: writer, ssrc: ssrc, index: index, time, original: nil, out)
    }

    /// Sends the packet with this sequence number again (RFC 4588), if it is remembered.
    package func resend(_ sequence: UInt16, at time: Int64) {
        guard let retransmissionWriter, !history.isEmpty else { return }
        let age = UInt64(UInt16(truncatingIfNeeded: index) &- sequence)
        guard age < UInt64(Self.historyCapacity), age < packetsSent else { return }
        let wanted = index - age
        let packet = history[Int(wanted % UInt64(Self.historyCapacity))]
        guard packet.index == wanted else { return }
        retransmissionIndex += 1
        retransmissions += 1
        let length = seal(
            packet, by: retransmissionWriter, ssrc: retransmissionWriter.ssrc, index: retransmissionIndex, time,
            original: sequence, arena)
        var run = cnet_outbound(data: arena, length: UInt32(length), segment: 0, to: target)
        var segmentation: Int32 = 1
        _ = cnet_send(fd, &run, 1, &segmentation)
    }

    private func seal(
        _ packet: Packet, by writer: HeaderWriter, ssrc: UInt32, index: UInt64, _ time: Int64, original: UInt16?,
        _ out: UnsafeMutableRawPointer
    ) -> Int {
        transportSequence &+= 1
        let values = HeaderWriter.Values(
            sequence: UInt16(truncatingIfNeeded: index), timestamp: packet.timestamp, marker: packet.isLast,
            hasPadding: false,
            transportSequence: transportSequence,
            sendTime: UInt32(truncatingIfNeeded: (time << 18) / 1_000_000) & 0xff_ffff)
        let header = writer.write(
            values, source: UnsafeRawBufferPointer(start: nil, count: 0), fields: ExtensionFields(), to: out)
        // RFC 7741: X and, at the frame's start, S; a 15-bit picture ID. Then the frame tag, and for a keyframe the start code.
        var start: [UInt8] = original.map { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] } ?? []
        start += [
            packet.isFirst ? 0x90 : 0x80, 0x80, 0x80 | UInt8(packet.picture >> 8),
            UInt8(truncatingIfNeeded: packet.picture),
        ]
        if packet.isFirst {
            start += packet.isKeyframe ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01] : [0x11, 0, 0]
        }
        let descriptor = original == nil ? 4 : 6
        let rest = max(0, packet.payload - (start.count - descriptor) - PayloadStamp.length)
        let stamp = PayloadStamp(source: self.ssrc, sequence: packet.index, sentAt: packet.sentAt)
        let length = withUnsafeTemporaryAllocation(byteCount: PayloadStamp.length, alignment: 8) { end -> Int? in
            guard let endBase = end.baseAddress else { return nil }
            stamp.write(to: endBase)
            return start.withUnsafeBytes { head in
                let parts = [
                    copenssl_part(data: head.baseAddress, length: Int32(head.count)),
                    copenssl_part(data: PayloadStamp.body(of: packet.index), length: Int32(rest)),
                    copenssl_part(data: endBase, length: Int32(PayloadStamp.length)),
                ]
                return sealer.seal(headerLength: header, parts: parts, partCount: 3, ssrc: ssrc, index: index, out: out)
            }
        }
        return length ?? 0
    }
}
