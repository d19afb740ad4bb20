internal import RelayProtocol

/// Sends Opus-shaped packets: one every 20 ms, with discontinuous transmission in pauses only one every 400 ms.
final class AudioSender {
    private(set) var packetsSent: UInt64 = 0
    private(set) var bytesSent: UInt64 = 0
    private(set) var timestamp: UInt32 = 48_000
    /// The receiver has reported on the stream, so that it need not be told any more which it is.
    var isKnown = false
    let ssrc: UInt32

    /// 32 kbit/s.
    private static let payloadBytes = 80
    private static let interval: Int64 = 20_000
    private let introduction: HeaderTemplate
    private let header: HeaderTemplate
    private let outbox: Outbox
    private var pattern: TalkPattern
    private var next: Int64
    /// Of the newest packet.
    private(set) var index: UInt64 = 500

    /// - Parameter outbox: shared with the connection's other streams.
    init(ssrc: UInt32, pattern: TalkPattern, by outbox: Outbox, at time: Int64) {
        self.ssrc = ssrc
        self.pattern = pattern
        self.outbox = outbox
        next = time
        let always: [HeaderTemplate.Element] = [.transportSequence, .sendTime, .audioLevel]
        introduction = HeaderTemplate(
            ssrc: ssrc, payloadType: SessionText.audioPayloadType, [.text(.mid, SessionText.audioMid)] + always)
        header = HeaderTemplate(ssrc: ssrc, payloadType: SessionText.audioPayloadType, always)
    }

    /// Sends what is due; returns when to call again.
    func advance(_ time: Int64) -> Int64 {
        while time >= next {
            let frame = pattern.next()
            // After a pause the clock goes on, but what nobody spoke is not sent.
            if time - next < 1_000_000, frame.kind != .nothing { send(frame, time) }
            next += Self.interval
            timestamp &+= 960
        }
        return next
    }

    private func send(_ frame: TalkPattern.Frame, _ time: Int64) {
        index += 1
        let length = outbox.add(
            Outbox.Packet(
                header: isKnown ? header : introduction,
                values: HeaderTemplate.Values(
                    sequence: UInt16(truncatingIfNeeded: index), timestamp: timestamp, marker: frame.marker, time: time,
                    audioLevel: frame.level),
                index: index, stamp: PayloadStamp(source: ssrc, sequence: index, sentAt: time),
                // A real one of comfort noise is shorter than what we check by.
                size: frame.kind == .speech ? Self.payloadBytes : PayloadStamp.length)
        ) { _ in 0 }
        outbox.flush()
        packetsSent += 1
        bytesSent += UInt64(length)
    }
}
