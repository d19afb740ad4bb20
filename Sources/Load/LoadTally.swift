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
    /// Of those who sent: what they threw away, what their sockets refused, what came back.
    var droppedAtSender: UInt64 = 0
    var refused: UInt64 = 0
    var sentFeedback = Publisher.Feedback()
    /// Of those who received.
    var receivedFeedback = Subscription.Feedback()

    /// The first twenty are kept.
    mutating func note(_ error: String) { if errors.count < 20, !errors.contains(error) { errors.append(error) } }

    mutating func retire(_ subscription: Subscription) {
        forged += subscription.forged
        receivedFeedback.dropped += subscription.feedback.dropped
        receivedFeedback.nacked += subscription.feedback.nacked
        receivedFeedback.keyframesAskedFor += subscription.feedback.keyframesAskedFor
        receivedFeedback.reports += subscription.feedback.reports
        for stream in subscription.streams {
            counts = counts + stream.counts
            lost += stream.lost
        }
    }

    mutating func retire(_ publisher: Publisher) {
        sentPackets += publisher.audio?.packetsSent ?? 0
        sentBytes += publisher.audio?.bytesSent ?? 0
        for sender in publisher.video {
            sentPackets += sender.packetsSent
            sentBytes += sender.bytesSent
            retransmissions += sender.retransmissions
        }
        droppedAtSender += publisher.outbox?.dropped ?? 0
        refused += publisher.outbox?.refused ?? 0
        sentFeedback.keyframesAskedFor += publisher.feedback.keyframesAskedFor
        sentFeedback.reports += publisher.feedback.reports
        sentFeedback.nacked += publisher.feedback.nacked
        sentFeedback.receiverReports += publisher.feedback.receiverReports
    }
}
