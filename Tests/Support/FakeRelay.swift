public import RelayControl

/// A relay without media: it keeps the protocol's promises, writes down what it was asked, and fails where a test wants it.
@MainActor public final class FakeRelay: Relay {
    public var onEvent: (RelayEvent) -> Void = { _ in }
    public var totals: RelayTotals { RelayTotals() }

    /// Every call in order, as `verb room participant …`.
    public private(set) var calls: [String] = []

    /// What each offer sends; anything else sends both kinds.
    public var kindsOfOffer: [String: TrackSelection] = [:]
    public var produceFailure: RelayError?
    /// By subscriber.
    public var offerFailure: [String: RelayError] = [:]
    public var consumeFailure: SubscriptionFailure?
    public var subscribeFailure: RelayError?
    /// By producer.
    public var refusals: [String: [RefusedTrack]] = [:]
    /// Makes offers long.
    public var offerPadding = ""
    public var statisticsOf: [String: ParticipantStatistics] = [:]

    /// mids of every producer's videos.
    public var videos: Set<String> = ["1"]
    /// What was asked for, by connection and mid.
    public private(set) var preferences: [String: [String?: VideoPreference]] = [:]

    /// What was last wanted, by room and participant.
    public private(set) var subscribed: [String: [WantedVideo]] = [:]

    /// What is forwarded, by room and participant.
    public private(set) var selections: [String: TrackSelection] = [:]

    private var sending: [RoomID: [ParticipantID: TrackSelection]] = [:]
    private var offers: [String: Int] = [:]

    public init() {}

    public func produce(
        room: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production {
        calls.append("produce \(room) \(participant)")
        if let produceFailure { throw produceFailure }
        let kinds = kindsOfOffer[offer] ?? .all
        let change: Production.Change = sending[room]?[participant] == nil ? .opened : .renegotiated
        sending[room, default: [:]][participant] = kinds
        selections["\(room) \(participant)"] = kinds.intersection(wanted ?? .all)
        selections["\(room) \(participant)"] = kinds.intersection(wanted ?? .all)
        return Production(
            answer: "answer to \(offer)", selection: kinds.intersection(wanted ?? .all), sent: kinds,
            change: change)
    }

    public func join(
        room: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production {
        calls.append("join \(room) \(participant)")
        if let produceFailure { throw produceFailure }
        let kinds = kindsOfOffer[offer] ?? .all
        let change: Production.Change = sending[room]?[participant] == nil ? .opened : .renegotiated
        sending[room, default: [:]][participant] = kinds
        selections["\(room) \(participant)"] = kinds.intersection(wanted ?? .all)
        selections["\(room) \(participant)"] = kinds.intersection(wanted ?? .all)
        return Production(
            answer: "answer to \(offer)", selection: kinds.intersection(wanted ?? .all), sent: kinds,
            change: change)
    }

    public func subscribe(
        room: RoomID, participant: ParticipantID, offer: String, videos: [WantedVideo]
    ) throws(RelayError) -> String {
        let wanted = videos.map { "\($0.mid)=\($0.producer)" }.joined(separator: ",")
        calls.append("subscribe \(room) \(participant) \(wanted)")
        if let subscribeFailure { throw subscribeFailure }
        subscribed["\(room) \(participant)"] = videos
        return "answer to \(offer)"
    }

    public func unsubscribe(room: RoomID, participant: ParticipantID) {
        calls.append("unsubscribe \(room) \(participant)")
        subscribed["\(room) \(participant)"] = nil
    }

    public func select(
        room: RoomID, participant: ParticipantID, wanted: TrackSelection
    ) throws(RelayError) -> TrackSelection {
        calls.append("select \(room) \(participant)")
        guard let kinds = sending[room]?[participant] else { throw .notProducing(participant) }
        selections["\(room) \(participant)"] = kinds.intersection(wanted)
        return kinds.intersection(wanted)
    }

    public func offer(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, restart: Bool
    ) throws(RelayError) -> String {
        calls.append("offer \(room) \(producer)>\(subscriber)\(restart ? " restart" : "")")
        if let failure = offerFailure[subscriber.value] { throw failure }
        guard sending[room]?[producer] != nil else { throw .notProducing(producer) }
        let connection = "\(producer) for \(subscriber)"
        offers["\(room) \(connection)", default: 0] += 1
        return "offer \(offers["\(room) \(connection)", default: 0]) of \(connection)\(offerPadding)"
    }

    public func consume(
        room: RoomID, subscriber: ParticipantID, answers: [SubscriberAnswer]
    ) throws(SubscriptionFailure) -> [[RefusedTrack]] {
        calls.append(
            "consume \(room) \(subscriber) \(answers.map { "\($0.producer)=\($0.sdp)" }.joined(separator: ","))")
        if let consumeFailure { throw consumeFailure }
        for answer in answers where offers["\(room) \(answer.producer) for \(subscriber)"] == nil {
            throw SubscriptionFailure(producer: answer.producer, reason: .unknownProducer)
        }
        return answers.map { refusals[$0.producer.value] ?? [] }
    }

    public func prefer(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, preference: VideoPreference
    ) throws(RelayError) {
        calls.append("prefer \(room) \(producer)>\(subscriber)")
        try check(room, subscriber, producer, preference.mid)
        preferences["\(room) \(producer) for \(subscriber)", default: [:]][preference.mid] = preference
    }

    public func preference(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, mid: String?
    ) throws(RelayError) -> VideoPreference {
        try check(room, subscriber, producer, mid)
        return preferences["\(room) \(producer) for \(subscriber)"]?[mid] ?? VideoPreference(mid: mid)
    }

    private func check(
        _ room: RoomID, _ subscriber: ParticipantID, _ producer: ParticipantID, _ mid: String?
    ) throws(RelayError) {
        guard sending[room]?[producer] != nil else { throw .notProducing(producer) }
        guard offers["\(room) \(producer) for \(subscriber)"] != nil else { throw .notSubscribed(to: producer) }
        if let mid, !videos.contains(mid) { throw .unknownVideo(mid: mid) }
    }

    public func stopProducing(room: RoomID, participant: ParticipantID) throws(RelayError) {
        calls.append("stop \(room) \(participant)")
        guard sending[room]?.removeValue(forKey: participant) != nil else { throw .notProducing(participant) }
    }

    public func remove(participant: ParticipantID, room: RoomID) {
        calls.append("remove \(room) \(participant)")
        sending[room]?[participant] = nil
    }

    public func remove(room: RoomID) {
        calls.append("remove \(room)")
        sending[room] = nil
    }

    public func statistics(room: RoomID, participant: ParticipantID) -> ParticipantStatistics {
        statisticsOf[participant.value] ?? ParticipantStatistics()
    }

    /// Lets a connection end as the network would, without a call.
    public func lose(_ participant: String, in room: String) {
        sending[RoomID(room)]?[ParticipantID(participant)] = nil
    }

    public func forgetCalls() { calls = [] }
}
