import RelayProtocol
import TestSupport
import Testing

struct PayloadInspectionTests {
    private func isStart(_ codec: CodecName, _ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { PayloadInspection.isKeyframeStart(codec, $0) }
    }

    @Test(
        arguments: [
            ([0x10, 0x00], true), ([0x10, 0x01], false), ([0x00, 0x00], false), ([0x11, 0x00], false),
            // X with a short and a long picture id
            ([0x90, 0x80, 0x05, 0x00], true), ([0x90, 0x80, 0x85, 0x01, 0x00], true),
            ([0x90, 0x80, 0x85, 0x01, 0x01], false),
            // picture id, TL0PICIDX, TID and KEYIDX
            ([0x90, 0xf0, 0x81, 0x01, 0x07, 0x20, 0x50], true), ([0x90, 0xf0, 0x81, 0x01, 0x07, 0x20, 0x51], false),
            // TL0PICIDX and TID without picture id
            ([0x90, 0x60, 0x01, 0x01, 0x00], true), ([0x90, 0x10, 0x01, 0x00], true),
            ([], false), ([0x90], false), ([0x90, 0x80], false), ([0x90, 0xf0, 0x81, 0x01, 0x07, 0x20], false),
        ] as [([UInt8], Bool)])
    func knowsVP8Keyframes(bytes: [UInt8], expected: Bool) {
        #expect(isStart(.VP8, bytes) == expected)
    }

    @Test(
        arguments: [
            // B without P, with a long picture id
            ([0x88, 0x81, 0x02, 0x82], true), ([0xc8, 0x81, 0x02, 0x82], false), ([0x80, 0x81, 0x02, 0x82], false),
            // layers: the lowest spatial one, then an upper one of the same picture
            ([0xa8, 0x81, 0x02, 0x00, 0x01, 0x82], true), ([0xa8, 0x81, 0x02, 0x03, 0x01, 0x82], false),
            ([0xa8, 0x05, 0x00, 0x01, 0x82], true), ([0x28, 0x02, 0x01, 0x82], false),
            ([], false), ([0x88], false), ([0xa8, 0x81, 0x02], false),
        ] as [([UInt8], Bool)])
    func knowsVP9Keyframes(bytes: [UInt8], expected: Bool) {
        #expect(isStart(.VP9, bytes) == expected)
    }

    @Test(
        arguments: [
            ([0x67, 0x42], true), ([0x68, 0xce], false), ([0x65, 0x88], true), ([0x41, 0x9a], false),
            ([0x06, 0x05], false),
            // a later slice of an IDR picture
            ([0x65, 0x42], false),
            // STAP-A: SPS and PPS; SEI and P slice; PPS and IDR; cut short
            ([0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce], true), ([0x78, 0, 2, 0x06, 0x05, 0, 2, 0x41, 0x9a], false),
            ([0x78, 0, 2, 0x68, 0xce, 0, 2, 0x65, 0x88], true), ([0x78, 0, 9, 0x67, 0x42], false),
            ([0x78, 0, 0, 0x67], false),
            // FU-A: start of IDR, its middle, start of a P slice
            ([0x7c, 0x85, 0x88], true), ([0x7c, 0x05, 0x88], false), ([0x7c, 0x81, 0x9a], false),
            ([0x7c, 0x87, 0x42], true),
            ([], false), ([0x7c], false), ([0x78], false), ([0x65], false),
        ] as [([UInt8], Bool)])
    func knowsH264Keyframes(bytes: [UInt8], expected: Bool) {
        #expect(isStart(.H264, bytes) == expected)
    }

    @Test(
        arguments: [
            ([0x18, 0x0a], true), ([0x10, 0x0a], false), ([0x98, 0x0a], false), ([0x08, 0x0a], true), ([], false),
            ([0x08], false),
        ] as [([UInt8], Bool)])
    func knowsAV1Keyframes(bytes: [UInt8], expected: Bool) {
        #expect(isStart(.AV1, bytes) == expected)
    }

    @Test func audioCanBeginAnywhere() {
        #expect(isStart(.opus, [0xfc]))
        #expect(!isStart(.PCMU, []))
    }

    @Test func neverTrapsOnGarbage() {
        var random = SeededRandom(seed: 6)
        var starts = 0
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            for codec in CodecName.allCases where isStart(codec, bytes) { starts += 1 }
            bytes.withUnsafeBytes { payload in
                guard let primary = RedundantAudio.primary(in: payload) else { return }
                #expect(primary.offset >= 1 && primary.offset + primary.length == payload.count)
            }
        }
        #expect(starts > 20_000)
    }
}

struct RedundantAudioTests {
    private func primary(_ bytes: [UInt8]) -> RedundantAudio.Primary? {
        bytes.withUnsafeBytes { RedundantAudio.primary(in: $0) }
    }

    @Test func findsThePrimaryBehindOlderBlocks() {
        #expect(primary([111, 1, 2, 3]) == .init(payloadType: 111, offset: 1, length: 3))
        // One block of 3 bytes, 960 earlier
        #expect(
            primary([0x80 | 111, 0x0f, 0x00, 3, 111, 9, 9, 9, 1, 2]) == .init(payloadType: 111, offset: 8, length: 2))
        // Two blocks; lengths use ten bits
        let long =
            [0x80 | 111, 0x1e, 0x01, 0x2c, 0x80 | 111, 0x0f, 0x00, 1, 63] + [UInt8](repeating: 7, count: 301) + [5]
        #expect(primary(long) == .init(payloadType: 63, offset: 9 + 301, length: 1))
        #expect(primary([0x80 | 111, 0x0f, 0x00, 1, 111, 9]) == .init(payloadType: 111, offset: 6, length: 0))
    }

    @Test func refusesLengthsBeyondThePayload() {
        #expect(primary([]) == nil)
        #expect(primary([0x80 | 111, 0, 0]) == nil)
        #expect(primary([0x80 | 111, 0, 0, 9, 111, 1, 2]) == nil)
        #expect(primary([UInt8](repeating: 0x80, count: 400)) == nil)
    }
}
