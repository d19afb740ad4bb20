internal import CUV

/// One TCP connection of a loop.
///
/// Reading starts with `startReading()`. A write never waits: what the peer's window does not take is queued, and
/// `pendingBytes` tells how much that is; it is the owner who decides how much is too much.
public final class TCPStream: LoopHandle {
    /// What arrived; the bytes are valid during the call.
    public var onRead: ((UnsafeRawBufferPointer) -> Void)?
    /// The peer ended its sending side (nil), or the connection broke. Writing may still work after nil.
    public var onEnd: ((LoopError?) -> Void)?
    /// The queue of bytes to be written has become empty.
    public var onDrained: (() -> Void)?
    /// Textual address of the peer, without its port.
    public let remoteAddress: String

    private let registry: HandleRegistry
    private var handle: OwnedHandle<uv_tcp_t>
    private var isShutDown = false

    init(acceptedFrom listener: UnsafeMutablePointer<uv_stream_t>, registry: HandleRegistry) throws(LoopError) {
        self.registry = registry
        try registry.checkOpen("accept")
        handle = try OwnedHandle("uv_tcp_init") { uv_tcp_init(registry.uv, $0) }
        var accepted: Int32 = -1
        var address = ""
        if let pointer = handle.pointer {
            accepted = uv_accept(listener, pointer.asStream)
            uv_tcp_nodelay(pointer, 1)
            uv_tcp_keepalive(pointer, 1, 60)
            address = SocketAddress.peer(of: pointer)?.address ?? ""
        }
        remoteAddress = address
        if accepted < 0 {
            _ = handle.close()
            throw .system(operation: "uv_accept", code: accepted)
        }
        handle.attach(self)
        registry.keep(self)
    }

    public var isOpen: Bool { handle.pointer != nil }

    /// Bytes handed to `write` that the kernel has not taken yet.
    public var pendingBytes: Int {
        handle.pointer.map { uv_stream_get_write_queue_size($0.asStream) } ?? 0
    }

    public func startReading() {
        guard let pointer = handle.pointer else { return }
        uv_read_start(
            pointer.asStream,
            { handle, suggested, buffer in
                buffer?.pointee = uv_buf_init(.allocate(capacity: suggested), UInt32(clamping: suggested))
            },
            { handle, count, buffer in
                defer { buffer?.pointee.base?.deallocate() }
                guard let stream = attached(handle, as: TCPStream.self) else { return }
                if count > 0, let base = buffer?.pointee.base {
                    stream.onRead?(UnsafeRawBufferPointer(start: base, count: count))
                } else if count < 0 {
                    stream.ended(Int32(truncatingIfNeeded: count))
                }
            })
    }

    public func stopReading() {
        guard let pointer = handle.pointer else { return }
        uv_read_stop(pointer.asStream)
    }

    /// Sends `bytes` after everything that was written before. An error comes through `onEnd`, later.
    public func write(_ bytes: [UInt8]) {
        guard let pointer = handle.pointer, !isShutDown, !bytes.isEmpty else { return }
        var sent = 0
        if pendingBytes == 0 {
            sent = bytes.withUnsafeBytes { source in
                var buffer = uv_buf_t(source)
                return Int(max(0, uv_try_write(pointer.asStream, &buffer, 1)))
            }
        }
        if sent < bytes.count { queue(bytes[sent...], on: pointer) }
    }

    private func queue(_ bytes: ArraySlice<UInt8>, on pointer: UnsafeMutablePointer<uv_tcp_t>) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyBytes(from: bytes)
        let request = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
        request.pointee.data = copy.baseAddress
        var buffer = uv_buf_t(UnsafeRawBufferPointer(copy))
        let code = uv_write(request, pointer.asStream, &buffer, 1) { request, status in
            guard let request else { return }
            let stream = attached(request.pointee.handle, as: TCPStream.self)
            request.pointee.data?.deallocate()
            request.deallocate()
            stream?.wrote(status)
        }
        if code < 0 {
            copy.deallocate()
            request.deallocate()
        }
    }

    private func wrote(_ status: Int32) {
        if status < 0 { return ended(status) }
        if pendingBytes == 0 { onDrained?() }
    }

    private func ended(_ code: Int32) {
        stopReading()
        onEnd?(code == UV_EOF.rawValue ? nil : .system(operation: "tcp", code: code))
    }

    /// Ends the sending side once everything written has gone out. Reading goes on.
    public func shutdown() {
        guard let pointer = handle.pointer, !isShutDown else { return }
        isShutDown = true
        let request = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
        let code = uv_shutdown(request, pointer.asStream) { request, _ in request?.deallocate() }
        if code < 0 { request.deallocate() }
    }

    /// Closes the connection at once; what is still queued is lost. No callback comes after it.
    public func cancel() {
        guard handle.close() else { return }
        onRead = nil
        onEnd = nil
        onDrained = nil
        registry.forget(self)
    }
}

extension UnsafeMutablePointer<uv_tcp_t> {
    var asStream: UnsafeMutablePointer<uv_stream_t> {
        UnsafeMutableRawPointer(self).assumingMemoryBound(to: uv_stream_t.self)
    }
}

extension uv_buf_t {
    /// libuv only reads buffers that are written out.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
        self = uv_buf_init(base, UInt32(clamping: bytes.count))
    }
}
