internal import CNet
internal import Glibc

/// Waits on many sockets at once.
package final class SocketPoll {
    private let fd: Int32
    private var tags = [UInt32](repeating: 0, count: 256)

    package init() throws(LoadError) {
        fd = cnet_poll_new()
        guard fd >= 0 else { throw .machine("no epoll: \(String(cString: strerror(errno)))") }
    }

    deinit { close(fd) }

    /// - Parameter tag: what `wait` says when the socket is readable. A closed socket leaves by itself; one that is there already stays as it
    ///   was.
    package func add(_ socket: Int32, tag: UInt32) { _ = cnet_poll_add(fd, socket, tag) }

    /// Waits at most `microseconds`; the tags of the sockets that are readable.
    package func wait(microseconds: Int64) -> ArraySlice<UInt32> {
        tags.prefix(Int(cnet_poll_wait(fd, &tags, Int32(tags.count), microseconds)))
    }
}
