/// An RTP header (RFC 3550, section 5.1), parsed once; offsets point into the packet it was parsed from.
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     |V=2|P|X|  CC   |M|     PT      |       sequence number         |
///     |                           timestamp                           |
///     |                             SSRC                              |
///     |                     CSRC (CC times)                           |
///     |  extension profile            |  length in 32-bit words       |
package struct PacketHeader: Sendable {
    package var payloadType: UInt8
    package var marker: Bool
    package var hasPadding: Bool
    package var sequence: UInt16
    package var timestamp: UInt32
    package var ssrc: UInt32
    /// Bytes of the header with CSRCs and extensions: where the payload begins.
    package var length: Int
    /// The extension block's profile; 0 without a block.
    package var extensionProfile: UInt16
    /// Where the extension elements begin, and how many bytes they take.
    package var extensionOffset: Int
    package var extensionLength: Int

    /// Shortest possible header.
    package static let minimumLength = 12

    /// Nil where the bytes are not RTP version 2 or end within the header.
    /// The padding count is encrypted in SRTP, so that it is not read here.
    package init?(_ packet: UnsafeRawBufferPointer) {
        guard let flags = packet.byte(at: 0), flags >> 6 == 2, let type = packet.byte(at: 1),
            let sequence = packet.uint16(at: 2), let timestamp = packet.uint32(at: 4), let ssrc = packet.uint32(at: 8)
        else { return nil }
        payloadType = type & 0x7f
        marker = type & 0x80 != 0
        hasPadding = flags & 0x20 != 0
        self.sequence = sequence
        self.timestamp = timestamp
        self.ssrc = ssrc
        length = Self.minimumLength + Int(flags & 0x0f) * 4
        extensionProfile = 0
        extensionOffset = 0
        extensionLength = 0
        if flags & 0x10 != 0 {
            guard let profile = packet.uint16(at: length), let words = packet.uint16(at: length + 2) else { return nil }
            extensionProfile = profile
            extensionOffset = length + 4
            extensionLength = Int(words) * 4
            length = extensionOffset + extensionLength
        }
        guard length <= packet.count else { return nil }
    }

    /// Whether a datagram that begins with an RTP version and is at least 8 bytes long is RTCP (RFC 5761, section 4).
    package static func isRTCP(secondByte: UInt8) -> Bool { (192...223).contains(secondByte) }
}
