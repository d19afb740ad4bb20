import CUV
import Glibc
import Loop

@testable import RelayIO

/// Waits until one of the peers or loops has something to do.
func waitForNews(_ peers: [TestPeer], _ loops: [EventLoop]) {
    var watched = (peers.map(\.descriptor) + loops.map { uv_backend_fd($0.uv) }).map {
        pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    // Peers have timers of their own.
    var patience: Int32 = 5
    for loop in loops {
        let left = uv_backend_timeout(loop.uv)
        if left >= 0 { patience = min(patience, left) }
    }
    _ = poll(&watched, nfds_t(watched.count), patience)
}
