/// One packet out of a compound: a view onto the caller's bytes, valid only as long as they are.
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     |V=2|P| RC/FMT  |      PT       | length in 32-bit words, less 1|
///
/// `RTCPReader` has checked every length that a view relies on before it hands the view out.
package enum RTCPPacket {
    case senderReport(SenderReport)
    case receiverReport(ReceiverReport)
    case sourceDescription(SourceDescription)
    case goodbye(Goodbye)
    case nack(NackFeedback)
    case transportFeedback(TransportFeedbackReport)
    case pictureLoss(PictureLossFeedback)
    case fullIntraRequest(FullIntraFeedback)
    case receiverEstimate(ReceiverEstimate)
    case extendedReport(ExtendedReport)
    /// Well-formed but not ours to understand (SLI, APP …).
    case other(type: UInt8, format: UInt8)
}

/// The payload types of RTCP that the relay knows (RFC 3550 §12.1, RFC 4585 §6.1).
enum RTCPType {
    static let senderReport: UInt8 = 200
    static let receiverReport: UInt8 = 201
    static let sourceDescription: UInt8 = 202
    static let goodbye: UInt8 = 203
    static let transportLayerFeedback: UInt8 = 205
    static let payloadSpecificFeedback: UInt8 = 206
    /// RFC 3611 §2.
    static let extendedReport: UInt8 = 207
}

/// The feedback message types (FMT) that the relay knows.
enum RTCPFormat {
    /// Under `transportLayerFeedback` (RFC 4585 §6.2.1).
    static let nack: UInt8 = 1
    /// Under `transportLayerFeedback` (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    static let transportWide: UInt8 = 15
    /// Under `payloadSpecificFeedback` (RFC 4585 §6.3.1).
    static let pictureLoss: UInt8 = 1
    /// Under `payloadSpecificFeedback` (RFC 5104 §4.3.1).
    static let fullIntraRequest: UInt8 = 4
    /// Under `payloadSpecificFeedback`: application layer feedback, of which REMB is one kind.
    static let applicationLayer: UInt8 = 15
}
