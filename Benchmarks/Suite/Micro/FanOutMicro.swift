import CBench
import Load
import RelayControl
import RelayIO
import RelayProtocol

/// A frame to one, ten, a hundred and a thousand consumers, by the worker's own classes and a socket.
struct FanOutMicro {
    let limit: Limit
    private let datagrams = 16_000

    func run() throws -> [MicroRow] {
        var rows: [MicroRow] = []
        for (packets, payload, name) in [(8, 1_100, "a frame of 8 packets"), (1, 100, "one packet of audio")] {
            for consumers in [1, 10, 100, 1_000] {
                rows.append(try row(consumers, packets, payload, "\(name), 1→\(consumers)"))
            }
        }
        return rows
    }

    private func row(_ consumers: Int, _ packets: Int, _ payload: Int, _ name: String) throws -> MicroRow {
        let sink = try Sink()
        let codec = CodecParameters(name: .VP8, payloadType: 96, retransmissionPayloadType: 97, clockRate: 90_000)
        let incoming = IncomingTrack(
            mid: "1", kind: .video, codec: codec, extensions: SessionText.videoExtensions, feedback: [])
        let outgoing = OutgoingTrack(
            mid: "1", sourceMid: "1", kind: .video, codec: codec, extensions: SessionText.videoExtensions, feedback: [],
            ssrc: 0, retransmissionSSRC: 9, canonicalName: "rig")
        let rig = try FanOutRig(
            consumers: consumers, incoming: incoming, outgoing: outgoing, profile: .gcm128, port: sink.port)
        let frames = max(2, datagrams / consumers / packets)
        let perFrame = UInt64(consumers * packets)
        rig.forward(packets: packets, payload: payload)
        return try interleaved(name, limit: limit) {
            let before = rig.sent.datagrams
            let spent = timed(frames * consumers * packets) {
                for _ in 0..<frames { rig.forward(packets: packets, payload: payload) }
            }
            let (datagrams, dropped) = rig.sent
            return datagrams - before == UInt64(frames) * perFrame && dropped == 0 ? spent : -1
        } bound: {
            // 28: the length of the header with its three extensions.
            cbench_raw_fan_out(
                sink.port, Int32(consumers), Int32(packets), 28, Int32(payload), Int32(frames))
        }
    }
}
