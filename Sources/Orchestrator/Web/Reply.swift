/// What a handler gives back.
public enum Reply {
    /// A whole response.
    case response(Response)
    /// Server-sent events: headers go out at once; the stream writes until either side ends it.
    case events(any EventSource)
    /// The request becomes a WebSocket; the server checks the handshake and refuses what is not one.
    case socket(any SocketHandler)
}

/// What a client gets for its request.
nonisolated public struct Response: Sendable {
    /// The status code (RFC 9110, section 15).
    public var status: Int
    /// Without those that the server adds itself.
    public var headers: Headers
    /// Whole, as it goes out.
    public var body: [UInt8]

    /// A response, by default 200 with nothing in it.
    public init(status: Int = 200, headers: Headers = Headers(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Feeds one client's event stream.
public protocol EventSource: AnyObject {
    /// The client's headers are sent; events may be written from now on.
    func opened(_ stream: any EventStream)
    /// The client has taken everything that was sent so far: a source that held back goes on.
    func drained()
    /// The client went, or did not read for too long. No call on the stream has an effect any more.
    func closed()
}

extension EventSource {
    public func drained() {}
}

/// One client's open event stream.
public protocol EventStream: AnyObject {
    /// Sends one event. `data` has no line breaks. A client that has more than 1 MiB unread is dropped.
    func send(id: String?, data: String)
    /// Bytes that were sent and that the client has not taken yet.
    var unsent: Int { get }
    func close()
}

/// One WebSocket's application side.
public protocol SocketHandler: AnyObject {
    func opened(_ socket: any Socket)
    /// A whole text message.
    func received(text: String)
    /// Once, at the end, whoever ended it.
    func closed()
    /// A text message for a peer whose message is longer than the server bears, before it is closed with 1009; nil: none.
    var tooLongMessage: String? { get }
}

extension SocketHandler {
    public var tooLongMessage: String? { nil }
}

/// One WebSocket's sending side.
public protocol Socket: AnyObject {
    /// A peer that has more than 1 MiB unread is dropped.
    func send(text: String)
    /// Asks the peer for a sign of life; the socket of one that gives none for 3 s is dropped.
    func probe()
    /// Sends a close frame with that code and ends the connection after the peer's own, or 2 s.
    func close(code: UInt16, reason: String)
}
