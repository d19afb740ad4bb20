/// Walks over the packets of a compound (RFC 3550 §6.1) or reduced-size (RFC 5506) RTCP datagram without allocating.
///
/// The bytes are borrowed: reader and packets are valid only as long as the buffer it was made with. Reading stops at the first
/// packet that is not well-formed; those before it stand, and `malformed` tells that something was left.
package struct RTCPReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    /// Whether reading ended early, at a packet whose fields or lengths contradict each other.
    package private(set) var malformed = false

    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        malformed = bytes.isEmpty
    }

    /// Whether a datagram on a port shared with RTP is RTCP (RFC 5761 §4): packet types 192–223 are.
    package static func isRTCP(_ datagram: UnsafeRawBufferPointer) -> Bool {
        guard let first = datagram.byte(at: 0), let second = datagram.byte(at: 1) else { return false }
        return first >> 6 == 2 && (192...223).contains(second)
    }

    /// The next packet, or nil at the end and at anything malformed.
    package mutating func next() -> RTCPPacket? {
        guard !malformed, offset < bytes.count else { return nil }
        guard let packet = parse() else {
            malformed = true
            return nil
        }
        return packet
    }

    private mutating func parse() -> RTCPPacket? {
        guard let first = bytes.byte(at: offset), first >> 6 == 2, let type = bytes.byte(at: offset + 1),
            (192...223).contains(type), let words = bytes.uint16(at: offset + 2),
            var body = bytes.part(at: offset + 4, length: Int(words) * 4)
        else { return nil }
        offset += 4 + body.count

        if first & 0x20 != 0 {
            // RFC 3550 wants a multiple of four, but transport-wide feedback in the wild is padded by one to three bytes.
            guard let padding = body.last, padding > 0,
                let unpadded = body.part(at: 0, length: body.count - Int(padding))
            else { return nil }
            body = unpadded
        }

        let count = first & 0x1f
        switch type {
        case RTCPType.senderReport: return SenderReport(body, blocks: Int(count)).map(RTCPPacket.senderReport)
        case RTCPType.receiverReport: return ReceiverReport(body, blocks: Int(count)).map(RTCPPacket.receiverReport)
        case RTCPType.sourceDescription:
            return SourceDescription(body, chunks: Int(count)).map(RTCPPacket.sourceDescription)
        case RTCPType.goodbye: return Goodbye(body, sources: Int(count)).map(RTCPPacket.goodbye)
        case RTCPType.transportLayerFeedback: return transportLayer(format: count, body)
        case RTCPType.payloadSpecificFeedback: return payloadSpecific(format: count, body)
        case RTCPType.extendedReport: return ExtendedReport(body).map(RTCPPacket.extendedReport)
        default: return .other(type: type, format: count)
        }
    }

    private func transportLayer(format: UInt8, _ body: UnsafeRawBufferPointer) -> RTCPPacket? {
        switch format {
        case RTCPFormat.nack: NackFeedback(body).map(RTCPPacket.nack)
        case RTCPFormat.transportWide: TransportFeedbackReport(body).map(RTCPPacket.transportFeedback)
        default: body.count >= 8 ? .other(type: RTCPType.transportLayerFeedback, format: format) : nil
        }
    }

    private func payloadSpecific(format: UInt8, _ body: UnsafeRawBufferPointer) -> RTCPPacket? {
        switch format {
        case RTCPFormat.pictureLoss: return PictureLossFeedback(body).map(RTCPPacket.pictureLoss)
        case RTCPFormat.fullIntraRequest: return FullIntraFeedback(body).map(RTCPPacket.fullIntraRequest)
        case RTCPFormat.applicationLayer where ReceiverEstimate.isEstimate(body):
            return ReceiverEstimate(body).map(RTCPPacket.receiverEstimate)
        default: return body.count >= 8 ? .other(type: RTCPType.payloadSpecificFeedback, format: format) : nil
        }
    }
}
