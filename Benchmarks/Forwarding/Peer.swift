import CBench
import CNet
import Foundation
import RelayControl
import RelayIO
import RelayProtocol

/// One browser-like peer connection on a socket of its own: ICE controlling, DTLS client, SRTP. It counts what it receives,
/// and decrypts a sample of it.
final class Peer {
    enum State: Equatable {
        case idle, checking, handshaking, connected
        case failed(String)
    }

    let local: SessionText.Local
    let port: UInt16
    let fd: Int32
    private(set) var state = State.idle
    private(set) var counts = cbench_counts()
    private(set) var checker: SampleChecker?
    /// Called for each decrypted RTCP datagram.
    var onControl: ((UnsafeRawBufferPointer) -> Void)?
    /// Where protected packets go once connected.
    private(set) var sealer: PacketSealer?
    private(set) var remote = cnet_endpoint()

    private let certificate: Certificate
    private var checks: ControllingChecks?
    private var endpoint: DTLSEndpoint?
    private var opener: PacketOpener?
    private var nextCheck: Int64 = 0
    private var nextReport: Int64 = 0
    private var nextTimeout: Int64?
    private let ownSSRC = UInt32.random(in: 1...UInt32.max)

    init(_ certificate: Certificate) throws {
        self.certificate = certificate
        var address = cnet_endpoint(high: 0, low: 0x7f00_0001, port: 0, is_ipv6: 0)
        fd = cnet_udp_open(&address)
        guard fd >= 0 else { throw BenchmarkError("no UDP socket: \(String(cString: strerror(errno)))") }
        port = address.port
        cbench_prepare(fd)
        local = SessionText.Local(ufrag: Self.token(8), password: Self.token(24), fingerprint: certificate.fingerprint)
    }

    deinit { close(fd) }

    private static func token(_ count: Int) -> String {
        String((0..<count).compactMap { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() })
    }

    /// Begins to connect to what the server described.
    func connect(to description: SessionText.Remote) throws {
        guard cnet_endpoint_parse(description.address, description.port, &remote) == 0 else {
            throw BenchmarkError("\(description.address) is no address")
        }
        checks = ControllingChecks(
            localUfrag: local.ufrag, remoteUfrag: description.ufrag, remotePassword: description.password)
        endpoint = try DTLSEndpoint(certificate: certificate, isClient: true, expected: description.fingerprints)
        state = .checking
    }

    /// Takes everything that waits on the socket.
    func receive() {
        cbench_drain(
            fd, &counts, checker == nil ? 0 : SampleChecker.every,
            { context, data, length in
                guard let context, let data else { return }
                Unmanaged<Peer>.fromOpaque(context).takeUnretainedValue().take(
                    UnsafeMutableRawBufferPointer(start: data, count: length))
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func take(_ datagram: UnsafeMutableRawBufferPointer) {
        guard let first = datagram.first else { return }
        switch first {
        case 0...3: takeResponse(UnsafeRawBufferPointer(datagram))
        case 20...63:
            endpoint?.receive(UnsafeRawBufferPointer(datagram))
            advanceHandshake()
        case 128...191 where RTCPReader.isRTCP(UnsafeRawBufferPointer(datagram)):
            guard let length = opener?.openControl(datagram) else { return }
            onControl?(UnsafeRawBufferPointer(rebasing: datagram[..<length]))
        case 128...191: checker?.check(datagram)
        default: break
        }
    }

    private func takeResponse(_ datagram: UnsafeRawBufferPointer) {
        guard checks?.isSuccess(datagram) == true, state == .checking else { return }
        state = .handshaking
        endpoint?.start()
        advanceHandshake()
    }

    private func advanceHandshake() {
        guard let endpoint else { return }
        endpoint.drain { send($0) }
        nextTimeout = endpoint.timeout.map { now() + $0.microseconds }
        switch endpoint.state {
        case .handshaking: break
        case .closed: state = .failed("closed by the server")
        case .failed(let reason): state = .failed(reason)
        case .connected:
            guard sealer == nil, let keys = endpoint.exportKeys() else { return }
            do {
                sealer = try PacketSealer(keys.sending, profile: keys.profile)
                let opener = try PacketOpener(keys.receiving, profile: keys.profile)
                checker = SampleChecker(opener)
                self.opener = opener
                state = .connected
            } catch {
                state = .failed("\(error)")
            }
        }
    }

    /// Does what is due: checks (every 50 ms until one is answered, then every 2 s), DTLS retransmission, receiver reports.
    func tick(_ time: Int64) {
        guard state != .idle else { return }
        if time >= nextCheck, let checks {
            nextCheck = time + (state == .checking ? 50_000 : 2_000_000)
            checks.request().withUnsafeBytes { send($0) }
        }
        if let due = nextTimeout, time >= due {
            endpoint?.handleTimeout()
            advanceHandshake()
        }
        if state == .connected, time >= nextReport {
            // Spread over the second, as independent browsers' would be.
            if nextReport > 0, counts.stream_count > 0 { sendReport() }
            nextReport = time + (nextReport > 0 ? 1_000_000 : Int64.random(in: 0..<1_000_000))
        }
    }

    private func sendReport() {
        let stream = counts.streams.0
        let block = ReportBlock(
            ssrc: stream.ssrc, fractionLost: 0, cumulativeLost: Int32(clamping: stream.missing),
            highestSequence: UInt32(stream.highest),
            jitter: 0, lastSenderReport: 0, delaySinceLastSenderReport: 0)
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { memory in
            var writer = RTCPWriter(memory)
            guard let sealer, let base = memory.baseAddress, writer.receiverReport(sender: ownSSRC),
                writer.reportBlock(block)
            else {
                return
            }
            guard let length = sealer.sealControl(base, length: writer.count) else { return }
            send(UnsafeRawBufferPointer(start: base, count: length))
        }
    }

    private func send(_ datagram: UnsafeRawBufferPointer) {
        var run = cnet_outbound(data: datagram.baseAddress, length: UInt32(datagram.count), segment: 0, to: remote)
        var segmentation: Int32 = 1
        _ = cnet_send(fd, &run, 1, &segmentation)
    }

    var received: Received { Received(counts) }
}
