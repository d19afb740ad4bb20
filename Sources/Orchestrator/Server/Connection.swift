internal import Glibc
internal import Log
internal import Loop
internal import Web

/// One client connection: requests in, responses out in the same order, until it closes or is taken over.
final class Connection: TakenConnection {
    /// A request on its way to its response.
    private struct Exchange {
        var head: RequestHead
        var decision: Gatekeeper.Decision
    }

    private enum Phase {
        /// Between requests, or within a header.
        case head
        case body(Exchange)
        /// Its handler has it. Nothing more is parsed before the response is written.
        case answering(Exchange)
        case taken(any Takeover)
        /// Was taken, and is about to end.
        case left
        /// Our last word is said; what the client still sends is thrown away, so that it can read ours.
        case lingering
        case closed
    }

    /// Input beyond this waits in the kernel while a request is answered.
    private static let maximumBacklog = 64 << 10
    /// With more than this unsent, the next request waits.
    private static let maximumUnsent = 256 << 10

    private let server: HTTPServer
    private let transport: Transport
    private let parser: RequestParser
    private var phase = Phase.head
    private var input: [UInt8] = []
    private var isReadingPaused = false
    private var isProcessing = false
    private var peerHasEnded = false
    private var timer: LoopTimer?
    private var unsentAtLastLook = 0

    init(server: HTTPServer, transport: Transport) {
        self.server = server
        self.transport = transport
        let settings = server.settings
        parser = RequestParser(
            limits: .init(
                header: settings.maximumHeaderBytes, target: settings.maximumTargetBytes,
                body: settings.maximumBodyBytes))
    }

    func start() {
        transport.onBytes = { [unowned self] in received($0) }
        transport.onEnd = { [unowned self] in ended(broken: $0) }
        transport.onDrained = { [unowned self] in drained() }
        transport.start()
        deadline(server.settings.headerTimeoutMilliseconds) { [unowned self] in headerTimedOut() }
    }

    // MARK: Input

    private func received(_ bytes: [UInt8]) {
        switch phase {
        case .head, .body, .answering:
            input += bytes
            process()
            if input.count > Self.maximumBacklog, !isReadingPaused {
                isReadingPaused = true
                transport.stopReading()
            }
        case .taken(let taker): taker.received(bytes)
        case .left, .lingering, .closed: break
        }
    }

    private func ended(broken: Bool) {
        peerHasEnded = true
        switch phase {
        case .answering where !broken: break  // it may still read the answer
        case .taken(let taker) where !broken: taker.peerEnded()
        case .head where !broken && transport.pendingBytes > 0: finish()
        case .lingering where !broken && transport.pendingBytes > 0: break
        default: drop()
        }
    }

    private func drained() {
        if case .head = phase {
            if peerHasEnded && input.isEmpty { return finish() }
            waitForRequest()
            process()
        } else if case .taken(let taker) = phase {
            taker.drained()
        } else if case .lingering = phase {
            if peerHasEnded { return drop() }
            deadline(server.settings.closeTimeoutMilliseconds) { [unowned self] in drop() }
        }
    }

