internal import RelayControl
internal import RelayProtocol

/// What subscribers' networks bear, and what they are sent accordingly.
extension Worker {
    /// Every subscriber's turn comes after so many ticks: each 160 to 320 ms. Reports bring it forward.
    private static let parts = 16
    /// A pacer that could act now waits at least so long, for what else comes meanwhile.
    private static let shortestWaitMicroseconds: Int64 = 100
    /// Rates that differ by less are the same.
    private static let sameRate = 0.98
    private static let allocationSpan = Instant.Span.milliseconds(500)
    private static let usualVideo = DataRate.kilobitsPerSecond(1_500)
    /// Of what is to be sent: enough for keyframes not to be held up for long.
    private static let startPacing = 2.5

    func subscriber(_ name: Subscriber.Name) -> Subscriber {
        if let known = subscribers[name] { return known }
        let subscriber = Subscriber(name, settings: bandwidth)
        subscribers[name] = subscriber
        subscriberRoster.add(subscriber)
        return subscriber
    }

    // MARK: Connections

    /// A subscribing connection is ready for media, or carries other tracks now: each of its videos needs a keyframe to begin with.
    func begin(_ transport: Transport) {
        guard let subscriber = transport.subscriber else { return }
        subscriber.joinPath(transport, at: now)
        allocate(subscriber)
        settle(subscriber)
        for consumer in transport.consumers where consumer.isVideo {
            guard let producer = consumer.producer else { continue }
            replay(producer, to: consumer, of: subscriber)
            requestKeyframes(of: producer)
        }
    }

    /// A connection is no more.
    func leave(_ transport: Transport) {
        guard let subscriber = transport.subscriber else { return }
        for consumer in transport.known.values { subscriber.forget(consumer, pool) }
        subscriber.remove(transport)
        guard subscriber.transports.isEmpty else { return }
        subscribers[subscriber.name] = nil
        subscriberRoster.remove(subscriber)
        pacing.removeAll { $0 === subscriber }
    }

    func prefer(_ preference: VideoPreference, on transport: Transport) {
        guard let subscriber = transport.subscriber else { return }
        for consumer in transport.consumers
        where consumer.isVideo && (preference.mid ?? consumer.track.mid) == consumer.track.mid {
            consumer.preference = preference
        }
        if transport.isSendable { begin(transport) } else { allocate(subscriber) }
    }

    // MARK: Reports

    func receive(_ report: TransportFeedbackReport, of transport: Transport) {
        guard let subscriber = transport.subscriber, let path = transport.feedback else { return }
        subscriber.take(subscriber.estimator.received(report, over: path, at: now), at: now)
        if needsAllocation(subscriber) { allocate(subscriber) }
        settle(subscriber)
    }

    func receive(_ estimate: ReceiverEstimate, of transport: Transport) {
        guard let subscriber = transport.subscriber, let path = transport.feedback else { return }
        subscriber.estimator.received(estimate, over: path, at: now)
        settle(subscriber)
    }

    /// - Parameter loss: of one stream, since the report before.
    func receive(_ loss: (packets: Int, lost: Int), roundTrip: Instant.Span?, of transport: Transport) {
        guard let subscriber = transport.subscriber else { return }
        subscriber.estimator.received(
            reportedPackets: loss.packets, lost: loss.lost, roundTrip: roundTrip, at: now)
        if !transport.reportsPackets { subscriber.take(loss, at: now) }
    }

    /// Paces by the estimate, and probes where that is due.
    private func settle(_ subscriber: Subscriber) {
        subscriber.repairs.follow(subscriber.estimator.estimate)
        var rate = subscriber.estimator.pacingRate
        // What the path bears is about to be found out; until then what was decided to be sent is not held up.
        if subscriber.isGuessing(at: now) {
            rate = max(rate, subscriber.allocated * Self.startPacing)
        } else if subscriber.isExceeded {
            // What is too much waits here, where it can be given up, not in the network, where audio would wait behind it.
            rate = min(rate, subscriber.estimator.estimate)
        }
        subscriber.pacer.set(rate, at: now)
        if subscriber.hasBegun {
            while let probe = subscriber.estimator.nextProbe(at: now) { subscriber.pacer.send(probe) }
        }
        if subscriber.pacer.deadline != nil { pace(subscriber) }
    }

