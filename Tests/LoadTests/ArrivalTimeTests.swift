import CNet
import Glibc
import RelayIO
import Testing

@testable import Load

@Suite struct ArrivalTimeTests {
    /// Notes when what it is given came.
    private final class Listener: MediaClient {
        let connection: PeerConnection
        var arrivals: [Int64] = []

        init() throws { connection = try PeerConnection(Certificate()) }

        func takeControl(_ packet: UnsafeRawBufferPointer, at time: Int64) {}
        func takeMedia(_ packet: UnsafeMutableRawBufferPointer, at time: Int64) { arrivals.append(time) }
        func tick(_ time: Int64) {}
    }

    @Test func arrivalIsWhenTheKernelHadThePacketNotWhenItWasRead() throws {
        let listener = try Listener()
        let memory = try ReceiveMemory()
        var own = cnet_endpoint(high: 0, low: 0x7f00_0001, port: 0, is_ipv6: 0)
        let fd = cnet_udp_open(&own)
        try #require(fd >= 0)
        defer { close(fd) }
        var peer = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = withUnsafeMutableBytes(of: &peer) {
            getsockname(listener.connection.fd, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
        }
        try #require(isKnown == 0)
        // The kernel begins to note times a moment after it was first asked to.
        var read: Int64 = 0
        for _ in 0..<50 where listener.arrivals.last.map({ read - $0 < 10_000 }) ?? true {
            let packet = [UInt8](repeating: 0x80, count: 40)
            let sent = withUnsafeBytes(of: &peer) {
                sendto(fd, packet, packet.count, 0, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), size)
            }
            try #require(sent == packet.count)
            usleep(12_000)
            memory.drain(listener)
            read = now()
        }
        #expect(try read - #require(listener.arrivals.last) >= 10_000)
    }
}
