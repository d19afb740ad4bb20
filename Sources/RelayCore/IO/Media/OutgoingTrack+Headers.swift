internal import RelayProtocol

extension OutgoingTrack {
    /// Writers of the headers of its packets, and of its retransmissions (RFC 4588); without those packets are resent as they were.
    var headers: (media: HeaderWriter, repair: HeaderWriter?) {
        if let payloadType = codec.retransmissionPayloadType, let retransmissionSSRC {
            return (
                writer(ssrc, codec.payloadType, extensions), writer(retransmissionSSRC, payloadType, extensions)
            )
        }
        // A packet that is resent as it was must be the same to the last bit: the same SRTP index never protects two different headers.
        // So nothing that changes with the time of sending goes in.
        var constant = extensions
        constant[.transportSequence] = 0
        constant[.absoluteSendTime] = 0
        constant[.playoutDelay] = 0
        return (writer(ssrc, codec.payloadType, constant), nil)
    }

    private func writer(_ ssrc: UInt32, _ payloadType: UInt8, _ extensions: ExtensionMap) -> HeaderWriter {
        HeaderWriter(
            ssrc: ssrc, payloadType: payloadType, extensions: extensions, mid: mid, mixesForms: mixesExtensionForms)
    }
}
