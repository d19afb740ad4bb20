import RelayProtocol
import TestSupport
import Testing

@testable import RelayIO

@Suite struct RunPlanTests {
    private func paddings(of lengths: [Int]) -> [Int] {
        let header = rtpHeader()
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 8)
        defer { memory.deallocate() }
        var packets = lengths.map {
            PendingPacket(
                slot: 0, memory: memory, header: header, fields: ExtensionFields(), payloadLength: $0,
                primaryOffset: nil,
                startsKeyframe: false,
                isLate: false)
        }
        packets.withUnsafeMutableBufferPointer { RunPlan.pad($0) }
        return packets.map { Int($0.padding) }
    }

    private func rtpHeader() -> PacketHeader {
        let bytes: [UInt8] = [0x80, 96] + [UInt8](repeating: 0, count: 10)
        return bytes.withUnsafeBytes { PacketHeader($0)! }
    }

    @Test func nearlyEqualSizesBecomeEqual() {
        #expect(paddings(of: [1000, 1000, 1001, 1001]) == [1, 1, 0, 0])
        #expect(paddings(of: [1000, 1002, 1003, 900]) == [3, 1, 0, 0])
    }

    @Test func farApartSizesAreLeftAlone() {
        #expect(paddings(of: [1000, 1004, 500, 504]) == [0, 0, 0, 0])
    }

    @Test func theLastPacketIsNeverPadded() {
        #expect(paddings(of: [1001, 1000]) == [0, 0])
        #expect(paddings(of: [17]) == [0])
        #expect(paddings(of: []) == [])
    }

    @Test func noPaddingIsLongerThanThreeBytesAndEveryGroupIsEven() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<2000 {
            let lengths = (0..<Int.random(in: 1...16, using: &random)).map { _ in
                Int.random(in: 990...1010, using: &random)
            }
            let padded = paddings(of: lengths)
            #expect(padded.allSatisfy { (0...RunPlan.maximumPadding).contains($0) })
            #expect(padded.last == 0)
        }
    }
}
