/// Why the relay refused a call. Faces translate it once, at their edge.
public enum RelayError: Error, Equatable, Sendable {
    /// The SDP cannot be used; the text says what is wrong and where.
    case unusableDescription(String)
    /// The participant does not produce.
    case notProducing(ParticipantID)
    /// Nothing of that producer was ever offered to the subscriber.
    case notSubscribed(to: ParticipantID)
    /// The subscribing connection has no video with that mid.
    case unknownVideo(mid: String)
    /// A video was wanted on an m-line of the offer that cannot carry one; the text says why.
    case unusableLine(mid: String, reason: String)
    /// A configured limit is reached; `name` is the setting.
    case limit(name: String, value: Int)
}

/// Why a set of subscriber answers was refused; nothing of it was applied.
public struct SubscriptionFailure: Error, Equatable, Sendable {
    /// Whose answer it was.
    public var producer: ParticipantID
    public var reason: Reason

    public enum Reason: Equatable, Sendable {
        /// No such producer, or nothing was ever offered to this subscriber.
        case unknownProducer
        /// The answer belongs to an offer that a newer one has replaced, or no offer is open.
        case superseded
        /// Count, mids or kinds of the m-lines do not fit the latest offer.
        case mismatch(String)
        /// The SDP cannot be used.
        case unusableDescription(String)
        /// A configured limit is reached; `name` is the setting.
        case limit(name: String, value: Int)
    }

    public init(producer: ParticipantID, reason: Reason) {
        self.producer = producer
        self.reason = reason
    }
}
