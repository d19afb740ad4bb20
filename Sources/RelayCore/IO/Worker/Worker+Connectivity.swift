internal import Log
internal import Loop
internal import RelayControl
internal import RelayProtocol

/// ICE and DTLS of a worker's transports.
extension Worker {
    func receiveSTUN(_ datagram: UnsafeRawBufferPointer, on path: Path) {
        let outcome = checks.handle(datagram, from: path.remote) { [unowned self] ufrag in
            byUfrag[ufrag]?.password(of: ufrag)
        }
        switch outcome {
        case .ignored: totals.datagramsRefused &+= 1
        case .refused(let length):
            totals.datagramsRefused &+= 1
            // Strangers get few answers, so that nobody can use us to flood a forged address.
            if length > 0, refusals.mayAnswer(at: now) { send(checks.reply, length, on: path) }
        case .accepted(let ufrag, let useCandidate, let length):
            guard let transport = byUfrag[ufrag] else { return }
            send(checks.reply, length, on: path)
            accept(transport, ufrag: ufrag, path: path, useCandidate: useCandidate)
        }
    }

    private func accept(_ transport: Transport, ufrag: String, path: Path, useCandidate: Bool) {
        let change = transport.paths.checked(on: path, useCandidate: useCandidate, at: now)
        if let evicted = change.evicted, byPath[evicted] === transport { byPath[evicted] = nil }
        byPath[path] = transport
        if transport.credentials.count > 1 {
            for old in transport.retireCredentials(before: ufrag) where byUfrag[old] === transport {
                byUfrag[old] = nil
            }
        }
        switch transport.state {
        case .new: setState(transport, .connecting)
        case .disconnected: setState(transport, transport.sealer != nil ? .connected : .connecting)
        default: break
        }
        if transport.remote?.weAreDTLSClient == true { beginDTLS(transport) }
    }

    /// Makes the DTLS association once the remote description and a path are there: as the client at once, as the server
    /// when the peer begins.
    func beginDTLS(_ transport: Transport) {
        guard transport.dtls == nil, let remote = transport.remote, transport.paths.selected != nil else { return }
        do {
            let dtls = try DTLSEndpoint(
                certificate: certificate, isClient: remote.weAreDTLSClient, expected: remote.fingerprints)
            transport.dtls = dtls
            if remote.weAreDTLSClient { dtls.start() }
            drainDTLS(transport)
        } catch {
            Log.error("dtls.set-up-failed", ["error": "\(error)"])
        }
    }

    func receiveDTLS(_ datagram: UnsafeRawBufferPointer, on path: Path) {
        guard let transport = byPath[path], transport.remote != nil else {
            totals.datagramsRefused &+= 1
            return
        }
        if let dtls = transport.dtls, dtls.isSettled {
            if datagram.first == Self.alertRecord { transport.alertedAt = transport.alertedAt ?? now }
            return
        }
        let isFirst = handshakes.isEmpty
        guard transport.dtls != nil || datagram.first == Self.handshakeRecord,
            handshakes.push(datagram, of: transport.id)
        else {
            totals.datagramsRefused &+= 1
            return
        }
        if isFirst { handshakeTurn?.post(()) }
    }

    private static let alertRecord: UInt8 = 21
    private static let handshakeRecord: UInt8 = 22

    /// One turn's share of what waits; the loop looks at its sockets before the next.
    func workOffHandshakes() {
        readClock()
        let start = now
        while let item = handshakes.next(at: now, turnBegan: start) {
            if let transport = transports[item.owner] { take(item.datagram, of: transport) }
            readClock()
        }
        flushQueues()
        if !handshakes.isEmpty { handshakeTurn?.post(()) }
    }

    private func take(_ datagram: [UInt8], of transport: Transport) {
        beginDTLS(transport)
        guard let dtls = transport.dtls else { return }
        datagram.withUnsafeBytes { dtls.receive($0) }
        drainDTLS(transport)
        follow(dtls, of: transport)
    }

    /// A peer repeats the handshake's last flight for some seconds at most.
    private static let settlingTime = Instant.Span.seconds(10)
    /// Who is still there checks at least this often (RFC 7675: every 5 s, give or take a fifth).
    private static let checkInterval = Instant.Span.seconds(8)

