internal import Glibc
internal import RelayControl
internal import RelayIO
internal import RelayProtocol

/// What one participant sends, and how it answers the server's feedback.
final class Publisher: MediaClient {
    let connection: PeerConnection
    let sources: SessionText.Sources
    private(set) var audio: AudioSender?
    private(set) var video: VideoSender?
    private(set) var keyframesAskedFor = 0

    private let trace: VideoTrace?
    private var nextReport: Int64 = 0
    private static let realTimeOffset: Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000 - now()
    }()

    /// - Parameter trace: nil for no video.
    init(_ connection: PeerConnection, sendsAudio: Bool, trace: VideoTrace?) {
        self.connection = connection
        self.trace = trace
        // Three apart, so that none equals another of this publisher.
        let base = UInt32.random(in: 1...UInt32.max / 4) * 4
        sources = SessionText.Sources(
            audio: sendsAudio ? base : nil, video: trace.map { _ in base + 1 }, retransmission: base + 2)
    }

    /// Sends what is due; returns when to call again.
    func advance(_ time: Int64) -> Int64 {
        guard connection.state == .connected else { return .max }
        if audio == nil, let ssrc = sources.audio { audio = AudioSender(connection, ssrc: ssrc, at: time) }
        if video == nil, let ssrc = sources.video, let trace, let sealer = connection.sealer {
            let sender = VideoSender(
                trace, sealer: sealer, ssrc: ssrc, retransmissionSSRC: sources.retransmission, fd: connection.fd,
                to: connection.remote)
            sender.restart(at: time)
            video = sender
        }
        return min(audio?.advance(time) ?? .max, video?.advance(time) ?? .max)
    }

    func takeControl(_ packet: UnsafeRawBufferPointer, at time: Int64) {
        var reader = RTCPReader(packet)
        while let part = reader.next() {
            switch part {
            case .pictureLoss, .fullIntraRequest:
                keyframesAskedFor += 1
                video?.wantsKeyframe = true
            case .nack(let nack) where nack.media == sources.video:
                for sequence in nack { video?.resend(sequence, at: time) }
            default: break
            }
        }
    }

    func takeMedia(_ packet: UnsafeMutableRawBufferPointer, at time: Int64) {}

    func tick(_ time: Int64) {
        connection.tick(time)
        guard connection.state == .connected, time >= nextReport else { return }
        let isFirst = nextReport == 0
        // Spread over the second, as independent browsers' would be.
        nextReport = time + (isFirst ? Int64.random(in: 0..<1_000_000) : 1_000_000)
        guard !isFirst else { return }
        connection.sendControl { writer in
            if let audio { report(&writer, audio.ssrc, audio.timestamp, audio.packetsSent, audio.bytesSent, time) }
            if let video, let ssrc = sources.video {
                report(&writer, ssrc, video.timestamp, video.packetsSent, video.bytesSent, time)
            }
        }
    }

    private func report(
        _ writer: inout RTCPWriter, _ ssrc: UInt32, _ timestamp: UInt32, _ packets: UInt64, _ bytes: UInt64,
        _ time: Int64
    ) {
        let real = UInt64(clamping: time + Self.realTimeOffset)
        let ntp = (real / 1_000_000 + 2_208_988_800) << 32 | (real % 1_000_000 << 32) / 1_000_000
        _ = writer.senderReport(
            SenderInfo(
                ssrc: ssrc, ntpTime: ntp, rtpTime: timestamp, packetCount: UInt32(truncatingIfNeeded: packets),
                octetCount: UInt32(truncatingIfNeeded: bytes)))
    }
}
