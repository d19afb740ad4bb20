public import CUV

/// One libuv loop: the timers, files, sockets and mailboxes of one thread.
///
/// It lives on the thread that runs it and is not Sendable; other threads reach it through a `Mailbox` only. Callbacks
/// run on that thread, one after the other, and may start and cancel anything on the loop, themselves included.
///
/// Whatever a method of the loop gives back (timer, watch, stream) is kept alive by the loop until it is cancelled, so
/// the result may be dropped.
public final class EventLoop {
    /// For libraries that need libuv itself. Handles that were initialised with it must be closed before the loop is.
    public let uv: UnsafeMutablePointer<uv_loop_t>
    let registry: HandleRegistry

    public init() throws(LoopError) {
        uv = .allocate(capacity: 1)
        let code = uv_loop_init(uv)
        if code < 0 {
            uv.deallocate()
            throw .system(operation: "uv_loop_init", code: code)
        }
        registry = HandleRegistry(uv: uv)
    }

    deinit {
        close()
        uv.deallocate()
    }

    /// Microseconds of CLOCK_MONOTONIC, read afresh.
    public var now: Int64 { Int64(truncatingIfNeeded: uv_hrtime() / 1000) }

    /// Runs callbacks until `stop()`, or until nothing is left that could call back.
    public func run() {
        guard !registry.isClosed else { return }
        uv_run(uv, UV_RUN_DEFAULT)
    }

    /// One turn: runs what is due, and when nothing is and `waiting`, waits for the first thing to come.
    public func runOnce(waiting: Bool = true) {
        guard !registry.isClosed else { return }
        uv_run(uv, waiting ? UV_RUN_ONCE : UV_RUN_NOWAIT)
    }

    /// Ends `run()` after the present turn. Called before `run()`, it makes that return at once.
    public func stop() { uv_stop(uv) }

    /// Cancels everything on the loop and frees it; blocking work that has begun is waited for. The loop does nothing
    /// any more afterwards. Not to be called from one of the loop's own callbacks. `deinit` calls it.
    public func close() {
        guard !registry.isClosed else { return }
        registry.close()
        uv_walk(
            uv,
            { handle, _ in
                guard let handle, uv_is_closing(handle) == 0 else { return }
                uv_close(handle, nil)
            }, nil)
        while uv_loop_close(uv) == UV_EBUSY.rawValue { uv_run(uv, UV_RUN_ONCE) }
    }
}
