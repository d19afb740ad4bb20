/// Times the packets of probe clusters: small bursts that add up to the rate to be probed.
struct ProbeSender {
    /// A cluster that was not begun by then has lost its point.
    private static let longestWait = Instant.Span.seconds(1)
    /// One that falls behind by so much measures the timer.
    private static let longestDelay = Instant.Span.milliseconds(20)
    private static let mostClusters = 5

    private var clusters: [ProbeCluster] = []
    private var startedAt: Instant?
    private var bytes = 0
    private var packets = 0
    /// Bytes up to which the present burst goes.
    private var burstEnd = 0

    var isEmpty: Bool { clusters.isEmpty }

    mutating func add(_ cluster: ProbeCluster) {
        guard clusters.count < Self.mostClusters else { return }
        clusters.append(cluster)
    }

    /// The cluster under way or about to begin.
    mutating func current(at now: Instant) -> ProbeCluster? {
        while let cluster = clusters.first {
            let isLate =
                startedAt == nil
                ? now - cluster.requestedAt > Self.longestWait : now - due(cluster) > Self.longestDelay
            guard isLate else { return cluster }
            giveUp()
        }
        return nil
    }

    func isDue(at now: Instant) -> Bool {
        guard let cluster = clusters.first, startedAt != nil else { return !clusters.isEmpty }
        return bytes < burstEnd || now >= due(cluster)
    }

    mutating func sent(_ count: Int, at now: Instant) {
        guard let cluster = clusters.first else { return }
        if startedAt == nil { startedAt = now }
        if bytes >= burstEnd { burstEnd = bytes + max(cluster.rate.bytes(in: cluster.interval), 1) }
        bytes += count
        packets += 1
        if bytes >= cluster.bytes, packets >= cluster.packets { giveUp() }
    }

    /// Goes on to the next cluster.
    mutating func giveUp() {
        if !clusters.isEmpty { clusters.removeFirst() }
        startedAt = nil
        bytes = 0
        packets = 0
        burstEnd = 0
    }

    /// nil: no cluster. The origin of time: at once.
    var deadline: Instant? {
        guard let cluster = clusters.first else { return nil }
        return startedAt == nil || bytes < burstEnd ? .zero : due(cluster)
    }

    /// When as much as was sent is due to have been.
    private func due(_ cluster: ProbeCluster) -> Instant {
        (startedAt ?? cluster.requestedAt) + cluster.rate.span(of: bytes)
    }
}