    // MARK: Time

    /// A part of the subscribers at a time.
    func pollSubscribers() {
        for subscriber in subscriberRoster.next(&subscriberRound, of: Self.parts) {
            subscriber.estimator.poll(at: now)
            if needsAllocation(subscriber) { allocate(subscriber) }
            settle(subscriber)
        }
    }

    /// A subscriber's pacer has something to do.
    func pace(_ subscriber: Subscriber) {
        guard let deadline = subscriber.pacer.deadline else { return }
        if !subscriber.isPacing {
            subscriber.isPacing = true
            pacing.append(subscriber)
        }
        armPaceTimer(for: deadline)
    }

    private func armPaceTimer(for deadline: Instant) {
        if let paceDeadline, paceDeadline <= deadline { return }
        paceDeadline = deadline
        let delay = max((deadline - now).microseconds, Self.shortestWaitMicroseconds)
        paceTimer?.rearm(microseconds: delay)
    }

    /// The pace timer fired.
    func letGo() {
        paceDeadline = nil
        var next: Instant?
        var kept = 0
        for index in pacing.indices {
            let subscriber = pacing[index]
            if let deadline = subscriber.pacer.deadline, deadline <= now { forwarder.release(subscriber) }
            guard let deadline = subscriber.pacer.deadline else {
                subscriber.isPacing = false
                continue
            }
            pacing[kept] = subscriber
            kept += 1
            next = min(next ?? deadline, deadline)
        }
        pacing.removeLast(pacing.count - kept)
        if let next { armPaceTimer(for: next) }
        flushQueues()
    }

    // MARK: Layers

    /// Whether there is reason to decide anew: the estimate is another, or time has passed.
    private func needsAllocation(_ subscriber: Subscriber) -> Bool {
        guard let due = subscriber.allocatesAt, now < due else { return true }
        let (old, new) = (subscriber.allocatedFrom, subscriber.estimator.estimate)
        return new < old * Self.sameRate || old < new * Self.sameRate
    }

    /// Divides what the subscriber's network bears among its videos.
    func allocate(_ subscriber: Subscriber) {
        var videos: [(consumer: Consumer, producer: Producer)] = []
        var demands: [VideoDemand] = []
        for transport in subscriber.transports where transport.isSendable {
            for consumer in transport.consumers where consumer.isVideo {
                guard let producer = consumer.producer else { continue }
                videos.append((consumer, producer))
                demands.append(demand(consumer, of: producer))
            }
        }
        let unasked = subscriber.unaskedRate(at: now)
        var budget = subscriber.estimator.estimate - unasked
        if subscriber.isGuessing(at: now) {
            // Nobody is refused a picture because of a guess.
            let least = demands.reduce(DataRate.zero) {
                $0 + ($1.isPaused ? .zero : $1.ladder.steps.first?.rate ?? .zero)
            }
            budget = max(budget, least)
        }
        let choices = subscriber.allocator.allocate(budget, videos: demands, at: now)
        subscriber.estimator.wanted = wanted(by: subscriber, demands) + unasked
        apply(choices, to: videos, demands, of: subscriber, budget)
        subscriber.allocatedFrom = subscriber.estimator.estimate
        subscriber.allocatesAt = min(
            now + Self.allocationSpan, subscriber.allocator.deadline ?? now + Self.allocationSpan)
        for (consumer, producer) in videos where producer.needsBinding {
            producer.bind()
            replay(producer, to: consumer, of: subscriber)
            requestKeyframes(of: producer)
        }
    }

