import CNet
import COpenSSL
import Foundation
import RelayControl
import RelayIO
import RelayProtocol

/// Sends a trace as a browser does: each frame in one burst of at most 25 kB, what is left of it 40 ms later.
final class VideoSender {
    private struct Packet {
        var payload: Int
        var isFirst: Bool
        var isLast: Bool
        var isKeyframe: Bool
        var timestamp: UInt32
        var picture: UInt16
    }

    private(set) var packetsSent: UInt64 = 0
    /// Makes the next frame a keyframe of the trace's first size.
    var wantsKeyframe = false

    private var trace: VideoTrace
    private let sealer: PacketSealer
    private let fd: Int32
    private let target: cnet_endpoint
    private let writer: HeaderWriter
    private let ssrc: UInt32
    private var queue: [Packet] = []
    private var nextBurst: Int64 = 0
    private var nextFrame: Int64 = 0
    private var frame = 0
    private var index: UInt64 = 1_000
    private var timestamp: UInt32 = 90_000
    private var picture: UInt16 = 0
    private var transportSequence: UInt16 = 0

    private static let burstBytes = 25_000
    private static let burstInterval: Int64 = 40_000
    private static let slot = 2_048
    private let arena = UnsafeMutableRawPointer.allocate(
        byteCount: Int(CNET_SEND_BATCH) * VideoSender.slot, alignment: 64)
    private let pixels = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)

    init(_ trace: VideoTrace, sealer: PacketSealer, ssrc: UInt32, fd: Int32, to target: cnet_endpoint) {
        self.trace = trace
        self.sealer = sealer
        self.ssrc = ssrc
        self.fd = fd
        self.target = target
        writer = HeaderWriter(
            ssrc: ssrc, payloadType: SessionText.videoPayloadType, extensions: SessionText.videoExtensions,
            mid: SessionText.videoMid)
        var state: UInt64 = 7
        for at in pixels.indices {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            pixels[at] = UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    deinit {
        arena.deallocate()
        pixels.deallocate()
    }

    /// Starts the trace, or another one, from its first frame; RTP goes on where it was.
    func restart(at time: Int64, with other: VideoTrace? = nil) {
        if let other { trace = other }
        frame = 0
        nextFrame = time
        nextBurst = time
        queue.removeAll(keepingCapacity: true)
    }

    /// Sends what is due; returns when to call again.
    func advance(_ time: Int64) -> Int64 {
        while time >= nextFrame {
            enqueue()
            nextFrame += 1_000_000 / Int64(VideoTrace.framesPerSecond)
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
        timestamp &+= UInt32(90_000 / VideoTrace.framesPerSecond)
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
                let length = seal(queue[runs.count], time, out)
                budget -= length
                runs.append(cnet_outbound(data: out, length: UInt32(length), segment: 0, to: target))
            }
            queue.removeFirst(runs.count)
            packetsSent += UInt64(runs.count)
            var segmentation: Int32 = 1
            _ = cnet_send(fd, runs, Int32(runs.count), &segmentation)
        }
        nextBurst = queue.isEmpty ? time : time + Self.burstInterval
    }

    private func seal(_ packet: Packet, _ time: Int64, _ out: UnsafeMutableRawPointer) -> Int {
        index += 1
        transportSequence &+= 1
        let values = HeaderWriter.Values(
            sequence: UInt16(truncatingIfNeeded: index), timestamp: packet.timestamp, marker: packet.isLast,
            hasPadding: false,
            transportSequence: transportSequence,
            sendTime: UInt32(truncatingIfNeeded: (time << 18) / 1_000_000) & 0xff_ffff)
        let header = writer.write(
            values, source: UnsafeRawBufferPointer(start: nil, count: 0), fields: ExtensionFields(), to: out)
        // RFC 7741: X and, at the frame's start, S; a 15-bit picture ID. Then the frame tag, and for a keyframe the start code.
        var start: [UInt8] = [
            packet.isFirst ? 0x90 : 0x80, 0x80, 0x80 | UInt8(packet.picture >> 8),
            UInt8(truncatingIfNeeded: packet.picture),
        ]
        if packet.isFirst {
            start += packet.isKeyframe ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01] : [0x11, 0, 0]
        }
        let rest = packet.payload - (start.count - 4)
        let length = start.withUnsafeBytes { head in
            let parts = [
                copenssl_part(data: head.baseAddress, length: Int32(head.count)),
                copenssl_part(data: pixels.baseAddress, length: Int32(max(0, rest))),
            ]
            return sealer.seal(headerLength: header, parts: parts, partCount: 2, ssrc: ssrc, index: index, out: out)
        }
        return length ?? 0
    }
}
