internal import CNet
internal import Glibc
internal import Loop

/// Fires once, a set number of microseconds after it was armed: frames whose end does not come wait no longer than that.
/// (libuv's own timers count whole milliseconds of cached time.)
final class FrameTimer {
    /// How long a packet waits for its frame's end.
    static let delayMicroseconds: Int64 = 1_000

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

    func arm() {
        guard !isArmed else { return }
        isArmed = true
        _ = cnet_timerfd_arm(descriptor, Self.delayMicroseconds)
    }
}
