internal import RelayControl
internal import RelayIO
internal import RelayProtocol

/// One participant's connection to what another sends: it checks every packet and gives the feedback a browser gives.
final class Subscription: MediaClient {
    /// What was sent back, and what was lost on purpose.
    struct Feedback {
        /// Packets thrown away as they came.
        var dropped: UInt64 = 0
        /// Packets asked for again, repetitions included.
        var nacked: UInt64 = 0
        var keyframesAskedFor = 0
        /// Transport-wide reports.
        var reports: UInt64 = 0
    }

    let connection: PeerConnection
    let path: SimulatedPath?
    /// Of the publisher.
    let producer: String
    let streams: [ReceivedStream]
    /// Packets that did not decrypt.
    private(set) var forged: UInt64 = 0
    private(set) var feedback = Feedback()

    /// A stream's SSRC, or that of its retransmissions. There are few, and looking through them costs less than hashing.
    private struct Route {
        var ssrc: UInt32
        var stream: ReceivedStream
        var isRetransmission: Bool
    }

    private let routes: [Route]
    private var extensions: ExtensionTable?
    private let arrivals = TransportFeedback()
    private let ownSSRC = UInt32.random(in: 1...UInt32.max)
    private var nextReport: Int64 = 0
    private var loss: SimulatedLoss

    /// - Parameters:
    ///   - offer: the server's.
    ///   - sources: what the publisher sends with.
    ///   - loss: which packets are thrown away as if the network had lost them.
    ///   - path: the participant's, where it is a slow one.
    init(
        _ connection: PeerConnection, producer: String, offer: String, sources: SessionText.Sources,
        ledger: LatencyLedger, loss: SimulatedLoss = SimulatedLoss(),
        path: SimulatedPath? = nil
    ) throws(LoadError) {
        self.connection = connection
        self.producer = producer
        self.path = path
        self.loss = loss
        var streams: [ReceivedStream] = []
        var routes: [Route] = []
        var map = ExtensionMap()
        do {
            for media in try SessionDescription(parsing: offer).media {
                let rtp = try RTPMedia(media)
                let group = rtp.groups.first { $0.semantics == "FID" && $0.sources.count == 2 }?.sources
                let isVideo = media.kind == "video"
                let sent = isVideo ? sources.layers.map(\.ssrc) : [sources.audio].compactMap(\.self)
                guard let ssrc = group?[0] ?? rtp.sources.first, !sent.isEmpty else { continue }
                let stream = ReceivedStream(
                    codec: isVideo ? sources.codec : nil, ssrc: ssrc, sources: sent, ledger: ledger)
                streams.append(stream)
                routes.append(Route(ssrc: ssrc, stream: stream, isRetransmission: false))
                if let group { routes.append(Route(ssrc: group[1], stream: stream, isRetransmission: true)) }
                for entry in rtp.extensions where HeaderExtension(uri: entry.uri) == .transportSequence {
                    map[.transportSequence] = UInt8(truncatingIfNeeded: entry.id)
                }
            }
        } catch {
            throw .server("the server's offer cannot be read: \(error)")
        }
        self.streams = streams
        self.routes = routes
        extensions = map[.transportSequence] == 0 ? nil : ExtensionTable(map)
    }

    func takeControl(_ packet: UnsafeRawBufferPointer, at time: Int64) {
        var reader = RTCPReader(packet)
        while let part = reader.next() {
            guard case .senderReport(let report) = part else { continue }
            route(of: report.info.ssrc)?.stream.statistics.received(report.info, at: Instant(microseconds: time))
        }
    }

    private func route(of ssrc: UInt32) -> Route? { routes.first { $0.ssrc == ssrc } }

    func takeMedia(_ packet: UnsafeMutableRawBufferPointer, at time: Int64) {
        if loss.hits() {
            feedback.dropped += 1
            return
        }
        guard let opener = connection.opener, let header = PacketHeader(UnsafeRawBufferPointer(packet)) else { return }
        guard let route = route(of: header.ssrc) else {
            forged += 1
            return
        }
        let stream = route.stream
        let opened =
            route.isRetransmission
            ? opener.open(packet, header: header, window: &stream.retransmissionWindow)
            : opener.open(packet, header: header, window: &stream.window)
        guard let length = opened else {
            forged += 1
            return
        }
        let bytes = UnsafeRawBufferPointer(rebasing: packet[..<length])
        let instant = Instant(microseconds: time)
        if let extensions,
            let value = ExtensionFields(bytes, header: header, table: extensions).bytes(.transportSequence, in: bytes),
            let sequence = value.uint16(at: 0)
        {
            arrivals.received(sequence: sequence, at: instant)
        }
        let padding = header.hasPadding ? Int(bytes.last ?? 0) : 0
        guard let payload = bytes.part(at: header.length, length: length - header.length - padding) else { return }
        if route.isRetransmission {
            // An empty one is padding that probes the bandwidth.
            guard let original = payload.uint16(at: 0), let rest = payload.part(at: 2, length: payload.count - 2),
                rest.count > 0
            else {
                return
            }
            _ = stream.missing.received(original, at: instant)
            stream.take(rest, marker: header.marker, isRetransmission: true, at: time)
        } else if payload.count > 0 {
            stream.statistics.received(
                sequence: header.sequence, timestamp: header.timestamp, bytes: length, at: instant)
            if stream.isVideo { _ = stream.missing.received(header.sequence, at: instant) }
            stream.take(payload, marker: header.marker, isRetransmission: false, at: time)
        }
    }

    func tick(_ time: Int64) {
        connection.tick(time)
        guard connection.state == .connected else { return }
        let instant = Instant(microseconds: time)
        if time >= nextReport { report(time) }
        for stream in streams where stream.isVideo {
            let due = stream.missing.poll(at: instant)
            guard due.sequences.count > 0 || due.needsKeyframe else { continue }
            feedback.nacked += UInt64(due.sequences.count)
            if due.needsKeyframe { feedback.keyframesAskedFor += 1 }
            connection.sendControl { writer in
                let media = stream.statistics.ssrc
                if due.sequences.count > 0 { _ = writer.nack(sender: ownSSRC, media: media, sequences: due.sequences) }
                if due.needsKeyframe { _ = writer.pictureLoss(sender: ownSSRC, media: media) }
            }
        }
        if let deadline = arrivals.deadline, deadline <= instant, let stream = streams.last {
            connection.sendControl { writer in
                feedback.reports += UInt64(
                    arrivals.poll(at: instant, sender: ownSSRC, media: stream.statistics.ssrc, into: &writer))
            }
        }
    }

    private func report(_ time: Int64) {
        let isFirst = nextReport == 0
        // Spread over the second, as independent browsers' would be.
        nextReport = time + (isFirst ? Int64.random(in: 0..<1_000_000) : 1_000_000)
        guard !isFirst else { return }
        connection.sendControl { writer in
            guard writer.receiverReport(sender: ownSSRC) else { return }
            for stream in streams {
                if let block = stream.statistics.reportBlock(at: Instant(microseconds: time)) {
                    _ = writer.reportBlock(block)
                }
            }
        }
    }
}
