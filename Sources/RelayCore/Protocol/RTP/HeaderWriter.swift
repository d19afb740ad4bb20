/// Writes one consumer's RTP headers: its SSRC, payload type, extension identifiers and mid.
///
/// What the relay itself sets (mid, transport-wide sequence, send time, and for a time playout delay) stands in every packet and at
/// constant length, so that packets of one frame stay equal in size and can leave as one GSO run; the rest is copied where the
/// source has it.
package struct HeaderWriter: Sendable {
    package let ssrc: UInt32
    /// Value of the playout-delay extension (24 bits); nil: packets do not bear it.
    package var playoutDelay: UInt32? {
        didSet { if playoutDelay != oldValue, extensions[.playoutDelay] != 0 { prepareTemplate() } }
    }
    package let payloadType: UInt8
    private let extensions: ExtensionMap
    private var mid = InlineArray<32, UInt8>(repeating: 0)
    private let needsTwoByteForm: Bool
    /// The peer takes both forms of extension blocks on one stream (`a=extmap-allow-mixed`).
    private let mixesForms: Bool
    private let midLength: Int
    /// The header of a packet into which nothing is copied, with its numbers left open; most packets are written from it.
    private var template = InlineArray<6, UInt64>(repeating: 0)
    /// 0: the header is longer than the template has room for.
    private var templateLength = 0
    private var transportSequenceAt = 0
    private var sendTimeAt = 0
    /// One bit for each extension that is passed on, by the kind's raw value.
    private let copiedKinds: UInt16

    /// Upper bound of what `write` produces: fixed header, block header, then mid, transport-wide sequence, send time,
    /// playout delay, three short extensions and the dependency descriptor in the two-byte form, and padding.
    package static var maximumLength: Int {
        12 + 4 + (2 + 32) + (2 + 2) + 2 * (2 + 3) + 3 * (2 + 16) + (2 + 255) + 3
    }

    /// Extensions that are passed on as they came.
    private static let copied: InlineArray<4, HeaderExtension> = [
        .audioLevel, .videoOrientation, .absoluteCaptureTime, .dependencyDescriptor,
    ]

    /// What differs from packet to packet.
    package struct Values: Sendable {
        package var sequence: UInt16
        package var timestamp: UInt32
        package var marker: Bool
        package var hasPadding: Bool
        package var transportSequence: UInt16
        /// 6.18 fixed point seconds, as abs-send-time wants it.
        package var sendTime: UInt32
        /// Added to the frame number of a dependency descriptor that is passed on.
        package var frameNumberOffset: UInt16

        package init(
            sequence: UInt16, timestamp: UInt32, marker: Bool, hasPadding: Bool, transportSequence: UInt16,
            sendTime: UInt32, frameNumberOffset: UInt16 = 0
        ) {
            self.sequence = sequence
            self.timestamp = timestamp
            self.marker = marker
            self.hasPadding = hasPadding
            self.transportSequence = transportSequence
            self.sendTime = sendTime
            self.frameNumberOffset = frameNumberOffset
        }
    }

    /// A mid longer than 32 bytes is not sent (receivers then tell streams apart by SSRC).
    package init(ssrc: UInt32, payloadType: UInt8, extensions: ExtensionMap, mid: String, mixesForms: Bool = true) {
        self.ssrc = ssrc
        self.payloadType = payloadType
        self.extensions = extensions
        self.mixesForms = mixesForms
        let bytes = mid.utf8
        midLength = extensions[.mid] != 0 && bytes.count <= 32 ? bytes.count : 0
        if midLength > 0 {
            for (index, byte) in bytes.enumerated() { self.mid[index] = byte }
        }
        needsTwoByteForm = midLength > 16 || HeaderExtension.allCases.contains { extensions[$0] > 14 }
        var kinds: UInt16 = 0
        for index in Self.copied.indices where extensions[Self.copied[index]] != 0 {
            kinds |= 1 << UInt16(Self.copied[index].rawValue)
        }
        copiedKinds = kinds
        carriesTransportSequence = extensions[.transportSequence] != 0
        prepareTemplate()
    }

    private mutating func prepareTemplate() {
        templateLength = 0
        let headBytes = needsTwoByteForm ? 2 : 1
        var at = 16 + (midLength > 0 ? headBytes + midLength : 0)
        if extensions[.transportSequence] != 0 {
            transportSequenceAt = at + headBytes
            at += headBytes + 2
        }
        if extensions[.absoluteSendTime] != 0 { sendTimeAt = at + headBytes }
        let nothing = Values(
            sequence: 0, timestamp: 0, marker: false, hasPadding: false, transportSequence: 0, sendTime: 0)
        withUnsafeTemporaryAllocation(byteCount: Self.maximumLength, alignment: 8) { memory in
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            guard let out = memory.baseAddress else { return }
            let length = writeWhole(
                nothing, source: UnsafeRawBufferPointer(start: nil, count: 0), fields: ExtensionFields(), to: out)
            guard length <= template.count * 8 else { return }
            templateLength = length
            for word in template.indices { template[word] = memory.load(fromByteOffset: word * 8, as: UInt64.self) }
        }
    }

    /// Whether this consumer's packets count in the transport-wide sequence.
    package let carriesTransportSequence: Bool

    /// Writes the header at `out`, which has room for `maximumLength` bytes.
    /// - Returns: its length.
    @inline(__always)
    package func write(
        _ values: Values, source: UnsafeRawBufferPointer, fields: borrowing ExtensionFields,
        to out: UnsafeMutableRawPointer
    ) -> Int {
        guard templateLength > 0, fields.present & copiedKinds == 0 else {
            return writeWhole(values, source: source, fields: fields, to: out)
        }
        let words = template.span
        for word in words.indices { out.storeBytes(of: words[word], toByteOffset: word * 8, as: UInt64.self) }
        out.put(payloadType | (values.marker ? 0x80 : 0), at: 1)
        out.put(values.sequence, at: 2)
        out.put(values.timestamp, at: 4)
        if values.hasPadding { out.put(templateLength > 12 ? UInt8(0xb0) : UInt8(0xa0), at: 0) }
        if transportSequenceAt > 0 { out.put(values.transportSequence, at: transportSequenceAt) }
        if sendTimeAt > 0 { out.put24(values.sendTime, at: sendTimeAt) }
        return templateLength
    }

    @inline(never)
    private func writeWhole(
        _ values: Values, source: UnsafeRawBufferPointer, fields: borrowing ExtensionFields,
        to out: UnsafeMutableRawPointer
    ) -> Int {
        out.put(payloadType | (values.marker ? 0x80 : 0), at: 1)
        out.put(values.sequence, at: 2)
        out.put(values.timestamp, at: 4)
        out.put(ssrc, at: 8)
        let descriptorLength = fields[.dependencyDescriptor].length
        let needsLongElement = descriptorLength > 16 && mixesForms && extensions[.dependencyDescriptor] != 0
        let twoByte = needsTwoByteForm || needsLongElement
        var at = 16
        if midLength > 0 {
            at = open(.mid, midLength, twoByte, out, at)
            let bytes = mid.span
            for index in 0..<midLength { out.put(bytes[index], at: at + index) }
            at += midLength
        }
        if extensions[.transportSequence] != 0 {
            at = open(.transportSequence, 2, twoByte, out, at)
            out.put(values.transportSequence, at: at)
            at += 2
        }
        if extensions[.absoluteSendTime] != 0 {
            at = open(.absoluteSendTime, 3, twoByte, out, at)
            out.put24(values.sendTime, at: at)
            at += 3
        }
        if let playoutDelay, extensions[.playoutDelay] != 0 {
            at = open(.playoutDelay, 3, twoByte, out, at)
            out.put24(playoutDelay, at: at)
            at += 3
        }
        for index in Self.copied.indices {
            let kind = Self.copied[index]
            guard extensions[kind] != 0, let bytes = fields.bytes(kind, in: source), let base = bytes.baseAddress,
                // Only the descriptor has a reason to be longer than the one-byte form can say, and `maximumLength` counts on it.
                bytes.count <= 16 || (twoByte && kind == .dependencyDescriptor)
            else { continue }
            at = open(kind, bytes.count, twoByte, out, at)
            (out + at).copyMemory(from: base, byteCount: bytes.count)
            if kind == .dependencyDescriptor, values.frameNumberOffset != 0, let number = bytes.uint16(at: 1) {
                out.put(number &+ values.frameNumberOffset, at: at + 1)
            }
            at += bytes.count
        }
        let flags: UInt8 = values.hasPadding ? 0xa0 : 0x80
        guard at > 16 else {
            out.put(flags, at: 0)
            return 12
        }
        while at & 3 != 0 {
            out.put(UInt8(0), at: at)
            at += 1
        }
        out.put(flags | 0x10, at: 0)
        out.put(twoByte ? UInt16(0x1000) : UInt16(0xBEDE), at: 12)
        out.put(UInt16(truncatingIfNeeded: (at - 16) >> 2), at: 14)
        return at
    }

    /// Gives a header that was written another payload type (RED in place of its codec).
    package func mark(payloadType: UInt8?, marker: Bool, at out: UnsafeMutableRawPointer) {
        guard let payloadType else { return }
        out.put(payloadType | (marker ? 0x80 : 0), at: 1)
    }

    /// Writes an element's head; returns where its value goes.
    @inline(__always)
    private func open(
        _ kind: HeaderExtension, _ length: Int, _ twoByte: Bool, _ out: UnsafeMutableRawPointer, _ at: Int
    ) -> Int {
        if twoByte {
            out.put(extensions[kind], at: at)
            out.put(UInt8(truncatingIfNeeded: length), at: at + 1)
            return at + 2
        }
        out.put(extensions[kind] << 4 | UInt8(truncatingIfNeeded: length &- 1) & 0x0f, at: at)
        return at + 1
    }
}
