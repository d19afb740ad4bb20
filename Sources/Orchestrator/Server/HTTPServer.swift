internal import CHTTPParser
internal import Glibc
internal import Log
public import Loop
public import Web

/// An HTTP/1.1 server on one loop: JSON APIs, WebSockets and event streams, with or without TLS.
///
/// It runs on the main actor, which the loop's thread has to be. What a client does wrong is answered in the shape of
/// the face whose path it is, and never reaches a handler.
public final class HTTPServer {
    public let settings: ServerSettings
    public internal(set) var counters = ServerCounters()
    /// `drain()` was called: for the readiness probe, which should answer 503 from then on.
    public private(set) var isDraining = false

    let loop: EventLoop
    let gatekeeper: Gatekeeper
    private(set) var isClosing = false
    private var tls: TLSContext?
    private var listener: TCPListener?
    private var connections: [ObjectIdentifier: Connection] = [:]
    private let listenAddress: SocketAddress

    /// `routes` are the caller's own, as the probes and the page; they come before the faces'.
    public init(loop: EventLoop, settings: ServerSettings, faces: [any Face], routes: [Route] = []) {
        self.loop = loop
        self.settings = settings
        let address = settings.address == "localhost" ? "127.0.0.1" : settings.address
        listenAddress = SocketAddress(address: address, port: settings.port)
        gatekeeper = Gatekeeper(
            router: Router(faces: faces, routes: routes),
            origins: OriginPolicy(allowOrigins: settings.allowOrigins, isLoopback: listenAddress.isLoopback),
            keys: KeyRing(settings.apiKeys), maximumBodyBytes: settings.maximumBodyBytes)
    }

    /// Listens, and answers where. Throws a `ServerError` that names the setting, or the loop's `LoopError`.
    public func start() throws -> SocketAddress {
        try checkSettings()
        if let certificate = settings.certificatePath, let key = settings.keyPath {
            tls = try TLSContext(certificatePath: certificate, keyPath: key)
        }
        signal(SIGPIPE, SIG_IGN)
        http_parser_set_max_header_size(UInt32(clamping: settings.maximumHeaderBytes + settings.maximumBodyBytes))
        do throws(LoopError) {
            let listener = try loop.listen(on: listenAddress) { [unowned self] in accepted($0) }
            self.listener = listener
            return listener.address
        } catch {
            throw ServerError.badSetting(name: "http.listen", reason: "\(error)")
        }
    }

    private func checkSettings() throws(ServerError) {
        if settings.apiKeys.isEmpty, !listenAddress.isLoopback {
            throw .keysRequired(address: listenAddress.description)
        }
        for key in settings.apiKeys where key.isEmpty || !key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw .badSetting(
                name: "http.api-keys", reason: "a key is empty or has characters other than visible ASCII")
        }
        if (settings.certificatePath == nil) != (settings.keyPath == nil) {
            let missing = settings.keyPath == nil ? "http.tls-key" : "http.tls-cert"
            throw .badSetting(name: missing, reason: "http.tls-cert and http.tls-key go together")
        }
    }

    private func accepted(_ stream: TCPStream) {
        counters.connectionsAccepted += 1
        guard connections.count < settings.maximumConnections else { return turnAway(stream) }
        var session: TLSSession?
        if let tls {
            session = TLSSession(context: tls)
            if session == nil { return turnAway(stream) }
        }
        let connection = Connection(server: self, transport: Transport(stream: stream, tls: session))
        connections[ObjectIdentifier(connection)] = connection
        counters.openConnections = connections.count
        connection.start()
    }

    /// Not worth a handshake: under TLS the connection is closed without a word.
    private func turnAway(_ stream: TCPStream) {
        counters.connectionsRefused += 1
        if tls == nil {
            counters.count(status: 503)
            let response = Gatekeeper.failure(.unavailable("too many connections"), of: nil)
            stream.write(ResponseWriter.write(response, ending: .close, isHEAD: false, now: time(nil)))
        }
        stream.cancel()
    }

    func forget(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        counters.openConnections = connections.count
    }

    /// Says that no new work is wanted here. Everything goes on, so that a load balancer can ask and calls can end;
    /// `isDraining` is for the routes.
    public func drain() { isDraining = true }

    /// Stops listening, closes WebSockets with 1001 and event streams and idle connections, and lets the requests that
    /// are being answered be answered. `openConnections` of the counters falls to 0 when all are gone.
    public func stop() {
        isDraining = true
        isClosing = true
        listener?.cancel()
        listener = nil
        for connection in connections.values { connection.serverCloses() }
    }

    /// Closes everything at once.
    public func close() {
        stop()
        for connection in connections.values { connection.drop() }
    }
}
