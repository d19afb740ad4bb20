import CNet
import Glibc
import RelayProtocol
import Testing

@testable import RelayIO

@Suite struct MediaSocketTests {
    private func socket() throws -> MediaSocket {
        let (descriptor, local) = try MediaSocket.bind(Endpoint(address: "127.0.0.1", port: 0)!)
        return MediaSocket(descriptor: descriptor, local: local)
    }

    @Test func whatAFullReceiveBufferLosesIsCounted() throws {
        let (sender, receiver) = (try socket(), try socket())
        #expect(receiver.askKernelForReceiveDrops() == 0)
        var small: Int32 = 1
        // The kernel makes its own minimum of it: a handful of datagrams.
        let status = setsockopt(receiver.descriptor, SOL_SOCKET, SO_RCVBUF, &small, 4)
        try #require(status == 0)
        let sent = 100
        for _ in 0..<sent {
            sender.queue.reserve(1000).initializeMemory(as: UInt8.self, repeating: 7, count: 1000)
            sender.queue.commit(1000, to: receiver.local)
            sender.queue.closeRun()
        }
        sender.queue.flush()
        let pool = PacketPool()
        let batch = InboundBatch(pool: pool)
        var received = 0
        while batch.receive(from: receiver, { _, length, _ in received += length == 1000 ? 1 : 0 }) {}
        #expect(received > 0 && received < sent)
        #expect(receiver.askKernelForReceiveDrops() == UInt64(sent - received))
        #expect(receiver.askKernelForReceiveDrops() == UInt64(sent - received))
        #expect(sender.askKernelForReceiveDrops() == 0)
    }

    @Test func smallBuffersAreNoticed() throws {
        let small = try socket()
        var size: Int32 = 100_000
        let status = setsockopt(small.descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
        try #require(status == 0)
        let short = try #require(MediaSocket.shortBuffers(small.descriptor))
        #expect(short.given == 100_000)
        #expect(short.wanted == Int(CNET_SOCKET_BUFFER))
    }
}
