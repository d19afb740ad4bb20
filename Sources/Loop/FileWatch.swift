internal import CUV

/// What a file descriptor is ready for, or is to be watched for.
public struct FileEvents: OptionSet, Sendable, Hashable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let readable = FileEvents(rawValue: Int32(UV_READABLE.rawValue))
    public static let writable = FileEvents(rawValue: Int32(UV_WRITABLE.rawValue))
    /// The peer closed its sending side.
    public static let disconnected = FileEvents(rawValue: Int32(UV_DISCONNECT.rawValue))
}

/// Watches one file descriptor, which stays its owner's: cancel the watch before closing it.
public final class FileWatch: LoopHandle {
    private let registry: HandleRegistry
    private var handle: OwnedHandle<uv_poll_t>
    private var body: ((FileEvents) -> Void)?
    private var watched: FileEvents

    init(loop: EventLoop, descriptor: Int32, events: FileEvents, _ body: @escaping (FileEvents) -> Void)
        throws(LoopError)
    {
        registry = loop.registry
        self.body = body
        watched = events
        try registry.checkOpen("watch")
        handle = try OwnedHandle("uv_poll_init") { uv_poll_init(loop.uv, $0, descriptor) }
        handle.attach(self)
        registry.keep(self)
        do { try start() } catch {
            cancel()
            throw error
        }
    }

    /// Watches for other events from now on; for none, it pauses. Without effect after `cancel()`.
    public func update(_ events: FileEvents) throws(LoopError) {
        watched = events
        try start()
    }

    public func cancel() {
        guard handle.close() else { return }
        body = nil
        registry.forget(self)
    }

    private func start() throws(LoopError) {
        guard let pointer = handle.pointer else { return }
        if watched.isEmpty { return try LoopError.check(uv_poll_stop(pointer), "uv_poll_stop") }
        let code = uv_poll_start(pointer, watched.rawValue) { handle, status, events in
            attached(handle, as: FileWatch.self)?.ready(status: status, events: FileEvents(rawValue: events))
        }
        try LoopError.check(code, "uv_poll_start")
    }

    /// On an error libuv has stopped the watch and tells no events; the owner learns of it by trying what it waited for.
    private func ready(status: Int32, events: FileEvents) {
        let body = body
        body?(status < 0 ? watched : events)
    }
}

extension EventLoop {
    /// Calls `body` whenever `descriptor` is ready (level-triggered). One watch per descriptor.
    public func watch(
        fd descriptor: Int32, for events: FileEvents, _ body: @escaping (FileEvents) -> Void
    ) throws(LoopError) -> FileWatch {
        try FileWatch(loop: self, descriptor: descriptor, events: events, body)
    }
}
