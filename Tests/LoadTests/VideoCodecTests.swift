import RelayProtocol
import Testing

@testable import Load

@Suite struct VideoCodecTests {
    private func payload(_ part: VideoCodec.Part, of codec: VideoCodec) -> (bytes: [UInt8], head: Int) {
        var bytes = [UInt8](repeating: 0xff, count: max(part.size, VideoCodec.longestHead))
        let head = bytes.withUnsafeMutableBytes { memory in
            memory.baseAddress.map { codec.writeHead(of: part, picture: 0x1234, to: $0) } ?? 0
        }
        return (Array(bytes.prefix(part.size)), head)
    }

    @Test(arguments: VideoCodec.allCases, [100, 1_168, 1_169, 31_250])
    func aReceiverFindsWhereTheBodyBegins(codec: VideoCodec, size: Int) {
        for isKeyframe in [true, false] {
            let parts = codec.parts(ofFrame: size, isKeyframe: isKeyframe)
            #expect(parts.filter(\.marker).count == 1 && parts.last?.marker == true)
            for part in parts {
                let (bytes, head) = payload(part, of: codec)
                #expect(head <= VideoCodec.longestHead && part.size <= VideoTrace.maximumPayload + 4)
                #expect(bytes.withUnsafeBytes { codec.headLength(of: $0) } == head)
            }
        }
    }

    @Test(arguments: VideoCodec.allCases)
    func aServerSeesAKeyframeBeginOnlyInItsFirstPacket(codec: VideoCodec) {
        for isKeyframe in [true, false] {
            let starts = codec.parts(ofFrame: 10_000, isKeyframe: isKeyframe).map { part in
                payload(part, of: codec).bytes.withUnsafeBytes {
                    PayloadInspection.isKeyframeStart(codec == .vp8 ? .VP8 : .H264, $0)
                }
            }
            #expect(starts.first == isKeyframe)
            // With H.264 the picture's own first slice is such a place, too.
            #expect(starts.dropFirst(codec == .h264 ? 2 : 1).allSatisfy { !$0 })
        }
    }

    @Test func anH264KeyframeIsParameterSetsAndFragments() {
        let parts = VideoCodec.h264.parts(ofFrame: 3_000, isKeyframe: true)
        let heads = parts.map { part in Array(payload(part, of: .h264).bytes.prefix(2)) }
        #expect(heads.map { $0[0] & 0x1f } == [24, 28, 28, 28])
        #expect(heads.dropFirst().map { $0[1] } == [0x85, 0x05, 0x45])
        #expect(VideoCodec.h264.parts(ofFrame: 500, isKeyframe: false).count == 1)
    }

    @Test func simulcastSharesTheBitrateAsBrowsersDo() {
        let traces = VideoTrace.simulcast(kilobits: 3_150, framesPerSecond: 30)
        #expect(traces.map(\.kilobits) == [150, 500, 2_500])
    }
}
