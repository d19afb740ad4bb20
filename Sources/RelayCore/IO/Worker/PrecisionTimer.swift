internal import CNet
internal import Glibc
internal import Loop

/// Fires once, so many microseconds after it was armed. (libuv's own timers count whole milliseconds of cached time.)
final class PrecisionTimer {
    private let descriptor: Int32
    private var isArmed = false

    init(loop: EventLoop, _ body: @escaping () -> Void) throws(LoopError) {
        descriptor = cnet_timerfd()
        _ = try loop.watch(fd: descriptor, for: .readable) { [unowned self] _ in
            var expirations: UInt64 = 0
            _ = read(descriptor, &expirations, 8)
            isArmed = false
            body()
        }
    }

    deinit { close(descriptor) }

    /// Where it is armed already, nothing changes.
    func arm(microseconds: Int64) {
        guard !isArmed else { return }
        isArmed = true
        _ = cnet_timerfd_arm(descriptor, max(microseconds, 1))
    }

    /// Whenever it was to fire before.
    func rearm(microseconds: Int64) {
        isArmed = true
        _ = cnet_timerfd_arm(descriptor, max(microseconds, 1))
    }
}
