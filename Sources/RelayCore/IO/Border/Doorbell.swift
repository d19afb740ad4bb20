internal import CNet
internal import Glibc
internal import Loop
internal import Synchronization

/// Wakes a worker's loop from other threads: a system call only while the worker sleeps.
///
/// Who brings something makes it visible first and rings then; the sleeper says that it sleeps first and looks once more then.
/// Both in one total order, so that one of the two notices the other.
final class Doorbell: Sendable {
    /// Watched by the loop of whoever sleeps here.
    let descriptor: Int32
    private let isAsleep = Atomic<Bool>(true)

    init() throws(LoopError) {
        descriptor = cnet_eventfd()
        if descriptor < 0 { throw .system(operation: "eventfd", code: -errno) }
    }

    deinit { close(descriptor) }

    /// From any thread, after something was made visible.
    /// - Returns: whether that took a wake-up.
    @discardableResult
    func ring() -> Bool {
        guard isAsleep.load(ordering: .sequentiallyConsistent),
            isAsleep.exchange(false, ordering: .sequentiallyConsistent)
        else { return false }
        wake()
        return true
    }

    /// The loop calls again soon, without anybody ringing: there is more to do than one turn allows.
    func ringAgain() { wake() }

    /// The loop woke.
    func answer() {
        var count: UInt64 = 0
        while read(descriptor, &count, 8) < 0, errno == EINTR {}
        isAsleep.store(false, ordering: .sequentiallyConsistent)
    }

    /// - Returns: whether the worker may sleep; false where `hasNews`, and so it has to look again.
    func sleep(unless hasNews: () -> Bool) -> Bool {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        guard hasNews() else { return true }
        isAsleep.store(false, ordering: .sequentiallyConsistent)
        return false
    }

    private func wake() {
        var one: UInt64 = 1
        while write(descriptor, &one, 8) < 0, errno == EINTR {}
    }
}
