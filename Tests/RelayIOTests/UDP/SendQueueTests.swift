import CNet
import Glibc
import RelayProtocol
import TestSupport
import Testing

@testable import RelayIO

/// A queue on a loopback socket, and sockets to receive on.
private final class Wire {
    let sender: MediaSocket
    let receivers: [MediaSocket]
    var queue: SendQueue { sender.queue }

    init(receivers count: Int = 1) throws {
        func socket() throws -> MediaSocket {
            let (descriptor, local) = try MediaSocket.bind(Endpoint(address: "127.0.0.1", port: 0)!)
            return MediaSocket(descriptor: descriptor, local: local)
        }
        sender = try socket()
        receivers = try (0..<count).map { _ in try socket() }
    }

    func put(_ bytes: [UInt8], to receiver: Int = 0) {
        bytes.withUnsafeBytes { queue.reserve(bytes.count).copyMemory(from: $0.baseAddress!, byteCount: bytes.count) }
        queue.commit(bytes.count, to: receivers[receiver].local)
    }

    func received(by receiver: Int = 0) -> [[UInt8]] {
        var found: [[UInt8]] = []
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
        defer { memory.deallocate() }
        var datagram = cnet_inbound(data: memory.baseAddress, capacity: 4096, length: 0, from: cnet_endpoint())
        while cnet_receive(receivers[receiver].descriptor, &datagram, 1) == 1 {
            found.append(Array(memory[0..<Int(datagram.length)]))
        }
        return found
    }
}

@Suite struct SendQueueTests {
    private func datagram(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
    }

    @Test func datagramsArriveAsTheyWereWritten() throws {
        let wire = try Wire()
        // Equal ones, a shorter last, a larger one, and equal ones again.
        let sizes = [700, 700, 700, 300, 300, 900, 900, 901, 900, 1, 1, 1400]
        let sent = sizes.enumerated().map { datagram($0.offset, $0.element) }
        for bytes in sent { wire.put(bytes) }
        #expect(wire.received().isEmpty)
        wire.queue.flush()
        #expect(wire.received() == sent)
        #expect(wire.queue.datagrams == UInt64(sizes.count))
        #expect(wire.queue.bytes == UInt64(sizes.reduce(0, +)))
        #expect(wire.queue.flushes == 1)
        #expect(wire.queue.drops == 0)
    }

    @Test func aRunHasAtMostSixteenDatagrams() throws {
        let wire = try Wire()
        let sent = (0..<100).map { datagram($0, 120) }
        for bytes in sent { wire.put(bytes) }
        wire.queue.flush()
        #expect(wire.received() == sent)
    }

    @Test func otherAddressesGetTheirOwn() throws {
        let wire = try Wire(receivers: 3)
        let sent = (0..<90).map { datagram($0, 200 + $0 % 4) }
        for (number, bytes) in sent.enumerated() { wire.put(bytes, to: number % 3) }
        wire.queue.flush()
        for receiver in 0..<3 {
            #expect(
                wire.received(by: receiver) == sent.enumerated().filter { $0.offset % 3 == receiver }.map(\.element))
        }
    }

    @Test func moreRunsThanOneBatchLeaveInOrder() throws {
        let wire = try Wire()
        // Growing sizes: every datagram begins a run.
        let sent = (0..<100).map { datagram($0, 100 + $0) }
        for bytes in sent { wire.put(bytes) }
        wire.queue.flush()
        #expect(wire.queue.flushes > 3)
        #expect(wire.received() == sent)
    }

    @Test func moreBytesThanTheArenaHoldsLeaveInOrder() throws {
        let wire = try Wire()
        let sent = (0..<400).map { datagram($0, 1200) }
        var received: [[UInt8]] = []
        for (number, bytes) in sent.enumerated() {
            wire.put(bytes)
            if number % 50 == 49 { received += wire.received() }
        }
        wire.queue.flush()
        received += wire.received()
        #expect(received == sent)
        #expect(wire.queue.drops == 0)
    }

    @Test func anyMixtureArrives() throws {
        var random = SeededRandom(seed: 12)
        for _ in 0..<20 {
            let wire = try Wire(receivers: 2)
            var sent: [[[UInt8]]] = [[], []]
            var received: [[[UInt8]]] = [[], []]
            for number in 0..<300 {
                let receiver = Bool.random(using: &random) ? 0 : 1
                let size = [100, 100, 100, 101, 1000, 1200].randomElement(using: &random)!
                let bytes = datagram(number, size)
                wire.put(bytes, to: receiver)
                sent[receiver].append(bytes)
                if Int.random(in: 0..<5, using: &random) == 0 { wire.queue.closeRun() }
                if number % 40 == 0 {
                    wire.queue.flush()
                    for index in 0..<2 { received[index] += wire.received(by: index) }
                }
            }
            wire.queue.flush()
            for index in 0..<2 { #expect(received[index] + wire.received(by: index) == sent[index]) }
        }
    }

    @Test func withoutSegmentationARunIsSentOneByOne() throws {
        let wire = try Wire()
        let bytes = (0..<5).flatMap { datagram($0, $0 == 4 ? 50 : 100) }
        var segmentation: Int32 = 0
        let dropped = bytes.withUnsafeBytes { memory in
            var run = cnet_outbound(
                data: memory.baseAddress, length: UInt32(memory.count), segment: 100,
                to: cnet_endpoint(wire.receivers[0].local))
            return cnet_send(wire.sender.descriptor, &run, 1, &segmentation)
        }
        #expect(dropped == 0)
        #expect(wire.received() == (0..<5).map { datagram($0, $0 == 4 ? 50 : 100) })
    }

    @Test func whatTheKernelRefusesIsCountedAndTheRestIsSent() throws {
        let wire = try Wire()
        let good = datagram(1, 100)
        let nowhere = Endpoint(address: "127.0.0.1", port: 0)!
        wire.put(good)
        good.withUnsafeBytes { wire.queue.reserve(100).copyMemory(from: $0.baseAddress!, byteCount: 100) }
        wire.queue.commit(100, to: nowhere)
        wire.put(good)
        wire.queue.flush()
        #expect(wire.received() == [good, good])
        #expect(wire.queue.drops == 1)
    }
}
