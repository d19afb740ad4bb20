internal import Glibc

/// What a run has counted so far, apart from its live streams.
struct LoadTally {
    let ledger = LatencyLedger()
    var rest = LatencyHistogram()
    var joins: [Int64] = []
    var wanted = 0
    var failed = 0
    var left = 0
    var errors: [String] = []
    /// Of streams that have ended.
    var counts = ReceivedStream.Counts()
    var lost: UInt64 = 0
    var forged: UInt64 = 0
    var sentPackets: UInt64 = 0
    var sentBytes: UInt64 = 0
    var retransmissions: UInt64 = 0
    var keyframesAskedFor = 0

    /// The first twenty are kept.
    mutating func note(_ error: String) { if errors.count < 20, !errors.contains(error) { errors.append(error) } }

    mutating func retire(_ subscription: Subscription) {
        forged += subscription.forged
        for stream in subscription.streams.values {
            counts = counts + stream.counts
            lost += stream.lost
        }
    }

    mutating func retire(_ publisher: Publisher) {
        sentPackets += (publisher.audio?.packetsSent ?? 0) + (publisher.video?.packetsSent ?? 0)
        sentBytes += (publisher.audio?.bytesSent ?? 0) + (publisher.video?.bytesSent ?? 0)
        retransmissions += publisher.video?.retransmissions ?? 0
        keyframesAskedFor += publisher.keyframesAskedFor
    }
}
