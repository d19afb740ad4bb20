internal import FoundationEssentials

/// What a run found; what `--json` writes.
package struct LoadReport: Codable, Sendable {
    /// Milliseconds.
    package struct Times: Codable, Sendable, Equatable {
        package var p50, p95, p99, maximum: Double

        package init?(_ histogram: LatencyHistogram) {
            guard let p50 = histogram.percentile(0.5), let p95 = histogram.percentile(0.95),
                let p99 = histogram.percentile(0.99)
            else { return nil }
            (self.p50, self.p95) = (Double(p50) / 1_000, Double(p95) / 1_000)
            (self.p99, maximum) = (Double(p99) / 1_000, Double(histogram.maximum) / 1_000)
        }
    }

    package struct Participants: Codable, Sendable {
        /// Those who were to come, who did, and who could not.
        package var wanted, joined, failed: Int
        /// Those of them that left and were replaced.
        package var left: Int
        package var joinedPercent: Double { wanted == 0 ? 0 : Double(joined) / Double(wanted) * 100 }
    }

    /// What all publishers sent together.
    package struct Sent: Codable, Sendable {
        /// Packets and payload bytes, without retransmissions.
        package var packets, bytes, retransmissions: UInt64
        /// By the server.
        package var keyframesAskedFor: Int
        /// Packets that the server asked for again.
        package var nacked: UInt64 = 0
        /// Transport-wide feedback, and blocks of receiver reports, that came from the server.
        package var feedbackReports: UInt64 = 0
        package var receiverReports: UInt64 = 0
        /// Thrown away on purpose.
        package var dropped: UInt64 = 0
        /// Not taken by this machine's sockets, which were full.
        package var refused: UInt64 = 0
    }

    /// What came to all receivers together.
    package struct Received: Codable, Sendable {
        /// Packets and payload bytes, each counted once.
        package var packets, bytes: UInt64
        /// Never came, not even as a retransmission.
        package var lost: UInt64
        /// Of what should have come.
        package var lossPercent: Double
        /// Retransmissions that filled a gap.
        package var recovered: UInt64
        /// Second copies of what was asked for again: it was asked for twice, or was on its way when it was asked for.
        package var superfluous: UInt64 = 0
        /// Came twice; came after a later one without having been asked for.
        package var duplicated, reordered: UInt64
        /// Payloads that decrypted and yet are not what was sent, or from somebody else.
        package var corrupted: UInt64
        /// Packets that did not decrypt.
        package var forged: UInt64
        /// Streams whose connection was there and that brought nothing.
        package var silentStreams: Int
        /// Thrown away on purpose.
        package var dropped: UInt64 = 0
        /// Packets asked for again, repetitions included; keyframes asked for; transport-wide feedback sent.
        package var nacked: UInt64 = 0
        package var keyframesAskedFor = 0
        package var feedbackReports: UInt64 = 0
        /// Changes from one layer of simulcast to another.
        package var layerChanges: UInt64 = 0
    }

    /// What came to those behind slow paths together; they are not part of `Received`, nor of the samples.
    package struct Slow: Codable, Sendable {
        /// In each room.
        package var subscribers: Int
        /// Of each one's path, headers of UDP and IP included.
        package var pathBitsPerSecond: Int
        /// Packets and payload bytes, each counted once; frames of video by their last packet.
        package var packets, bytes, videoFrames: UInt64
        package var lost: UInt64
        package var lossPercent: Double
        package var recovered, superfluous: UInt64
        /// Found the path's queue full.
        package var droppedOnTheWay: UInt64
        package var nacked: UInt64
        package var keyframesAskedFor: Int
        package var layerChanges: UInt64
        /// One way, the path's queue included; without retransmissions.
        package var latencyMilliseconds: Times?
    }

    /// Who received how much from whom.
    package struct Pair: Codable, Sendable {
        package var room, from, to: String
        /// Frames are counted by their last packet.
        package var audioPackets, videoPackets, videoFrames: UInt64
        /// Of video payloads.
        package var videoBytes: UInt64 = 0
        /// Of both, and of video alone.
        package var lost, lostVideo: UInt64
        /// It came over a slow path.
        package var isSlow: Bool = false

        fileprivate mutating func add(_ stream: ReceivedStream, lost: UInt64) {
            self.lost += lost
            if stream.isVideo {
                lostVideo += lost
                videoPackets += stream.counts.packets
                videoFrames += stream.counts.frames
                videoBytes += stream.counts.bytes
            } else {
                audioPackets += stream.counts.packets
            }
        }
    }

    /// What a program took of the machine.
    package struct Usage: Codable, Sendable {
        /// Of all threads, user and system.
        package var cpuSeconds: Double
        /// Of one processor.
        package var cpuPercent: Double
        /// Processor time for each packet that came to a receiver.
        package var microsecondsPerReceivedPacket: Double
        /// Resident, by the samples; nil where it was not looked at.
        package var peakMebibytes: Double?
    }

    package var target: String
    /// From the first join to the end of what was under way.
    package var seconds: Double
    /// The SRTP profiles that were negotiated, joined by commas; nil where nobody connected.
    package var profile: String?
    package var participants: Participants
    package var sent: Sent
    package var received: Received
    /// Nil without `--slow`.
    package var slow: Slow?
    /// One way, from the sender's socket to the receiver's, by the same clock; without retransmissions.
    package var latencyMilliseconds: Times?
    /// From the first call for a participant to the last of its connections.
    package var joinMilliseconds: Times?
    /// Of the calls of the server's API.
    package var restMilliseconds: Times?
    /// Milliseconds of each who joined, in that order.
    package var joinTimes: [Double]
    /// Of the process of `--server-pid` and its children; nil without.
    package var server: Usage?
    package var generator: Usage
    package var pairs: [Pair]
    package var samples: [LoadSample]
    /// Bounds that were stated and did not hold.
    package var broken: [String]
    /// What failed, in the server's or the machine's words; the first twenty.
    package var errors: [String]
    /// What makes the figures doubtful.
    package var warnings: [String] = []

    init(_ run: LoadRun, seconds: Double, sampler: LoadSampler) {
        target = run.options.target
        self.seconds = seconds
        profile = run.profiles.isEmpty ? nil : run.profiles.joined(separator: ", ")
        var tally = run.tally
        var slowTally = run.slowTally
        let silent: Int
        (pairs, silent) = Self.retireAll(of: run, &tally, &slowTally)
        participants = Participants(
            wanted: tally.wanted, joined: tally.joins.count, failed: tally.failed, left: tally.left)
        sent = Sent(
            packets: tally.sentPackets, bytes: tally.sentBytes, retransmissions: tally.retransmissions,
            keyframesAskedFor: tally.sentFeedback.keyframesAskedFor, nacked: tally.sentFeedback.nacked,
            feedbackReports: tally.sentFeedback.reports, receiverReports: tally.sentFeedback.receiverReports,
            dropped: tally.droppedAtSender, refused: tally.refused)
        let counts = tally.counts
        received = Received(
            packets: counts.packets, bytes: counts.bytes, lost: tally.lost,
            lossPercent: Double(tally.lost) / Double(max(1, counts.packets + tally.lost)) * 100,
            recovered: counts.recovered, superfluous: counts.superfluous, duplicated: counts.duplicated,
            reordered: counts.reordered, corrupted: counts.corrupted,
            forged: tally.forged,
            silentStreams: silent, dropped: tally.receivedFeedback.dropped, nacked: tally.receivedFeedback.nacked,
            keyframesAskedFor: tally.receivedFeedback.keyframesAskedFor,
            feedbackReports: tally.receivedFeedback.reports, layerChanges: counts.layerChanges)
        let isSlow = pairs.filter(\.isSlow)
        slow = run.options.slow.map { Slow($0, slowTally, droppedOnTheWay: run.droppedOnTheWay, pairs: isSlow) }
        latencyMilliseconds = Times(tally.ledger.whole)
        restMilliseconds = Times(tally.rest)
        var joins = LatencyHistogram()
        for join in tally.joins { joins.add(join) }
        joinMilliseconds = Times(joins)
        joinTimes = tally.joins.map { Double($0) / 1_000 }
        func usage(_ cpu: Double, _ peak: Double?) -> Usage {
            Usage(
                cpuSeconds: cpu, cpuPercent: cpu / seconds * 100,
                microsecondsPerReceivedPacket: cpu * 1e6 / Double(max(1, counts.packets)), peakMebibytes: peak)
        }
        server = sampler.serverSeconds.map { usage($0, run.samples.compactMap(\.serverMebibytes).max()) }
        generator = usage(sampler.ownSeconds, nil)
        samples = run.samples
        errors = tally.errors
        warnings = Self.warnings(samples, refused: tally.refused)
        broken = []
        broken = Self.broken(run.options.bounds, self)
    }

    /// Adds everybody who is still there to the tally.
    /// - Returns: who received how much from whom, in order, and how many streams brought nothing.
    private static func retireAll(of run: LoadRun, _ tally: inout LoadTally, _ slowTally: inout LoadTally)
        -> (pairs: [Pair], silent: Int)
    {
        var pairs: [Pair] = []
        var silent = 0
        for participant in run.participants.values {
            if let publisher = participant.publisher { tally.retire(publisher) }
            for subscription in participant.subscriptions.values {
                let publisher = run.participants[participant.room + "/" + subscription.producer]?.publisher
                var pair = Pair(
                    room: participant.room, from: subscription.producer, to: participant.name, audioPackets: 0,
                    videoPackets: 0, videoFrames: 0, lost: 0, lostVideo: 0)
                var tails: UInt64 = 0
                for stream in subscription.streams {
                    if stream.newest == nil, subscription.connection.state == .connected { silent += 1 }
                    let tail = tail(of: stream, publisher)
                    pair.add(stream, lost: stream.lost + tail)
                    tails += tail
                }
                if subscription.path == nil {
                    tally.lost += tails
                    tally.retire(subscription)
                } else {
                    slowTally.lost += tails
                    slowTally.retire(subscription)
                    pair.isSlow = true
                }
                pairs.append(pair)
            }
        }
        return (pairs.sorted { ($0.room, $0.from, $0.to) < ($1.room, $1.from, $1.to) }, silent)
    }

    /// Packets that were sent after the newest that came; known only of a publisher who is still there.
    private static func tail(of stream: ReceivedStream, _ publisher: Publisher?) -> UInt64 {
        guard let (source, newest) = stream.newest, let publisher else { return 0 }
        let sender = publisher.video.first { $0.ssrc == source }
        guard let last = sender?.index ?? (publisher.audio?.ssrc == source ? publisher.audio?.index : nil) else {
            return 0
        }
        return last > newest ? last - newest : 0
    }

    private static func warnings(_ samples: [LoadSample], refused: UInt64) -> [String] {
        var warnings: [String] = []
        let busy = samples.map(\.generatorCPUPercent).max() ?? 0
        if busy > 80 {
            warnings.append(
                "this program took up to \(busy.text(0)) % of a processor: what is slow may be it and not the server")
        }
        if refused > 0 { warnings.append("this machine's sockets were full and refused \(refused) packets") }
        return warnings
    }

    /// The stated bounds that a report breaks, in words.
    package static func broken(_ bounds: LoadOptions.Bounds, _ report: LoadReport) -> [String] {
        var broken: [String] = []
        if let limit = bounds.maximumLoss {
            let loss = report.received.lossPercent
            if loss > limit { broken.append("loss is \(loss.text(4)) %, more than \(limit.text(4)) %") }
            if report.received.silentStreams > 0 {
                broken.append("\(report.received.silentStreams) streams brought nothing")
            }
            if report.received.packets == 0 { broken.append("nothing was received, so nothing is known of loss") }
        }
        if let limit = bounds.maximumP99Latency {
            let allowed = Double(limit.microseconds) / 1_000
            if let p99 = report.latencyMilliseconds?.p99 {
                if p99 > allowed {
                    broken.append("p99 of latency is \(p99.text(2)) ms, more than \(allowed.text(2)) ms")
                }
            } else {
                broken.append("nothing was received, so nothing is known of latency")
            }
        }
        if let limit = bounds.minimumJoined, report.participants.joinedPercent < limit {
            broken.append("\(report.participants.joinedPercent.text(2)) % joined, fewer than \(limit.text(2)) %")
        }
        return broken
    }

    /// What `--json` writes: an object with sorted names, on many lines.
    package func json() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // All numbers here are finite, and nothing else can fail.
        return (try? encoder.encode(self)).map { Array($0) + [10] } ?? []
    }
}

