internal import RelayControl
internal import RelayIO
internal import RelayProtocol

/// One participant's connection to what another sends: it checks every packet and gives the feedback a browser gives.
final class Subscription: MediaClient {
    let connection: PeerConnection
    /// Of the publisher.
    let producer: String
    private(set) var streams: [UInt32: ReceivedStream] = [:]
    /// Packets that did not decrypt.
    private(set) var forged: UInt64 = 0

    private let ledger: LatencyLedger
    /// Retransmission SSRC to that of the stream.
    private var retransmissions: [UInt32: UInt32] = [:]
    private var extensions: ExtensionTable?
    private let feedback = TransportFeedback()
    private let ownSSRC = UInt32.random(in: 1...UInt32.max)
    private var nextReport: Int64 = 0

    /// - Parameters:
    ///   - offer: the server's.
    ///   - sources: what the publisher sends with.
    init(
        _ connection: PeerConnection, producer: String, offer: String, sources: SessionText.Sources,
        ledger: LatencyLedger
    ) throws(LoadError) {
        self.connection = connection
        self.producer = producer
        self.ledger = ledger
        do {
            var map = ExtensionMap()
            for media in try SessionDescription(parsing: offer).media {
                let rtp = try RTPMedia(media)
                let group = rtp.groups.first { $0.semantics == "FID" && $0.sources.count == 2 }?.sources
                let isVideo = media.kind == "video"
                guard let ssrc = group?[0] ?? rtp.sources.first, let source = isVideo ? sources.video : sources.audio
                else { continue }
                streams[ssrc] = ReceivedStream(isVideo: isVideo, ssrc: ssrc, source: source, ledger: ledger)
                if let group { retransmissions[group[1]] = ssrc }
                for entry in rtp.extensions where HeaderExtension(uri: entry.uri) == .transportSequence {
                    map[.transportSequence] = UInt8(truncatingIfNeeded: entry.id)
                }
            }
            extensions = map[.transportSequence] == 0 ? nil : ExtensionTable(map)
        } catch {
            throw .server("the server's offer cannot be read: \(error)")
        }
    }

    func takeControl(_ packet: UnsafeRawBufferPointer, at time: Int64) {
        var reader = RTCPReader(packet)
        while let part = reader.next() {
            guard case .senderReport(let report) = part else { continue }
            streams[report.info.ssrc]?.statistics.received(report.info, at: Instant(microseconds: time))
        }
    }

    func takeMedia(_ packet: UnsafeMutableRawBufferPointer, at time: Int64) {
        guard let opener = connection.opener, let header = PacketHeader(UnsafeRawBufferPointer(packet)) else { return }
        let isRetransmission = streams[header.ssrc] == nil
        guard let stream = streams[retransmissions[header.ssrc] ?? header.ssrc] else {
            forged += 1
            return
        }
        let opened =
            isRetransmission
            ? opener.open(packet, header: header, window: &stream.retransmissionWindow)
            : opener.open(packet, header: header, window: &stream.window)
        guard let length = opened else {
            forged += 1
            return
        }
        let bytes = UnsafeRawBufferPointer(rebasing: packet[..<length])
        let instant = Instant(microseconds: time)
        if let extensions,
            let value = ExtensionFields(bytes, header: header, table: extensions).bytes(.transportSequence, in: bytes)
        {
            if let sequence = value.uint16(at: 0) { feedback.received(sequence: sequence, at: instant) }
        }
        let padding = header.hasPadding ? Int(bytes.last ?? 0) : 0
        guard let payload = bytes.part(at: header.length, length: length - header.length - padding) else { return }
        if isRetransmission {
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
        connection.sendControl { writer in
            if time >= nextReport { report(&writer, time) }
            for (ssrc, stream) in streams where stream.isVideo {
                let due = stream.missing.poll(at: instant)
                if due.sequences.count > 0 { _ = writer.nack(sender: ownSSRC, media: ssrc, sequences: due.sequences) }
                if due.needsKeyframe { _ = writer.pictureLoss(sender: ownSSRC, media: ssrc) }
            }
            if let media = streams.first(where: { $0.value.isVideo })?.key ?? streams.first?.key {
                _ = feedback.poll(at: instant, sender: ownSSRC, media: media, into: &writer)
            }
        }
    }

    private func report(_ writer: inout RTCPWriter, _ time: Int64) {
        let isFirst = nextReport == 0
        // Spread over the second, as independent browsers' would be.
        nextReport = time + (isFirst ? Int64.random(in: 0..<1_000_000) : 1_000_000)
        guard !isFirst, writer.receiverReport(sender: ownSSRC) else { return }
        for stream in streams.values {
            if let block = stream.statistics.reportBlock(at: Instant(microseconds: time)) {
                _ = writer.reportBlock(block)
            }
        }
    }
}
