internal import CNet
internal import RelayProtocol

/// The send queue on a socket of its own: what `./yard bench` measures beside bare `sendmmsg`.
package final class SendRig {
    private let socket: MediaSocket
    private let remote: Endpoint

    /// - Parameter port: on 127.0.0.1, where everything goes.
    package init(port: UInt16) throws(RelayStartError) {
        let bound = try MediaSocket.bind(Endpoint(high: 0, low: 0x7f00_0001, port: 0, isIPv6: false))
        socket = MediaSocket(descriptor: bound.descriptor, local: bound.local)
        remote = Endpoint(high: 0, low: 0x7f00_0001, port: port, isIPv6: false)
    }

    /// Sends `runs` runs of `segments` datagrams (at most 16) of `length` bytes each, whatever they contain, and flushes.
    package func send(runs: Int, segments: Int, length: Int) {
        let queue = socket.queue
        for _ in 0..<runs {
            for _ in 0..<segments {
                _ = queue.reserve(length)
                queue.commit(length, to: remote)
            }
            queue.closeRun()
        }
        queue.flush()
    }

    /// Datagrams that were handed to the kernel, and those of them that it did not take.
    package var sent: (datagrams: UInt64, dropped: UInt64) { (socket.queue.datagrams, socket.queue.drops) }
}