extension LoadReport.Slow {
    fileprivate init(_ paths: SlowPaths, _ tally: LoadTally, droppedOnTheWay: UInt64, pairs: [LoadReport.Pair]) {
        let counts = tally.counts
        self.init(
            subscribers: paths.count, pathBitsPerSecond: paths.bitsPerSecond, packets: counts.packets,
            bytes: counts.bytes, videoFrames: pairs.reduce(0) { $0 + $1.videoFrames },
            lost: tally.lost, lossPercent: Double(tally.lost) / Double(max(1, counts.packets + tally.lost)) * 100,
            recovered: counts.recovered, superfluous: counts.superfluous, droppedOnTheWay: droppedOnTheWay,
            nacked: tally.receivedFeedback.nacked, keyframesAskedFor: tally.receivedFeedback.keyframesAskedFor,
            layerChanges: counts.layerChanges, latencyMilliseconds: LoadReport.Times(tally.ledger.whole))
    }
}

extension Double {
    /// With that many decimals, without those at the end that are 0.
    package func text(_ decimals: Int) -> String {
        guard isFinite, magnitude < 1e15 else { return "–" }
        let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = Int64((magnitude * scale).rounded())
        let (whole, rest) = scaled.quotientAndRemainder(dividingBy: Int64(scale))
        let sign = self < 0 && scaled != 0 ? "-" : ""
        guard rest > 0 else { return sign + String(whole) }
        let digits = String(rest)
        var fraction = String(repeating: "0", count: decimals - digits.count) + digits
        while fraction.last == "0" { fraction.removeLast() }
        return sign + String(whole) + "." + fraction
    }
}