    /// Tells the consumers what they are to be sent, and notes how that compares with what the path bears.
    private func apply(
        _ choices: [LayerChoice?], to videos: [(consumer: Consumer, producer: Producer)], _ demands: [VideoDemand],
        of subscriber: Subscriber, _ budget: DataRate
    ) {
        let exceeds = subscriber.allocated > budget
        var sending = DataRate.zero
        subscriber.allocated = .zero
        for (index, video) in videos.enumerated() where index < choices.count {
            let demand = demands[index]
            let chosen = demand.ladder.steps.first { $0.choice == choices[index] }
            let before = demand.ladder.steps.first { $0.choice == demand.current }
            subscriber.allocated = subscriber.allocated + (chosen?.rate ?? .zero)
            // While a change waits for its keyframe, what was sent before goes on.
            let sent = video.consumer.isChanging ? video.consumer.sentLayer.flatMap { demand.ladder.step($0) } : nil
            sending = sending + ((sent ?? chosen)?.rate ?? .zero)
            video.consumer.isHeldBack = demand.isHeldBack(at: chosen)
            let isLower = before.map { before in chosen.map { $0.rate < before.rate } ?? true } ?? false
            if exceeds, isLower { video.consumer.counts.freezesAvoided &+= 1 }
            let decision = decision(choices[index], demand, video.consumer)
            let isChanged = video.consumer.choose(decision)
            if isChanged || video.consumer.takesOthers { video.producer.needsBinding = true }
            video.consumer.takesOthers = false
            guard isChanged else { continue }
            if exceeds, isLower, video.consumer.isChanging { video.consumer.ease() }
        }
        subscriber.isExceeded = sending > budget
    }

    /// Of a video that was not measured yet it is assumed that it may want what a camera sends.
    private func wanted(by subscriber: Subscriber, _ demands: [VideoDemand]) -> DataRate {
        let unknown = demands.count { !$0.isPaused && $0.ladder.steps.isEmpty && $0.current == nil }
        return subscriber.allocator.wanted + Self.usualVideo * Double(unknown)
    }

    private func demand(_ consumer: Consumer, of producer: Producer) -> VideoDemand {
        let preference = consumer.preference
        var demand = VideoDemand(id: UInt64(consumer.paceNumber), ladder: producer.ladder)
        demand.width = preference.width.map { UInt16(clamping: $0) }
        demand.height = preference.height.map { UInt16(clamping: $0) }
        demand.highestEncoding = preference.layer?.encoding.flatMap { rank(of: $0, producer) }
        demand.highestSpatial = preference.layer?.spatial.map { UInt8(clamping: $0) }
        demand.highestTemporal = preference.layer?.temporal.map { UInt8(clamping: $0) }
        demand.isPaused = preference.isPaused || !producer.isSelected
        demand.priority = UInt8(clamping: preference.priority)
        demand.isScreen = producer.track.isScreen
        if let publication = consumer.publication {
            demand.isSpeaker = speaking[publication.room] == publication.participant
        }
        if case .layer(let choice, _) = consumer.choice { demand.current = choice }
        demand.isChanging = consumer.isChanging
        return demand
    }

    private func rank(of encoding: LayerLimit.Encoding, _ producer: Producer) -> UInt8? {
        switch encoding {
        case .rank(let rank): UInt8(clamping: rank)
        case .rid(let rid):
            producer.ladder.steps.first { producer.streamID(of: $0.choice.encoding) == rid }?.encodingRank
        }
    }

    private func decision(_ choice: LayerChoice?, _ demand: VideoDemand, _ consumer: Consumer) -> Consumer.Choice {
        if consumer.preference.isPaused { return .nothing }
        if let choice { return .layer(choice, isWhole: demand.ladder.isTop(choice)) }
        // Of what nothing is known nothing is refused: where somebody begins to send, the first picture is for everybody.
        guard demand.ladder.steps.isEmpty || demand.isPaused else { return .nothing }
        return consumer.choice == .nothing ? .undecided : consumer.choice
    }
}
