internal import Glibc
internal import RelayProtocol

/// The end of every synthetic payload: which packet of which stream this is and when it was first sent. What stands before it
/// follows from its sequence, so that a receiver sees loss, order, corruption, misrouting and latency without having the original.
package struct PayloadStamp: Equatable, Sendable {
    package static let length = 24

    /// The sender's SSRC, which relays replace in the header.
    package var source: UInt32
    /// Counts the stream's packets.
    package var sequence: UInt64
    /// Microseconds of the sender's monotonic clock.
    package var sentAt: Int64

    package init(source: UInt32, sequence: UInt64, sentAt: Int64) {
        self.source = source
        self.sequence = sequence
        self.sentAt = sentAt
    }

    private var check: UInt32 {
        let mixed =
            (sequence ^ UInt64(bitPattern: sentAt) &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(source)) &* 0xff51_afd7_ed55_8ccd
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }

    package func write(to out: UnsafeMutableRawPointer) {
        out.put(sequence, at: 0)
        out.put(UInt64(bitPattern: sentAt), at: 8)
        out.put(source, at: 16)
        out.put(check, at: 20)
    }

    /// Reads and checks a payload.
    /// - Parameter head: bytes at its start that are the codec's own and not checked.
    /// - Returns: nil where the payload is not as it was sent.
    package init?(payload: UnsafeRawBufferPointer, head: Int) {
        let bodyLength = payload.count - head - Self.length
        guard head >= 0, bodyLength >= 0, let sequence = payload.uint64(at: head + bodyLength),
            let time = payload.uint64(at: head + bodyLength + 8),
            let source = payload.uint32(at: head + bodyLength + 16),
            let check = payload.uint32(at: head + bodyLength + 20)
        else { return nil }
        self.init(source: source, sequence: sequence, sentAt: Int64(bitPattern: time))
        guard check == self.check, let base = payload.baseAddress, bodyLength <= Self.longestBody,
            memcmp(base + head, Self.body(of: sequence), bodyLength) == 0
        else { return nil }
    }

    /// Whether it may be from a stream of this run. The check is no secret: a server could make up any number, and what is counted
    /// and subtracted from it has to be representable.
    /// - Parameter time: of the receiver's clock.
    package func isPlausible(at time: Int64) -> Bool {
        let age = time.subtractingReportingOverflow(sentAt)
        return sequence < 1 << 40 && !age.overflow && age.partialValue.magnitude < 1 << 40
    }

    // MARK: The body

    static let longestBody = 4_096

    /// What stands between the codec's head and the stamp; `longestBody` bytes are valid for as long as the process lives.
    static func body(of sequence: UInt64) -> UnsafeRawPointer { noise.base + Int(sequence & 0xfff) * 8 }

    /// Incompressible bytes, made once and never changed, so that every thread may read them.
    private struct Noise: @unchecked Sendable {
        let base: UnsafeRawPointer

        init() {
            let count = 0xfff * 8 + longestBody
            let bytes = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
            var state: UInt64 = 7
            for at in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.put(UInt8(truncatingIfNeeded: state >> 56), at: at)
            }
            base = UnsafeRawPointer(bytes)
        }
    }
    private static let noise = Noise()

    /// How many bytes of a VP8 payload (RFC 7741) precede the body: the descriptor and, at a frame's start, the frame's own header.
    package static func headLength(ofVP8 payload: UnsafeRawBufferPointer) -> Int {
        guard let first = payload.byte(at: 0), first & 0x10 != 0, let tag = payload.byte(at: 4) else { return 4 }
        return tag & 1 == 0 ? 14 : 7
    }
}