    /// Frees what an established subscriber's association holds, and believes the goodbyes that it can then not read where
    /// the checks stop too. (There are as many of these connections as pairs of participants; publishers are few.)
    private func settle(_ transport: Transport) {
        guard transport.inbound == nil, let dtls = transport.dtls, let connectedAt = transport.connectedAt else {
            return
        }
        if !dtls.isSettled {
            if now - connectedAt > Self.settlingTime { dtls.settle() }
        } else if let alertedAt = transport.alertedAt {
            if let lastCheck = transport.paths.lastCheck, lastCheck > alertedAt {
                transport.alertedAt = nil
            } else if now - alertedAt > Self.checkInterval {
                close(transport)
            }
        }
    }

    /// Acts on what became of an association.
    func follow(_ dtls: DTLSEndpoint, of transport: Transport) {
        switch dtls.state {
        case .handshaking: break
        case .connected: if transport.sealer == nil { takeKeys(dtls, transport) }
        case .closed: close(transport)
        case .failed(let reason):
            Log.warning("transport.dtls-failed", ["transport": "\(transport.id.value)", "reason": reason])
            close(transport)
        }
    }

    private func takeKeys(_ dtls: DTLSEndpoint, _ transport: Transport) {
        do {
            guard var keys = dtls.exportKeys() else { throw CipherError.setUp("SRTP profile") }
            defer {
                keys.sending.erase()
                keys.receiving.erase()
            }
            transport.sealer = try PacketSealer(keys.sending, profile: keys.profile, backend: cipher)
            transport.opener = try PacketOpener(keys.receiving, profile: keys.profile, backend: cipher)
            transport.inbound?.resetWindows()
            for consumer in transport.known.values { consumer.resetSealing() }
            transport.connectedAt = now
            transport.alertedAt = nil
            setState(transport, .connected)
            begin(transport)
        } catch {
            Log.warning("transport.no-keys", ["transport": "\(transport.id.value)", "error": "\(error)"])
            close(transport)
        }
    }

    func drainDTLS(_ transport: Transport) {
        guard let dtls = transport.dtls else { return }
        if let path = transport.paths.selected { dtls.drain { send($0, on: path) } }
        transport.dtlsDeadline = dtls.timeout.map { now + $0 }
        handshaking[transport.id] = transport.dtlsDeadline == nil ? nil : transport
    }

    // MARK: Time

    /// Retransmits handshakes that are due.
    func pollHandshakes() {
        for transport in Array(handshaking.values) {
            guard let deadline = transport.dtlsDeadline, deadline <= now, let dtls = transport.dtls else { continue }
            dtls.handleTimeout()
            drainDTLS(transport)
            follow(dtls, of: transport)
        }
    }

    /// Notices peers that went silent (RFC 7675) and forgets old paths. Everybody's turn comes four times a second.
    func pollConsent() {
        let worrying = min(Instant.Span.seconds(7), Instant.Span(microseconds: consentTimeout.microseconds / 2))
        for transport in roster.next(&consentRound, of: Self.consentParts) {
            // Before the remote description nobody can be expected; a backend may take its time to answer.
            guard transport.remote != nil || transport.paths.lastCheck != nil else { continue }
            let silence = now - (transport.paths.lastCheck ?? transport.describedAt ?? transport.openedAt)
            if silence > consentTimeout {
                Log.info("transport.consent-expired", ["transport": "\(transport.id.value)"])
                close(transport)
            } else if silence > worrying, transport.state == .connected {
                setState(transport, .disconnected)
            }
            settle(transport)
            for path in transport.paths.expire(at: now) where byPath[path] === transport { byPath[path] = nil }
        }
    }

    // MARK: Sending

    func send(_ bytes: UnsafeRawBufferPointer, on path: Path) {
        guard let source = bytes.baseAddress, sockets.indices.contains(path.socket) else { return }
        let queue = sockets[path.socket].queue
        queue.reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
        queue.commit(bytes.count, to: path.remote)
        queue.closeRun()
    }

    private func send(_ buffer: UnsafeMutableRawBufferPointer, _ length: Int, on path: Path) {
        send(UnsafeRawBufferPointer(rebasing: buffer[0..<min(length, buffer.count)]), on: path)
    }
}

/// How many error replies strangers get: 200 a second.
struct RefusalBudget {
    private var second: Int64 = 0
    private var used = 0

    mutating func mayAnswer(at now: Instant) -> Bool {
        let current = now.microseconds / 1_000_000
        if current != second {
            second = current
            used = 0
        }
        used += 1
        return used <= 200
    }
}
