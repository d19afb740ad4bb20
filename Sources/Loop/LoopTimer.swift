internal import CUV

/// A running timer of an `EventLoop`.
public final class LoopTimer: LoopHandle {
    private let registry: HandleRegistry
    private var handle: OwnedHandle<uv_timer_t>?
    private var body: (() -> Void)?
    private let repeats: Bool

    init(loop: EventLoop, after: Int, repeating: Int, _ body: @escaping () -> Void) {
        registry = loop.registry
        self.body = body
        repeats = repeating > 0
        guard (try? registry.checkOpen("timer")) != nil else { return }
        handle = try? OwnedHandle("uv_timer_init") { uv_timer_init(loop.uv, $0) }  // it never fails
        handle?.attach(self)
        registry.keep(self)
        start(after: after, repeating: repeating)
    }

    /// False once a one-shot timer has fired, or after `cancel()`.
    public var isActive: Bool { handle != nil }

    /// Moves the next firing to that time from now. Without effect on a timer that is no longer active.
    public func reschedule(afterMilliseconds: Int) {
        guard let pointer = handle?.pointer else { return }
        start(after: afterMilliseconds, repeating: Int(clamping: uv_timer_get_repeat(pointer)))
    }

    public func cancel() {
        guard handle?.close() == true else { return }
        handle = nil
        body = nil
        registry.forget(self)
    }

    private func start(after: Int, repeating: Int) {
        guard let pointer = handle?.pointer else { return }
        uv_update_time(registry.uv)  // libuv counts from its cached time, which a long callback leaves behind
        uv_timer_start(
            pointer, { attached($0, as: LoopTimer.self)?.fire() }, UInt64(clamping: after), UInt64(clamping: repeating))
    }

    private func fire() {
        let body = body
        // A body that reschedules a one-shot timer keeps it; so look afterwards whether it is still waiting.
        body?()
        guard !repeats, let pointer = handle?.pointer else { return }
        let base = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: uv_handle_t.self)
        if uv_is_active(base) == 0 { cancel() }
    }
}

extension EventLoop {
    /// Calls `body` once after that time, or again and again when `repeatingMilliseconds` is above 0. Whole
    /// milliseconds, never early by more than one; negative times count as 0.
    @discardableResult
    public func timer(
        afterMilliseconds: Int, repeatingMilliseconds: Int = 0, _ body: @escaping () -> Void
    ) -> LoopTimer {
        LoopTimer(loop: self, after: afterMilliseconds, repeating: repeatingMilliseconds, body)
    }
}
