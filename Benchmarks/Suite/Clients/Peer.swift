import CBench
import Load
import RelayIO
import RelayProtocol

/// A connection that counts what it receives, decrypts a sample of it, and reports as browsers do.
final class Peer {
    let connection: PeerConnection
    private(set) var counts = cbench_counts()
    private(set) var checker: SampleChecker?
    /// Called for each decrypted RTCP datagram.
    var onControl: ((UnsafeRawBufferPointer) -> Void)?

    private var nextReport: Int64 = 0
    private let arrivals = TransportFeedback()
    private let ownSSRC = UInt32.random(in: 1...UInt32.max)

    init(_ certificate: Certificate) throws {
        connection = try PeerConnection(certificate)
        cbench_prepare(connection.fd)
    }

    /// Reports on every packet, if the server's offer asks for that.
    func report(asIn offer: String) throws {
        for media in try SessionDescription(parsing: offer).media {
            for entry in try RTPMedia(media).extensions where HeaderExtension(uri: entry.uri) == .transportSequence {
                counts.transport_extension = UInt8(truncatingIfNeeded: entry.id)
            }
        }
    }

    /// Takes everything that waits on the socket.
    func receive() {
        cbench_drain(
            connection.fd, &counts, checker == nil ? 0 : SampleChecker.every,
            { context, data, length in
                guard let context, let data else { return }
                Unmanaged<Peer>.fromOpaque(context).takeUnretainedValue().take(
                    UnsafeMutableRawBufferPointer(start: data, count: length))
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func take(_ datagram: UnsafeMutableRawBufferPointer) {
        guard let first = datagram.first else { return }
        switch first {
        case 128...191 where RTCPReader.isRTCP(UnsafeRawBufferPointer(datagram)):
            guard let length = connection.opener?.openControl(datagram) else { return }
            onControl?(UnsafeRawBufferPointer(rebasing: datagram[..<length]))
        case 128...191: checker?.check(datagram)
        default:
            connection.takeHandshake(UnsafeRawBufferPointer(datagram))
            prepareChecker()
        }
    }

    private func prepareChecker() {
        if checker == nil, let opener = connection.opener { checker = SampleChecker(opener) }
    }

    /// Does what is due: what the connection needs, and receiver reports.
    func tick(_ time: Int64) {
        connection.tick(time)
        if connection.state == .connected, time >= nextReport {
            // Spread over the second, as independent browsers' would be.
            if nextReport > 0, counts.stream_count > 0 { sendReport() }
            nextReport = time + (nextReport > 0 ? 1_000_000 : Int64.random(in: 0..<1_000_000))
        }
        reportArrivals(time)
    }

    private func reportArrivals(_ time: Int64) {
        for number in 0..<counts.arrived_count {
            arrivals.received(
                sequence: cbench_arrived(&counts, number),
                at: Instant(microseconds: cbench_arrived_at(&counts, number)))
        }
        counts.arrived_count = 0
        let instant = Instant(microseconds: time)
        guard let deadline = arrivals.deadline, deadline <= instant, counts.stream_count > 0 else { return }
        let media = counts.streams.0.ssrc
        connection.sendControl { _ = arrivals.poll(at: instant, sender: ownSSRC, media: media, into: &$0) }
    }

    private func sendReport() {
        let stream = counts.streams.0
        let block = ReportBlock(
            ssrc: stream.ssrc, fractionLost: 0, cumulativeLost: Int32(clamping: stream.missing),
            highestSequence: UInt32(stream.highest),
            jitter: 0, lastSenderReport: 0, delaySinceLastSenderReport: 0)
        connection.sendControl { writer in
            guard writer.receiverReport(sender: ownSSRC) else { return }
            _ = writer.reportBlock(block)
        }
    }

    var received: Received { Received(counts) }
}
