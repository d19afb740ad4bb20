internal import CUV

/// Accepts TCP connections.
public final class TCPListener: LoopHandle {
    /// Where it listens, with the port that was chosen when 0 was asked for.
    public let address: SocketAddress
    private let registry: HandleRegistry
    private var handle: OwnedHandle<uv_tcp_t>
    private var accepted: ((TCPStream) -> Void)?

    init(
        loop: EventLoop, address: SocketAddress, backlog: Int32, _ accepted: @escaping (TCPStream) -> Void
    ) throws(LoopError) {
        registry = loop.registry
        self.accepted = accepted
        try registry.checkOpen("listen")
        var storage = try address.storage()
        var handle = try OwnedHandle<uv_tcp_t>("uv_tcp_init") { uv_tcp_init(loop.uv, $0) }
        guard let pointer = handle.pointer else { throw .system(operation: "uv_tcp_init", code: UV_EINVAL.rawValue) }
        var code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { uv_tcp_bind(pointer, $0, 0) }
        }
        if code >= 0 {
            code = uv_listen(pointer.asStream, backlog) { handle, status in
                attached(handle, as: TCPListener.self)?.connectionWaits(status)
            }
        }
        self.address = SocketAddress.own(of: pointer) ?? address
        if code < 0 {
            _ = handle.close()
            self.handle = handle
            throw .system(operation: "listen on \(address)", code: code)
        }
        self.handle = handle
        handle.attach(self)
        registry.keep(self)
    }

    private func connectionWaits(_ status: Int32) {
        guard status >= 0, let pointer = handle.pointer else { return }
        guard let stream = try? TCPStream(acceptedFrom: pointer.asStream, registry: registry) else { return }
        accepted?(stream)
    }

    /// Stops accepting; accepted connections go on.
    public func cancel() {
        guard handle.close() else { return }
        accepted = nil
        registry.forget(self)
    }
}

extension EventLoop {
    /// Listens on that address, with port 0 on a free port, and hands over each connection. The receiver sets its
    /// callbacks and starts reading.
    public func listen(
        on address: SocketAddress, backlog: Int32 = 512, _ accepted: @escaping (TCPStream) -> Void
    ) throws(LoopError) -> TCPListener {
        try TCPListener(loop: self, address: address, backlog: backlog, accepted)
    }
}
