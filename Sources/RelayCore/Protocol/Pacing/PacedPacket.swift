/// A packet that waits for its turn. The pacer knows nothing of it but what is here; `token` is the caller's, who gives and takes
/// back whatever it stands for (a slot with a reference, a consumer).
package struct PacedPacket: Equatable, Sendable {
    package var token: UInt64
    /// The caller's number of the stream that it belongs to: one consumer.
    package var stream: UInt32
    /// `FeedbackPath.number` of the transport that it goes over.
    package var path: Int32
    /// About as many as will be sent, headers and tag included.
    package var bytes: Int32
    /// A decoder can begin with it.
    package var startsKeyframe: Bool
    /// Marker bit.
    package var endsFrame: Bool

    package init(token: UInt64, stream: UInt32, path: Int, bytes: Int, startsKeyframe: Bool, endsFrame: Bool) {
        self.token = token
        self.stream = stream
        self.path = Int32(truncatingIfNeeded: path)
        self.bytes = Int32(truncatingIfNeeded: min(max(bytes, 1), 65_535))
        self.startsKeyframe = startsKeyframe
        self.endsFrame = endsFrame
    }
}
