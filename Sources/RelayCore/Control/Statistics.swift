/// One peer connection in numbers.
public struct TransportStatistics: Sendable, Equatable {
    public var state: TransportState = .new
    /// Media bytes (SRTP) since the connection was made.
    public var bytes: UInt64 = 0
    /// Media packets since the connection was made.
    public var packets: UInt64 = 0
    /// Bits per second over the last second.
    public var bitrate: UInt64 = 0
    /// Packets lost as the receiving side of this connection counted them.
    public var lost: UInt64 = 0
    /// Milliseconds; nil until measured.
    public var roundTripMilliseconds: Double?
    /// Bits per second that may be sent to this participant, all its connections together; nil for publishing connections, and until
    /// measured.
    public var estimate: UInt64?
    /// In the order of the m-lines; of a publishing connection what comes in.
    public var tracks: [TrackStatistics] = []
    /// Of a publishing connection what goes out on it: the mix, and videos that its participant shows there.
    public var returned: [TrackStatistics] = []

    public init() {}
}

/// A participant's connections in numbers.
public struct ParticipantStatistics: Sendable {
    /// The publishing connection, if there is one. Of what goes out on it, it has only the mix, if there is one.
    public var produce: TransportStatistics?
    /// A row for each producer that has a connection to this participant, in the order in which they were offered. Behind them one for
    /// each producer whose videos are shown on connections of which the client makes the offers (`subscribe`): state, round trip and
    /// estimate are the connection's, the rest is that of the producer's videos alone, `bytes` without headers.
    public var consume: [(producer: ParticipantID, statistics: TransportStatistics)]

    public init(
        produce: TransportStatistics? = nil, consume: [(producer: ParticipantID, statistics: TransportStatistics)] = []
    ) {
        self.produce = produce
        self.consume = consume
    }
}

/// The relay's totals since the process started; all but `transports` and `mixedRooms` only grow.
public struct RelayTotals: Sendable, Equatable {
    public var transports: Int = 0
    public var packetsReceived: UInt64 = 0
    public var bytesReceived: UInt64 = 0
    public var packetsSent: UInt64 = 0
    public var bytesSent: UInt64 = 0
    /// Datagrams dropped, whole or in part, because they were not authentic, malformed, from nobody, or asked for too much by RTCP.
    public var datagramsRefused: UInt64 = 0
    /// Packets dropped because the socket was full.
    public var sendDrops: UInt64 = 0
    /// Datagrams that the kernel dropped because a socket's receive buffer was full.
    public var receiveDrops: UInt64 = 0
    public var retransmissions: UInt64 = 0
    public var keyframeRequests: UInt64 = 0
    /// Packets that one worker handed over to another, which has subscribers of theirs, too.
    public var handedOver: UInt64 = 0
    /// Packets that could not be handed over, because the other worker did not keep up.
    public var handOverDrops: UInt64 = 0
    /// Times that a subscriber began to get another layer of a video.
    public var layerChanges: UInt64 = 0
    /// Packets that were not sent because they had waited too long for their turn.
    public var packetsHeldBack: UInt64 = 0
    /// Bytes sent as padding to find out how much a subscriber's network bears.
    public var probeBytes: UInt64 = 0
    /// Publishers' packets that were lost and came when they were asked for again.
    public var packetsRecovered: UInt64 = 0
    /// Rooms whose sound is mixed for somebody.
    public var mixedRooms: Int = 0
    /// Times that a mixing thread left out 20 ms of its rooms because it was too late for them.
    public var mixesSkipped: UInt64 = 0
    /// Packets of sound that found no place on their way to a mixing thread.
    public var mixDrops: UInt64 = 0

    public init() {}

    public static func += (sum: inout RelayTotals, part: RelayTotals) {
        sum.transports += part.transports
        sum.packetsReceived &+= part.packetsReceived
        sum.bytesReceived &+= part.bytesReceived
        sum.packetsSent &+= part.packetsSent
        sum.bytesSent &+= part.bytesSent
        sum.datagramsRefused &+= part.datagramsRefused
        sum.sendDrops &+= part.sendDrops
        sum.receiveDrops &+= part.receiveDrops
        sum.retransmissions &+= part.retransmissions
        sum.keyframeRequests &+= part.keyframeRequests
        sum.handedOver &+= part.handedOver
        sum.handOverDrops &+= part.handOverDrops
        sum.layerChanges &+= part.layerChanges
        sum.packetsHeldBack &+= part.packetsHeldBack
        sum.probeBytes &+= part.probeBytes
        sum.packetsRecovered &+= part.packetsRecovered
        sum.mixedRooms += part.mixedRooms
        sum.mixesSkipped &+= part.mixesSkipped
        sum.mixDrops &+= part.mixDrops
    }
}
