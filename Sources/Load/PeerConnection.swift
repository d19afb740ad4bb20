package import CNet
internal import Glibc
internal import RelayControl
package import RelayIO
package import RelayProtocol

/// One browser-like connection on a socket of its own: ICE controlling, DTLS client, the keys of SRTP.
package final class PeerConnection {
    package enum State: Equatable, Sendable {
        case idle, checking, handshaking, connected
        case failed(String)
    }

    package let local: SessionText.Local
    /// Stays the same for the connection's life, though what it stands for may change in `connect`.
    package let fd: Int32
    /// What our socket is bound to.
    private let own: Endpoint
    package private(set) var state = State.idle
    /// Where protected packets go, and how, once connected.
    package private(set) var sealer: PacketSealer?
    package private(set) var opener: PacketOpener?
    package private(set) var remote = cnet_endpoint()
    /// What whoever waits for it calls it.
    var tag: UInt32 = 0

    /// The socket that was offered, where another took its place: nobody else is to get the port that the server was told.
    private var offered: Int32 = -1
    private let certificate: Certificate
    private var checks: ControllingChecks?
    private var endpoint: DTLSEndpoint?
    private var nextCheck: Int64 = 0
    private var nextTimeout: Int64?

    /// - Parameter host: the address of this machine that the socket is bound to.
    package init(_ certificate: Certificate, host: String = "127.0.0.1") throws(LoadError) {
        self.certificate = certificate
        var address = cnet_endpoint()
        guard cnet_endpoint_parse(host, 0, &address) == 0 else { throw .machine("\(host) is no address") }
        own = Endpoint(address)
        fd = cnet_udp_open(&address)
        guard fd >= 0 else { throw .machine("no UDP socket: \(String(cString: strerror(errno)))") }
        cnet_stamp_arrivals(fd)
        local = SessionText.Local(
            ufrag: Self.token(8), password: Self.token(24), fingerprint: certificate.fingerprint,
            candidate: (host, address.port))
    }

    deinit {
        _ = Glibc.close(fd)
        if offered >= 0 { _ = Glibc.close(offered) }
    }

    private static func token(_ count: Int) -> String {
        String((0..<count).compactMap { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() })
    }

    /// Begins to connect to what the server described.
    package func connect(to description: SessionText.Remote) throws(LoadError) {
        guard cnet_endpoint_parse(description.address, description.port, &remote) == 0 else {
            throw .server("\(description.address) is no address")
        }
        let server = Endpoint(remote)
        if server.isIPv6 != own.isIPv6 || own.isLoopback && !server.isLoopback { try changeSocket(for: server) }
        checks = ControllingChecks(
            local: local, remoteUfrag: description.ufrag, remotePassword: description.password)
        do {
            endpoint = try DTLSEndpoint(certificate: certificate, isClient: true, expected: description.fingerprints)
        } catch {
            throw .machine("DTLS: \(error)")
        }
        state = .checking
    }

    /// The server takes media where there is no way from our socket, which is known only now: at another kind of address than its API, or
    /// not on loopback as that is. It learns of the new socket by our checks.
    private func changeSocket(for server: Endpoint) throws(LoadError) {
        let host = server.isIPv6 ? (server.isLoopback ? "::1" : "::") : (server.isLoopback ? "127.0.0.1" : "0.0.0.0")
        var address = cnet_endpoint()
        guard cnet_endpoint_parse(host, 0, &address) == 0 else { throw .machine("\(host) is no address") }
        let other = cnet_udp_open(&address)
        guard other >= 0 else { throw .machine("no UDP socket at \(host): \(String(cString: strerror(errno)))") }
        defer { _ = Glibc.close(other) }
        offered = dup(fd)
        guard offered >= 0, dup2(other, fd) >= 0 else {
            throw .machine("no UDP socket at \(host): \(String(cString: strerror(errno)))")
        }
        cnet_stamp_arrivals(fd)
    }

    /// Takes a STUN response or a DTLS record.
    package func takeHandshake(_ datagram: UnsafeRawBufferPointer) {
        guard let first = datagram.first else { return }
        switch first {
        case 0...3: takeCheck(datagram)
        case 20...63:
            endpoint?.receive(datagram)
            advanceHandshake()
        default: break
        }
    }

    private func takeCheck(_ datagram: UnsafeRawBufferPointer) {
        if ControllingChecks.isRequest(datagram) {
            checks?.answer(to: datagram, from: remote)?.withUnsafeBytes { send($0) }
            return
        }
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
                opener = try PacketOpener(keys.receiving, profile: keys.profile)
                state = .connected
            } catch {
                state = .failed("\(error)")
            }
        }
    }

    /// Does what is due: checks (every 50 ms until one is answered, then every 2 s) and DTLS retransmission.
    package func tick(_ time: Int64) {
        guard state != .idle else { return }
        if time >= nextCheck, let checks {
            nextCheck = time + (state == .checking ? 50_000 : 2_000_000)
            checks.request().withUnsafeBytes { send($0) }
        }
        if let due = nextTimeout, time >= due {
            endpoint?.handleTimeout()
            advanceHandshake()
        }
    }

    /// Protects and sends what `write` puts into a compound packet; nothing where it wrote nothing.
    package func sendControl(_ write: (inout RTCPWriter) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 1_400, alignment: 8) { memory in
            var writer = RTCPWriter(UnsafeMutableRawBufferPointer(rebasing: memory[..<1_200]))
            write(&writer)
            guard !writer.isEmpty, let sealer, let base = memory.baseAddress,
                let length = sealer.sealControl(base, length: writer.count)
            else { return }
            send(UnsafeRawBufferPointer(start: base, count: length))
        }
    }

    package func send(_ datagram: UnsafeRawBufferPointer) {
        var run = cnet_outbound(data: datagram.baseAddress, length: UInt32(datagram.count), segment: 0, to: remote)
        var segmentation: Int32 = 1
        _ = cnet_send(fd, &run, 1, &segmentation)
    }

    /// Ends the association, so that the server hears of it.
    package func close() {
        endpoint?.close()
        endpoint?.drain { send($0) }
        if state != .idle { state = .failed("closed") }
    }

}
