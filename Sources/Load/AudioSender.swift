internal import CNet
internal import COpenSSL
internal import RelayControl
internal import RelayIO
internal import RelayProtocol

/// Sends one Opus-shaped packet every 20 ms.
final class AudioSender {
    private(set) var packetsSent: UInt64 = 0
    private(set) var bytesSent: UInt64 = 0
    private(set) var timestamp: UInt32 = 48_000
    let ssrc: UInt32

    /// 32 kbit/s.
    private static let payloadBytes = 80
    private static let interval: Int64 = 20_000
    private let sealer: PacketSealer
    private let writer: HeaderWriter
    private var next: Int64
    /// Of the newest packet.
    private(set) var index: UInt64 = 500
    private let connection: PeerConnection

    /// Nil where the connection is not yet connected.
    init?(_ connection: PeerConnection, ssrc: UInt32, at time: Int64) {
        guard let sealer = connection.sealer else { return nil }
        self.connection = connection
        self.sealer = sealer
        self.ssrc = ssrc
        next = time
        // No transport-wide sequence: senders that estimate bandwidth by video alone have none on audio.
        var extensions = ExtensionMap()
        extensions[.mid] = SessionText.audioExtensions[.mid]
        writer = HeaderWriter(
            ssrc: ssrc, payloadType: SessionText.audioPayloadType, extensions: extensions, mid: SessionText.audioMid)
    }

    /// Sends what is due; returns when to call again.
    func advance(_ time: Int64) -> Int64 {
        while time >= next {
            // After a pause the clock goes on, but what nobody spoke is not sent.
            if time - next < 1_000_000 { send(time) }
            next += Self.interval
            timestamp &+= 960
        }
        return next
    }

    private func send(_ time: Int64) {
        index += 1
        let values = HeaderWriter.Values(
            sequence: UInt16(truncatingIfNeeded: index), timestamp: timestamp, marker: packetsSent == 0,
            hasPadding: false,
            transportSequence: 0, sendTime: 0)
        withUnsafeTemporaryAllocation(byteCount: 512, alignment: 8) { memory in
            guard let out = memory.baseAddress else { return }
            let header = writer.write(
                values, source: UnsafeRawBufferPointer(start: nil, count: 0), fields: ExtensionFields(), to: out)
            let stampAt = out + 480
            PayloadStamp(source: ssrc, sequence: index, sentAt: time).write(to: stampAt)
            let parts = [
                copenssl_part(
                    data: PayloadStamp.body(of: index), length: Int32(Self.payloadBytes - PayloadStamp.length)),
                copenssl_part(data: stampAt, length: Int32(PayloadStamp.length)),
            ]
            guard
                let length = sealer.seal(
                    headerLength: header, parts: parts, partCount: 2, ssrc: ssrc, index: index, out: out)
            else {
                return
            }
            connection.send(UnsafeRawBufferPointer(start: out, count: length))
            packetsSent += 1
            bytesSent += UInt64(length)
        }
    }
}
