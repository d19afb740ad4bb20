internal import RelayControl
internal import RelayProtocol

/// What a follower calls a producer that lives on another worker; never used for two.
typealias MirrorName = UInt32

/// One element of the ring from one worker to another. Trivial; packets hold a reference to their slot until the ring is settled.
enum Crossing {
    // From a producer's worker to one that follows it.

    /// A packet of a frame that leaves together.
    case packet(PendingPacket, Mark, isLast: Bool)
    /// A packet without payload, which nobody is to miss.
    case leftOut(Mark, source: UInt32, sequence: UInt16)
    /// The publisher's sender report, to be translated.
    case senderReport(MirrorName, SenderInfo)
    /// Answer to `missing`.
    case resent(PendingPacket, Mark, MissingPacket)

    // From a follower to the producer's worker.

    /// Somebody needs a keyframe; `isReminder`: somebody still waits for the first one.
    case keyframe(MirrorName, encoding: UInt8, isReminder: Bool)
    /// A subscriber asks for a packet again.
    case missing(MirrorName, MissingPacket)

    // To the worker that looks for a room's speaker.

    /// An audio level (RFC 6464) of a publication.
    case level(PublicationID, UInt8)

    /// Which mirror it is for, and in what state its producer was then: what is lost on a full ring is told by what comes next.
    struct Mark {
        var mirror: MirrorName
        /// How often the producer paused or lost its stream: consumers begin anew.
        var pauses: UInt32
        /// How often extension identifiers changed: consumers' headers are written otherwise.
        var headerChanges: UInt32
    }

    /// A packet that a subscriber lacks: where it came from, and for whom it is.
    struct MissingPacket {
        /// SSRC and number of the publisher's stream.
        var source: UInt32
        var original: UInt16
        /// Number and SSRC of the subscriber's.
        var sequence: UInt16
        var ssrc: UInt32
        var transport: TransportID
        /// The subscriber's round trip, as far as known.
        var roundTrip = RoundTrip()

        /// Whether it is long enough ago that the packet came in.
        func canBeMissed(_ producer: Producer, at now: Instant) -> Bool {
            guard let held = producer.stream(source)?.history?.find(original) else { return false }
            return RetransmissionRequests.canBeMissed(sentAt: held.at, roundTrip: roundTrip, at: now)
        }
    }

    /// The slot that the element holds a reference to.
    @inline(__always)
    var slot: Int32? {
        switch self {
        case .packet(let packet, _, _), .resent(let packet, _, _): packet.slot
        case .leftOut, .senderReport, .keyframe, .missing, .level: nil
        }
    }
}

/// Which producer a worker would follow. It stands until it is withdrawn or the publication ends, whether there is such a producer
/// already, still or again.
struct FollowWish: Sendable {
    var publication: PublicationID
    var mid: String
    var codec: CodecParameters
}

/// What must not be lost, and is rare: queued beside the ring.
enum Letter: Sendable {
    /// There are consumers for such a producer from now on, who take these encodings (a bit each).
    case follow(FollowWish, as: MirrorName, encodings: UInt16)
    /// They take these from now on.
    case take(MirrorName, encodings: UInt16)
    /// What there is to choose from at a producer that is followed.
    case ladder(MirrorName, LayerLadder)
    /// Who speaks in a room, as the worker finds that looks for it.
    case speaker(RoomID, ParticipantID?)
    /// There are none any more.
    case unfollow(MirrorName)
}
