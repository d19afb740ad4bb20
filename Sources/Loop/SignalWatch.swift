internal import CUV
internal import Glibc

/// Watches for one signal.
public final class SignalWatch: LoopHandle {
    private let registry: HandleRegistry
    private var handle: OwnedHandle<uv_signal_t>
    private var body: (() -> Void)?

    init(loop: EventLoop, signal: Int32, _ body: @escaping () -> Void) throws(LoopError) {
        registry = loop.registry
        self.body = body
        try registry.checkOpen("signal")
        handle = try OwnedHandle("uv_signal_init") { uv_signal_init(loop.uv, $0) }
        handle.attach(self)
        registry.keep(self)
        let code = uv_signal_start(
            handle.pointer,
            { handle, _ in
                guard let watch = attached(handle, as: SignalWatch.self) else { return }
                let body = watch.body
                body?()
            }, signal)
        if code < 0 {
            cancel()
            throw .system(operation: "uv_signal_start", code: code)
        }
        unblock(signal)
    }

    /// The parent process may have started this one with the signal blocked.
    private func unblock(_ signal: Int32) {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signal)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    public func cancel() {
        guard handle.close() else { return }
        body = nil
        registry.forget(self)
    }
}

extension EventLoop {
    /// Calls `body` on the loop each time the process gets that signal, whose default action no longer happens.
    @discardableResult
    public func signal(_ number: Int32, _ body: @escaping () -> Void) throws(LoopError) -> SignalWatch {
        try SignalWatch(loop: self, signal: number, body)
    }
}
