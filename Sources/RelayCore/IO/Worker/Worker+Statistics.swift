internal import RelayControl
internal import RelayProtocol

/// What a worker tells of its connections in numbers.
extension Worker {
    /// Of a tenth of the transports at a time, so that everybody's numbers are at most a second old.
    func reportStatistics(evenUnchanged: Bool) {
        var changed: [TransportID: TransportStatistics] = [:]
        for transport in roster.next(&statisticsRound, of: 10) {
            let numbers = measure(transport)
            if transport.reported != numbers {
                transport.reported = numbers
                changed[transport.id] = numbers
            }
        }
        if !changed.isEmpty || evenUnchanged { report(.statistics(changed, sumOfTotals())) }
    }

    private func sumOfTotals() -> RelayTotals {
        var sum = totals
        sum.transports = transports.count
        sum.packetsSent = forwarder.packets
        sum.bytesSent = forwarder.bytes
        sum.retransmissions = forwarder.retransmissions
        sum.probeBytes = forwarder.paddingBytes
        for socket in sockets {
            sum.sendDrops &+= socket.queue.drops
            sum.receiveDrops &+= socket.askKernelForReceiveDrops()
        }
        for case let neighbour? in border.neighbours {
            sum.handedOver &+= neighbour.packets
            sum.handOverDrops &+= neighbour.drops
        }
        return sum
    }

    private func measure(_ transport: Transport) -> TransportStatistics {
        var numbers = transport.statistics
        let span = max(now - transport.measured.at, .microseconds(1))
        numbers.estimate = transport.subscriber.map { UInt64($0.estimator.estimate.bitsPerSecond) }
        let sent = transport.consumers.map { measure($0, over: span) }
        if let inbound = transport.inbound {
            numbers.packets = transport.received.packets
            numbers.bytes = transport.received.bytes
            measure(inbound, &numbers)
            numbers.returned = sent
        } else {
            numbers.tracks = sent
        }
        numbers.bitrate = Self.rate(numbers.bytes &- transport.measured.bytes, over: span)
        transport.measured = (numbers.bytes, now)
        numbers.lost = numbers.tracks.reduce(0) { $0 &+ $1.lost }
        numbers.roundTripMilliseconds = (numbers.tracks + numbers.returned).compactMap(\.roundTripMilliseconds).max()
        return numbers
    }

    private static func rate(_ bytes: UInt64, over span: Instant.Span) -> UInt64 {
        bytes &* 8 &* 1_000_000 / UInt64(max(1, span.microseconds))
    }

    // MARK: Publishers

    private func measure(_ inbound: InboundMedia, _ statistics: inout TransportStatistics) {
        statistics.tracks = inbound.publication.producers.map(measure)
        guard let roundTrip = inbound.clock.roundTrip.smoothed else { return }
        for index in statistics.tracks.indices {
            statistics.tracks[index].roundTripMilliseconds = roundTrip.seconds * 1000
        }
    }

    private func measure(_ producer: Producer) -> TrackStatistics {
        let track = producer.track
        var found = TrackStatistics(mid: track.mid, kind: track.kind, codec: track.codec.name.rawValue)
        for stream in producer.streams {
            found.bitrate &+= stream.statistics.bitsPerSecond(at: now)
            found.packets &+= stream.statistics.packets
            found.lost &+= UInt64(max(0, stream.statistics.cumulativeLost))
            found.keyframesRequested &+= stream.keyframes.sent
            let jitter = Double(stream.statistics.jitter) * 1000 / Double(max(1, track.codec.clockRate))
            found.jitterMilliseconds = max(found.jitterMilliseconds ?? 0, jitter)
            guard let missing = stream.missing else { continue }
            found.retransmissions &+= missing.counts.recovered
            totals.packetsRecovered &+= missing.counts.recovered &- stream.reportedRecoveries
            stream.reportedRecoveries = missing.counts.recovered
            if missing.counts.recovered > 0 {
                found.roundTripMilliseconds = max(
                    found.roundTripMilliseconds ?? 0, missing.roundTrip.seconds * 1000)
            }
        }
        found.layers = layers(of: producer)
        found.audioLevel = producer.takeLoudest().map { -Int($0) }
        return found
    }

    /// Of each encoding's spatial layers the highest temporal one.
    private func layers(of producer: Producer) -> [LayerReport] {
        var reports: [LayerReport] = []
        let steps = producer.ladder.steps
        for (index, step) in steps.enumerated() {
            if index + 1 < steps.count, steps[index + 1].sizeRank == step.sizeRank { continue }
            reports.append(report(step, of: producer))
        }
        return reports
    }

    private func report(_ step: LayerStep, of producer: Producer) -> LayerReport {
        LayerReport(
            rid: producer.streamID(of: step.choice.encoding), encoding: Int(step.encodingRank),
            spatial: Int(step.choice.spatial), temporal: Int(step.choice.temporal), width: step.width.map(Int.init),
            height: step.height.map(Int.init), framesPerSecond: step.framesPerSecond,
            bitrate: UInt64(step.rate.bitsPerSecond))
    }

    // MARK: Subscribers

    private func measure(_ consumer: Consumer, over span: Instant.Span) -> TrackStatistics {
        let track = consumer.track
        var found = TrackStatistics(mid: track.mid, kind: track.kind, codec: track.codec.name.rawValue)
        let counts = consumer.counts
        totals.layerChanges &+= counts.layerChanges &- consumer.reportedCounts.layerChanges
        totals.packetsHeldBack &+= counts.heldBack &- consumer.reportedCounts.heldBack
        consumer.reportedCounts = counts
        found.producer = consumer.publication?.participant
        let octets = UInt64(consumer.octets &- consumer.measuredOctets)
        found.bitrate = Self.rate(octets, over: span)
        consumer.measuredOctets = consumer.octets
        consumer.totalOctets &+= octets
        found.bytes = consumer.totalOctets
        found.packets = UInt64(consumer.packets)
        found.lost = UInt64(max(0, consumer.cumulativeLost))
        found.retransmissions = counts.resent
        found.roundTripMilliseconds = consumer.roundTrip.smoothed.map { $0.seconds * 1000 }
        found.jitterMilliseconds = consumer.reported.map {
            Double($0.jitter) * 1000 / Double(max(1, track.codec.clockRate))
        }
        found.keyframesRequested = counts.keyframesAskedFor
        guard consumer.isVideo, let producer = consumer.producer else { return found }
        found.isPaused = consumer.preference.isPaused
        found.packetsHeldBack = counts.heldBack
        found.freezesAvoided = counts.freezesAvoided
        found.layerChanges = counts.layerChanges
        let steps = producer.ladder.steps
        if let sent = consumer.sentLayer {
            found.layer = producer.ladder.step(sent).map { report($0, of: producer) }
        }
        if case .layer(let choice, _) = consumer.choice {
            found.target = steps.first { $0.choice == choice }.map { report($0, of: producer) }
        }
        found.isHeldBack = consumer.isHeldBack
        return found
    }
}
