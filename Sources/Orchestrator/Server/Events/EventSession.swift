internal import Web

/// One client's server-sent events (WHATWG HTML, section 9.2) between its connection and its source.
final class EventSession: Takeover, EventStream {
    private unowned let connection: any TakenConnection
    private let heartbeatMilliseconds: Int
    private var source: (any EventSource)?
    private var timer: (any Cancellable)?
    private var isGone = false

    init(source: any EventSource, connection: any TakenConnection, heartbeatMilliseconds: Int) {
        self.source = source
        self.connection = connection
        self.heartbeatMilliseconds = heartbeatMilliseconds
    }

    static let headers = Headers([
        ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
    ])

    func began() {
        beat()
        source?.opened(self)
    }

    func send(id: String?, data: String) {
        guard !isGone else { return }
        connection.push(Self.event(id: id, data: data))
    }

    var unsent: Int { isGone ? 0 : connection.unsent }
    func drained() { source?.drained() }

    func close() {
        guard !isGone else { return }
        connection.finish()
        connectionClosed()
    }

    /// A client has nothing to say here.
    func received(_ bytes: [UInt8]) {}
    func peerEnded() { connection.drop() }
    func serverCloses() { close() }

    func connectionClosed() {
        guard !isGone else { return }
        isGone = true
        timer?.cancel()
        let source = source
        self.source = nil
        source?.closed()
    }

    /// A comment at once, so that proxies pass the header on, and then again and again, so that they keep the connection.
    private func beat() {
        connection.push(Array(":\n\n".utf8))
        guard !isGone else { return }
        timer = connection.timer(milliseconds: heartbeatMilliseconds) { [unowned self] in beat() }
    }

    /// One event; line breaks that slip into `data` become further `data` lines, in `id` they end it.
    static func event(id: String?, data: String) -> [UInt8] {
        var bytes: [UInt8] = []
        if let id {
            bytes += Array("id: ".utf8)
            bytes += id.utf8.prefix { $0 != 10 && $0 != 13 && $0 != 0 }
            bytes.append(10)
        }
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            bytes += Array("data: ".utf8)
            bytes += Array(line.utf8)
            bytes.append(10)
        }
        bytes.append(10)
        return bytes
    }
}
