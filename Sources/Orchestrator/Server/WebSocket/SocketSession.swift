internal import Web

/// One WebSocket between its connection and its handler.
final class SocketSession: Takeover, Socket {
    struct Times {
        var ping: Int
        var pong: Int
        var close: Int
    }

    private let framing: WebSocketFraming
    private let times: Times
    private unowned let connection: any TakenConnection
    private var handler: (any SocketHandler)?
    /// The next ping; after a ping, the end of waiting for an answer.
    private var timer: (any Cancellable)?
    private var closing: (any Cancellable)?
    private var isGone = false
    /// Our closing frame is on its way; messages that come before the peer's own are not for the handler any more.
    private var hasClosed = false
    private var isReceiving = false

    init(handler: any SocketHandler, connection: any TakenConnection, maximumMessageBytes: Int, times: Times) {
        self.handler = handler
        self.connection = connection
        self.times = times
        framing = WebSocketFraming(maximumMessageBytes: maximumMessageBytes, tooLongMessage: handler.tooLongMessage)
        framing.onText = { [unowned self] in receivedText($0) }
    }

    func began() {
        waitToPing()
        handler?.opened(self)
    }

    func received(_ bytes: [UInt8]) {
        guard !isGone else { return }
        waitToPing()  // whatever it is, the peer is alive
        isReceiving = true
        framing.receive(bytes)
        isReceiving = false
        flush()
    }

    private func receivedText(_ text: String) {
        if !isGone, !hasClosed { handler?.received(text: text) }
    }

    func send(text: String) {
        guard !isGone else { return }
        framing.send(text: text)
        flush()
    }

    func close(code: UInt16, reason: String) {
        guard !isGone, !hasClosed else { return }
        hasClosed = true
        framing.close(code: code, reason: reason)
        flush()
    }

    func drained() {}
    func peerEnded() { connection.drop() }
    func serverCloses() { close(code: 1001, reason: "the server is going away") }

    func connectionClosed() {
        guard !isGone else { return }
        isGone = true
        timer?.cancel()
        closing?.cancel()
        let handler = handler
        self.handler = nil
        handler?.closed()
    }

    private func flush() {
        guard !isGone, !isReceiving else { return }
        let output = framing.takeOutput()
        if !output.isEmpty { connection.push(output) }
        if isGone { return }  // it was too much for the peer
        if framing.isOver {
            connection.finish()
            connectionClosed()
        } else if framing.isClosing, closing == nil {
            closing = connection.timer(milliseconds: times.close) { [unowned self] in connection.drop() }
        }
    }

    private func waitToPing() {
        timer?.cancel()
        timer = connection.timer(milliseconds: times.ping) { [unowned self] in ping(patience: times.pong) }
    }

    func probe() {
        guard !isGone else { return }
        timer?.cancel()
        ping(patience: min(times.pong, Self.probePatience))
    }

    /// Milliseconds.
    private static let probePatience = 3_000

    private func ping(patience: Int) {
        framing.ping()
        flush()
        if isGone { return }
        timer = connection.timer(milliseconds: patience) { [unowned self] in connection.drop() }
    }
}
