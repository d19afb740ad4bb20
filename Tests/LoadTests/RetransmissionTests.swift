import CNet
import Glibc
import RelayIO
import RelayProtocol
import Testing

@testable import Load

@Suite struct RetransmissionTests {
    /// A video sender and the socket it sends to, on loopback.
    private final class Pair {
        let fd: Int32
        let sender: VideoSender
        let opener: PacketOpener
        private var window = ReplayWindow()
        private var retransmissionWindow = ReplayWindow()

        init(retransmissionSSRC: UInt32?, codec: VideoCodec = .vp8) throws {
            var address = cnet_endpoint(high: 0, low: 0x7f00_0001, port: 0, is_ipv6: 0)
            fd = cnet_udp_open(&address)
            try #require(fd >= 0)
            let keys = SRTPKeys(key: Array(repeating: 1, count: 16), salt: Array(repeating: 2, count: 12))
            opener = try PacketOpener(keys, profile: .gcm128)
            sender = VideoSender(
                VideoTrace(kilobits: 500), sealer: try PacketSealer(keys, profile: .gcm128), ssrc: 100,
                retransmissionSSRC: retransmissionSSRC, fd: fd, to: address, codec: codec)
        }

        deinit { close(fd) }

        /// The next packet that waits, decrypted.
        func receive() throws -> (header: PacketHeader, payload: [UInt8])? {
            var bytes = [UInt8](repeating: 0, count: 2_048)
            let count = recv(fd, &bytes, bytes.count, 0)
            guard count > 0 else { return nil }
            return try bytes.withUnsafeMutableBytes { memory in
                let packet = UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
                let header = try #require(PacketHeader(UnsafeRawBufferPointer(packet)))
                let opened =
                    header.ssrc == 100
                    ? opener.open(packet, header: header, window: &window)
                    : opener.open(packet, header: header, window: &retransmissionWindow)
                return (header, Array(packet[header.length..<(try #require(opened))]))
            }
        }
    }

    @Test(arguments: VideoCodec.allCases)
    func whatIsAskedForAgainComesAsItWasWithItsNumberBefore(codec: VideoCodec) throws {
        let pair = try Pair(retransmissionSSRC: 101, codec: codec)
        pair.sender.restart(at: 0)
        _ = pair.sender.advance(0)
        var sent: [(header: PacketHeader, payload: [UInt8])] = []
        while let packet = try pair.receive() { sent.append(packet) }
        try #require(sent.count > 6)
        #expect(sent.filter(\.header.marker).count == 1)
        for original in [sent[0], sent[5], sent[sent.count - 1]] {
            pair.sender.resend(original.header.sequence, at: 1_000)
            let again = try #require(try pair.receive())
            #expect(again.header.ssrc == 101 && again.header.payloadType == codec.retransmissionPayloadType)
            #expect(
                again.header.timestamp == original.header.timestamp && again.header.marker == original.header.marker)
            #expect(
                Array(again.payload.prefix(2)) == [
                    UInt8(original.header.sequence >> 8), UInt8(original.header.sequence & 255),
                ])
            #expect(Array(again.payload.dropFirst(2)) == original.payload)
        }
        #expect(pair.sender.retransmissions == 3)
    }

    @Test func whatWasNeverSentIsNotResent() throws {
        let pair = try Pair(retransmissionSSRC: 101)
        pair.sender.resend(7, at: 0)
        pair.sender.restart(at: 0)
        _ = pair.sender.advance(0)
        var newest: UInt16 = 0
        var count: UInt16 = 0
        while let packet = try pair.receive() { (newest, count) = (packet.header.sequence, count + 1) }
        for sequence in [newest &+ 1, newest &- count, newest &+ 0x8000] { pair.sender.resend(sequence, at: 1_000) }
        #expect(try pair.receive() == nil)
        #expect(pair.sender.retransmissions == 0)
    }

    @Test func aKeyframeFollowsTheRequestForOne() throws {
        let pair = try Pair(retransmissionSSRC: nil)
        pair.sender.restart(at: 0)
        func frame(at time: Int64) throws -> [UInt8] {
            _ = pair.sender.advance(time)
            let first = try #require(try pair.receive())
            while try pair.receive() != nil {}
            return first.payload
        }
        // The first octet of the frame itself: its lowest bit is clear in a keyframe.
        #expect(try frame(at: 0)[4] & 1 == 0)
        #expect(try frame(at: 50_000)[4] & 1 == 1)
        pair.sender.wantsKeyframe = true
        #expect(try frame(at: 100_000)[4] & 1 == 0)
        #expect(try frame(at: 150_000)[4] & 1 == 1)
    }
}
