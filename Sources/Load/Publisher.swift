internal import CNet
internal import Glibc
internal import RelayControl
internal import RelayIO
internal import RelayProtocol

/// What one participant sends, and how it answers the server's feedback.
final class Publisher: MediaClient {
    /// What a publisher sends.
    struct Plan {
        var sendsAudio: Bool
        var isDiscontinuous = false
        var codec = VideoCodec.vp8
        /// One, or with simulcast the layers' from the smallest up; none: no video.
        var traces: [VideoTrace]
        /// Per cent of packets that are thrown away instead of sent.
        var lossPercent = 0.0
        var seed: UInt64 = 0
    }

    /// What came back.
    struct Feedback {
        var keyframesAskedFor = 0
        /// Transport-wide reports.
        var reports: UInt64 = 0
        /// Packets that the server asked for again.
        var nacked: UInt64 = 0
        /// Receiver reports' blocks.
        var receiverReports: UInt64 = 0
    }

    let connection: PeerConnection
    let sources: SessionText.Sources
    private(set) var audio: AudioSender?
    /// By layer; empty before the connection is there.
    private(set) var video: [VideoSender] = []
    private(set) var feedback = Feedback()
    private(set) var outbox: Outbox?

    private let plan: Plan
    private var nextReport: Int64 = 0
    private static let realTimeOffset: Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000 - now()
    }()

    init(_ connection: PeerConnection, _ plan: Plan) {
        self.connection = connection
        self.plan = plan
        // Sixteen apart, so that none equals another of this publisher.
        let base = UInt32.random(in: 1...UInt32.max / 16 - 1) * 16
        let isSimulcast = plan.traces.count > 1
        let layers = plan.traces.indices.map { number in
            let rid = isSimulcast ? VideoTrace.simulcastLayers[number % VideoTrace.simulcastLayers.count].rid : nil
            return SessionText.Sources.Layer(
                rid: rid, ssrc: base + 1 + UInt32(number), retransmission: base + 8 + UInt32(number))
        }
        sources = SessionText.Sources(
            audio: plan.sendsAudio ? base : nil, layers: layers, codec: plan.codec,
            isDiscontinuous: plan.isDiscontinuous)
    }

    /// Sends what is due; returns when to call again.
    func advance(_ time: Int64) -> Int64 {
        guard connection.state == .connected else { return .max }
        if outbox == nil { begin(time) }
        var next = audio?.advance(time) ?? .max
        for sender in video { next = min(next, sender.advance(time)) }
        return next
    }

    private func begin(_ time: Int64) {
        guard let sealer = connection.sealer else { return }
        let outbox = Outbox(
            sealer: sealer, fd: connection.fd, to: connection.remote,
            loss: SimulatedLoss(percent: plan.lossPercent, seed: plan.seed))
        self.outbox = outbox
        if let ssrc = sources.audio {
            audio = AudioSender(
                ssrc: ssrc, pattern: TalkPattern(isDiscontinuous: plan.isDiscontinuous, seed: plan.seed), by: outbox,
                at: time)
        }
        video = zip(plan.traces, sources.layers).map { trace, layer in
            let sender = VideoSender(
                trace, codec: plan.codec, ssrc: layer.ssrc, retransmissionSSRC: layer.retransmission, rid: layer.rid,
                by: outbox)
            sender.restart(at: time)
            return sender
        }
    }

    func takeControl(_ packet: UnsafeRawBufferPointer, at time: Int64) {
        var reader = RTCPReader(packet)
        while let part = reader.next() {
            switch part {
            case .pictureLoss(let request):
                feedback.keyframesAskedFor += 1
                // Some servers name the first stream, or none, whichever they mean.
                for sender in sender(of: request.media).map({ [$0] }) ?? video { sender.wantsKeyframe = true }
            case .fullIntraRequest(let request):
                feedback.keyframesAskedFor += 1
                for entry in request { sender(of: entry.ssrc)?.wantsKeyframe = true }
            case .nack(let nack):
                guard let sender = sender(of: nack.media) else { continue }
                for sequence in nack {
                    feedback.nacked += 1
                    sender.resend(sequence, at: time)
                }
            case .transportFeedback: feedback.reports += 1
            case .receiverReport(let report): note(report.blocks)
            case .senderReport(let report): note(report.blocks)
            case .extendedReport(let report): answer(report)
            default: break
            }
        }
    }

    /// Lets the server measure the round trip, as browsers do.
    private func answer(_ report: ExtendedReport) {
        guard let time = report.referenceTime, let own = video.first?.ssrc ?? audio?.ssrc else { return }
        connection.sendControl { writer in
            _ = writer.answer(
                sender: own, to: report.sender, lastReference: UInt32(truncatingIfNeeded: time >> 16), delay: 0)
        }
    }

    private func sender(of ssrc: UInt32) -> VideoSender? { video.first { $0.ssrc == ssrc } }

    private func note(_ blocks: ReportBlocks) {
        for block in blocks {
            feedback.receiverReports += 1
            if audio?.ssrc == block.ssrc { audio?.isKnown = true }
            sender(of: block.ssrc)?.isKnown = true
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
            for sender in video {
                report(&writer, sender.ssrc, sender.timestamp, sender.packetsSent, sender.bytesSent, time)
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
