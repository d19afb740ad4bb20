/// What has taken a connection over from HTTP: a WebSocket or an event stream.
protocol Takeover: AnyObject {
    /// The response's header has been sent.
    func began()
    func received(_ bytes: [UInt8])
    /// The client has taken everything that was pushed.
    func drained()
    /// The peer sends nothing any more.
    func peerEnded()
    /// The connection is gone, whoever ended it.
    func connectionClosed()
    /// The server closes: say goodbye.
    func serverCloses()
}

/// The connection as its taker sees it.
protocol TakenConnection: AnyObject {
    /// Sends, unless the client leaves too much unread: then the connection is dropped.
    func push(_ bytes: [UInt8])
    /// Bytes that were pushed and that the client has not taken.
    var unsent: Int { get }
    /// Closes after what was sent.
    func finish()
    /// Closes at once.
    func drop()
    func timer(milliseconds: Int, _ body: @escaping () -> Void) -> any Cancellable
}

protocol Cancellable: AnyObject {
    func cancel()
}
