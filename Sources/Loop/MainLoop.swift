internal import CUV
internal import Glibc

/// The process's main thread as one event loop that is the main actor's executor too.
///
/// Jobs of the main actor go through libdispatch's main queue; this loop watches that queue's eventfd and drains it
/// whenever it is written. So `Task { @MainActor in … }` and handlers that suspend resume between libuv's callbacks, and
/// those callbacks, being on the main thread, are on the main actor (`MainActor.assumeIsolated`).
///
/// To be run from synchronous top-level code: an `async` main would drain the main queue itself.
@MainActor
public final class MainLoop {
    public let loop: EventLoop

    public init() throws(LoopError) {
        loop = try EventLoop()
        let mainQueue = _dispatch_get_main_queue_handle_4CF()
        _ = try loop.watch(fd: mainQueue, for: .readable) { _ in
            var count: UInt64 = 0
            _ = read(mainQueue, &count, 8)
            _dispatch_main_queue_callback_4CF(nil)
        }
    }

    /// Runs until `stop()`.
    public func run() {
        loop.run()
    }

    public func stop() { loop.stop() }
}
