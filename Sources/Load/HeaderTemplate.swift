internal import RelayProtocol

/// The RTP header of a stream that we send, made once: packets get a copy with what differs written into it.
struct HeaderTemplate {
    /// A header extension in the one-byte form (RFC 8285).
    enum Element {
        case text(HeaderExtension, String)
        case transportSequence
        case sendTime
        case audioLevel
    }

    struct Values {
        var sequence: UInt16
        var timestamp: UInt32
        var marker: Bool
        var transportSequence: UInt16 = 0
        /// Microseconds of any clock; abs-send-time is made of it.
        var time: Int64 = 0
        /// RFC 6464: voice activity in the highest bit, below it how far under full scale, in dB.
        var audioLevel: UInt8 = 0
    }

    let ssrc: UInt32
    private let payloadType: UInt8
    private var bytes: [UInt8]
    private var transportSequenceAt: Int?
    private var sendTimeAt: Int?
    private var audioLevelAt: Int?

    /// Upper bound of what `write` writes.
    static let maximumLength = 96

    /// - Parameter elements: texts of at most 16 bytes each; longer ones are left out.
    init(ssrc: UInt32, payloadType: UInt8, _ elements: [Element]) {
        self.ssrc = ssrc
        self.payloadType = payloadType
        var block: [UInt8] = []
        func open(_ kind: HeaderExtension, _ length: Int) -> Int {
            block.append(SessionText.number(of: kind) << 4 | UInt8(truncatingIfNeeded: length - 1) & 15)
            let at = 16 + block.count
            block += [UInt8](repeating: 0, count: length)
            return at
        }
        for element in elements {
            switch element {
            case .text(let kind, let text):
                guard (1...16).contains(text.utf8.count), block.count < 48 else { continue }
                let at = open(kind, text.utf8.count) - 16
                block.replaceSubrange(at..., with: text.utf8)
            case .transportSequence: transportSequenceAt = open(.transportSequence, 2)
            case .sendTime: sendTimeAt = open(.absoluteSendTime, 3)
            case .audioLevel: audioLevelAt = open(.audioLevel, 1)
            }
        }
        while block.count % 4 != 0 { block.append(0) }
        bytes = [block.isEmpty ? 0x80 : 0x90] + [UInt8](repeating: 0, count: 11)
        if !block.isEmpty { bytes += [0xbe, 0xde, 0, UInt8(block.count / 4)] + block }
    }

    /// Writes a header at `out`, which has room for `maximumLength` bytes; returns its length.
    func write(_ values: Values, to out: UnsafeMutableRawPointer) -> Int {
        bytes.withUnsafeBytes { memory in
            if let base = memory.baseAddress { out.copyMemory(from: base, byteCount: memory.count) }
        }
        out.put(payloadType | (values.marker ? 0x80 : 0), at: 1)
        out.put(values.sequence, at: 2)
        out.put(values.timestamp, at: 4)
        out.put(ssrc, at: 8)
        if let transportSequenceAt { out.put(values.transportSequence, at: transportSequenceAt) }
        if let sendTimeAt {
            out.put24(UInt32(truncatingIfNeeded: (values.time &<< 18) / 1_000_000) & 0xff_ffff, at: sendTimeAt)
        }
        if let audioLevelAt { out.put(values.audioLevel, at: audioLevelAt) }
        return bytes.count
    }
}