    /// Takes requests out of the input until it is used up, or one of them has to be waited for.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        loop: while !input.isEmpty {
            switch phase {
            case .head where transport.pendingBytes > Self.maximumUnsent: break loop
            case .head, .body: break
            default: break loop
            }
            let wasWithinRequest = parser.isWithinRequest
            let (consumed, event) = input.withUnsafeBytes { parser.parse($0) }
            input.removeFirst(consumed)
            switch event {
            case .moreNeeded:
                if !wasWithinRequest, parser.isWithinRequest, case .head = phase {
                    deadline(server.settings.headerTimeoutMilliseconds) { [unowned self] in headerTimedOut() }
                }
            case .head(let head): headerEnded(head)
            case .complete(let body): requestEnded(body)
            case .failed(let problem): refuse(problem)
            }
        }
        resumeReading()
        if peerHasEnded, case .head = phase { finish() }
    }

    private func resumeReading() {
        guard isReadingPaused, input.count <= Self.maximumBacklog else { return }
        isReadingPaused = false
        transport.startReading()
    }

    // MARK: One request

    private func headerEnded(_ head: RequestHead) {
        var decision = server.gatekeeper.decide(head, remoteAddress: transport.remoteAddress)
        let expectation = head.headers["Expect"]
        if let expectation, expectation.lowercased() != "100-continue" {
            decision.verdict = .refuse(Gatekeeper.problem(.expectation, of: nil))
        }
        let exchange = Exchange(head: head, decision: decision)
        phase = .body(exchange)
        timer?.cancel()
        guard head.hasBody else { return }
        if case .refuse(let response) = decision.verdict {
            // A short body is read and forgotten, so that the connection can stay; else the answer is the last one.
            let isShort = head.contentLength.map { $0 <= UInt64(clamping: server.settings.maximumBodyBytes) } ?? true
            guard isShort, expectation == nil else { return answer(response, to: exchange, closing: true) }
            parser.discardsBody = true
        } else if expectation != nil, !head.isHTTP10, input.count <= 1 {
            // (The header's last line feed is still in the input.)
            transport.send(ResponseWriter.goOn)
        }
        deadline(server.settings.bodyTimeoutMilliseconds) { [unowned self] in
            answer(Gatekeeper.failure(.timeout, of: decision.face), to: exchange, closing: true)
        }
    }

    private func requestEnded(_ body: [UInt8]) {
        guard case .body(let exchange) = phase else { return }
        timer?.cancel()
        phase = .answering(exchange)
        switch exchange.decision.verdict {
        case .refuse(let response): answer(response, to: exchange)
        case .handle(let route, var request):
            request.body = body
            let whole = request
            // Runs at once up to its first suspension: one that has none is answered before the next is looked at.
            Task.immediate { await self.handle(whole, route, exchange) }
        }
    }

    private func handle(_ request: Request, _ route: Route, _ exchange: Exchange) async {
        let reply: Reply
        do {
            reply = try await route.handler(request)
        } catch let failure as WebFailure {
            reply = .response(Gatekeeper.failure(failure, of: exchange.decision.face))
        } catch {
            Log.error("http.handler-failed", ["route": "\(route.method) \(route.pattern)", "error": "\(error)"])
            reply = .response(Gatekeeper.failure(.unexpected, of: exchange.decision.face))
        }
        guard case .answering = phase else { return }  // the client has gone
        switch reply {
        case .response(let response): answer(response, to: exchange)
        case .events(let source): openEvents(source, exchange)
        case .socket(let handler): openSocket(handler, exchange)
        }
        process()
    }

    private func refuse(_ problem: RequestProblem) {
        var face: (any Face)?
        if case .body(let exchange) = phase {
            face = exchange.decision.face
            // What was wrong with the request first is what the client is told.
            if case .refuse(let response) = exchange.decision.verdict {
                return answer(response, to: exchange, closing: true)
            }
        }
        write(Gatekeeper.problem(problem, of: face), ending: .close, isHEAD: false)
        finish()
    }

    private func headerTimedOut() {
        // A connection that never said anything is not worth an answer.
        if parser.isWithinRequest { refuse(.headerTimeout) } else { drop() }
    }

    // MARK: Output

    private func answer(_ response: Response, to exchange: Exchange, closing: Bool = false) {
        var response = response
        addCORS(&response.headers, exchange)
        let keepsAlive = exchange.head.keepsAlive && !closing && !server.isClosing && !(peerHasEnded && input.isEmpty)
        let ending: ResponseWriter.Ending =
            keepsAlive ? (exchange.head.isHTTP10 ? .keepAliveHTTP10 : .keepAlive) : .close
        write(response, ending: ending, isHEAD: exchange.head.method == .HEAD)
        guard keepsAlive else { return finish() }
        phase = .head
        waitForRequest()
    }

    private func write(_ response: Response, ending: ResponseWriter.Ending, isHEAD: Bool) {
        server.counters.count(status: response.status)
        transport.send(ResponseWriter.write(response, ending: ending, isHEAD: isHEAD, now: time(nil)))
    }

    private func addCORS(_ headers: inout Headers, _ exchange: Exchange) {
        guard let origin = exchange.decision.corsOrigin else { return }
        headers.add("Access-Control-Allow-Origin", origin)
        headers.add("Vary", "Origin")
    }

    private func openEvents(_ source: any EventSource, _ exchange: Exchange) {
        var headers = EventSession.headers
        addCORS(&headers, exchange)
        server.counters.count(status: 200)
        transport.send(ResponseWriter.head(status: 200, headers: headers, length: nil, ending: .close, now: time(nil)))
        guard exchange.head.method != .HEAD else { return finish() }
        let session = EventSession(
            source: source, connection: self, heartbeatMilliseconds: server.settings.heartbeatMilliseconds)
        server.counters.openEventStreams += 1
        take(session)
    }

    private func openSocket(_ handler: any SocketHandler, _ exchange: Exchange) {
        switch WebSocketHandshake.answer(to: exchange.head) {
        case .failure(let refusal): answer(refusal.response, to: exchange)
        case .success(let headers):
            server.counters.count(status: 101)
            transport.send(
                ResponseWriter.head(status: 101, headers: headers, length: nil, ending: .upgrade, now: time(nil)))
            let settings = server.settings
            let session = SocketSession(
                handler: handler, connection: self, maximumMessageBytes: settings.maximumMessageBytes,
                times: .init(
                    ping: settings.pingMilliseconds, pong: settings.pongTimeoutMilliseconds,
                    close: settings.closeTimeoutMilliseconds))
            server.counters.openSockets += 1
            take(session)
        }
    }

    private func take(_ taker: any Takeover) {
        phase = .taken(taker)
        timer?.cancel()
        taker.began()
        let early = input
        input = []
        if case .taken = phase, !early.isEmpty { taker.received(early) }
        resumeReading()
        if case .taken = phase, peerHasEnded { taker.peerEnded() }
    }

    // MARK: The end

    /// Ends our side after what was sent, and waits for the client to end its own.
    func finish() {
        leaveTaker()
        if case .closed = phase { return }
        if case .lingering = phase { return }
        phase = .lingering
        input = []
        transport.finish()
        if peerHasEnded, transport.pendingBytes == 0 { return drop() }
        resumeReading()
        if transport.pendingBytes > 0 {
            watchSending()
        } else {
            deadline(server.settings.closeTimeoutMilliseconds) { [unowned self] in drop() }
        }
    }

    /// Ends it at once.
    func drop() {
        if case .closed = phase { return }
        let taker = leaveTaker()
        phase = .closed
        timer?.cancel()
        transport.close()
        server.forget(self)
        taker?.connectionClosed()
    }

    @discardableResult
    private func leaveTaker() -> (any Takeover)? {
        guard case .taken(let taker) = phase else { return nil }
        if taker is SocketSession {
            server.counters.openSockets -= 1
        } else {
            server.counters.openEventStreams -= 1
        }
        phase = .left
        return taker
    }

    /// The server closes: what is being answered is answered first.
    func serverCloses() {
        switch phase {
        case .taken(let taker): taker.serverCloses()
        case .head where !parser.isWithinRequest: finish()
        default: break
        }
    }

    var unsent: Int { transport.pendingBytes }

    func push(_ bytes: [UInt8]) {
        guard case .taken = phase else { return }
        guard transport.pendingBytes + bytes.count <= server.settings.maximumUnsentBytes else {
            server.counters.droppedForUnsentBytes += 1
            return drop()
        }
        transport.send(bytes)
    }

    // MARK: Time

    func timer(milliseconds: Int, _ body: @escaping () -> Void) -> any Cancellable {
        server.loop.timer(afterMilliseconds: milliseconds, body)
    }

    private func deadline(_ milliseconds: Int, _ body: @escaping () -> Void) {
        timer?.cancel()
        timer = server.loop.timer(afterMilliseconds: milliseconds, body)
    }

    private func waitForRequest() {
        if transport.pendingBytes > 0 { return watchSending() }
        deadline(server.settings.idleTimeoutMilliseconds) { [unowned self] in drop() }
    }

    /// Drops a client that takes nothing for too long.
    private func watchSending() {
        unsentAtLastLook = transport.pendingBytes
        deadline(server.settings.sendTimeoutMilliseconds) { [unowned self] in
            if transport.pendingBytes < unsentAtLastLook { watchSending() } else { drop() }
        }
    }
}

extension LoopTimer: Cancellable {}
