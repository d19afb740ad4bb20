internal import Glibc

/// One second of a run.
package struct LoadSample: Codable, Sendable, Equatable {
    /// Since the run began.
    package var seconds: Double
    /// Those who are there at the second's end.
    package var joined: Int
    /// Of payloads, all receivers together.
    package var receivedBitsPerSecond: Double
    package var packetsPerSecond: Double
    /// Of what should have come in this second.
    package var lossPercent: Double
    /// Milliseconds; nil in a second without packets.
    package var latencyP50: Double?
    package var latencyP99: Double?
    /// Of one processor; those of the server, and its resident memory, only with `--server-pid`.
    package var generatorCPUPercent: Double
    package var serverCPUPercent: Double?
    package var serverMebibytes: Double?
}

/// Looks at a run once a second.
struct LoadSampler {
    private let own = ProcessMeter(pid: getpid())
    private let server: [ProcessMeter]
    private var startedAt: Int64 = 0
    private var last: Int64 = 0
    private var lastOwn: Int64 = 0
    private var lastServer: Int64?
    private var lastPackets: UInt64 = 0
    private var lastBytes: UInt64 = 0
    private var lastLost: UInt64 = 0
    private var ownAtStart: Int64 = 0
    private var serverAtStart: Int64?

    init(serverPID: Int32?) throws(LoadError) {
        server = serverPID.map { ProcessMeter.family(of: $0) } ?? []
        if let serverPID, ProcessMeter(pid: serverPID).processorTime == nil {
            throw .usage("--server-pid \(serverPID): there is no such process")
        }
    }

    mutating func begin(at time: Int64) {
        startedAt = time
        last = time
        lastOwn = own.processorTime ?? 0
        ownAtStart = lastOwn
        lastServer = serverTime
        serverAtStart = lastServer
    }

    private var serverTime: Int64? {
        let times = server.compactMap(\.processorTime)
        return times.isEmpty ? nil : times.reduce(0, +)
    }

    private var serverMebibytes: Double? {
        let bytes = server.compactMap(\.residentBytes)
        return bytes.isEmpty ? nil : Double(bytes.reduce(0, +)) / 1_048_576
    }

    /// Processor seconds since the beginning.
    var ownSeconds: Double { Double((own.processorTime ?? ownAtStart) - ownAtStart) / 1e9 }
    var serverSeconds: Double? {
        guard let serverAtStart, let serverTime else { return nil }
        return Double(serverTime - serverAtStart) / 1e9
    }

    /// Nil where the last one is younger than a second.
    mutating func sample(_ run: LoadRun, at time: Int64) -> LoadSample? {
        guard time - last >= 1_000_000 else { return nil }
        let seconds = Double(time - last) / 1e6
        let (counts, lost) = run.received
        let present = run.tally.ledger.takePresent()
        let ownNow = own.processorTime ?? lastOwn
        let serverNow = serverTime
        let packets = Double(counts.packets &- lastPackets)
        // Retransmissions that came later than in their own second make it less than nothing.
        let newlyLost = Double(lost) - Double(lastLost)
        let sample = LoadSample(
            seconds: Double(time - startedAt) / 1e6,
            joined: run.participants.values.filter { $0.state == .joined }.count,
            receivedBitsPerSecond: Double(counts.bytes &- lastBytes) * 8 / seconds, packetsPerSecond: packets / seconds,
            lossPercent: max(0, newlyLost) / max(1, packets + max(0, newlyLost)) * 100,
            latencyP50: present.percentile(0.5).map { Double($0) / 1_000 },
            latencyP99: present.percentile(0.99).map { Double($0) / 1_000 },
            generatorCPUPercent: Double(ownNow - lastOwn) / 1e7 / seconds,
            serverCPUPercent: serverNow.flatMap { now in lastServer.map { Double(now - $0) / 1e7 / seconds } },
            serverMebibytes: serverMebibytes)
        (last, lastOwn, lastServer) = (time, ownNow, serverNow)
        (lastPackets, lastBytes, lastLost) = (counts.packets, counts.bytes, lost)
        return sample
    }
}

extension LoadRun {
    /// Of all streams, those that have ended and those that live; without what came over slow paths.
    var received: (counts: ReceivedStream.Counts, lost: UInt64) {
        var counts = tally.counts
        var lost = tally.lost
        for participant in participants.values {
            for subscription in participant.subscriptions.values where subscription.path == nil {
                for stream in subscription.streams {
                    counts = counts + stream.counts
                    lost += stream.lost
                }
            }
        }
        return (counts, lost)
    }
}
