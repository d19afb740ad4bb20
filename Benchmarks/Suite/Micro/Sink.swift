import CBench
import Foundation

/// A port on loopback that takes every datagram and keeps none, so that sending is measured without a receiver.
final class Sink {
    private let fd: Int32
    let port: UInt16

    init() throws {
        var port: UInt16 = 0
        fd = cbench_sink(&port)
        guard fd >= 0 else { throw BenchmarkError("no UDP socket: \(String(cString: strerror(errno)))") }
        self.port = port
    }

    deinit { close(fd) }
}
