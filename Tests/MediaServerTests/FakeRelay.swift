import RelayControl

/// A relay without media: it keeps the protocol's promises, writes down what it was asked, and fails where a test wants it.
@MainActor final class FakeRelay: Relay {
    var onEvent: (RelayEvent) -> Void = { _ in }
    var totals: RelayTotals { RelayTotals() }

    /// Every call in order, as `verb room participant …`.
    private(set) var calls: [String] = []

    /// What each offer sends; anything else sends both kinds.
    var kindsOfOffer: [String: TrackSelection] = [:]
    var produceFailure: RelayError?
    /// By subscriber.
    var offerFailure: [String: RelayError] = [:]
    var consumeFailure: SubscriptionFailure?
    var subscribeFailure: RelayError?
    /// By producer.
    var refusals: [String: [RefusedTrack]] = [:]
    /// Makes offers long.
    var offerPadding = ""
    var statisticsOf: [String: ParticipantStatistics] = [:]

    /// mids of every producer's videos.
    var videos: Set<String> = ["1"]
    /// What was asked for, by connection and mid.
    private(set) var preferences: [String: [String?: VideoPreference]] = [:]

    /// What was last wanted, by room and participant.
    private(set) var subscribed: [String: [WantedVideo]] = [:]

    private var sending: [RoomID: [ParticipantID: TrackSelection]] = [:]
    private var offers: [String: Int] = [:]

    func produce(
        room: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production {
        calls.append("produce \(room) \(participant)")
        if let produceFailure { throw produceFailure }
        let kinds = kindsOfOffer[offer] ?? .all
        let change: Production.Change = sending[room]?[participant] == nil ? .opened : .renegotiated
        sending[room, default: [:]][participant] = kinds
        return Production(
            answer: "answer to \(offer)", selection: kinds.intersection(wanted ?? .all), sent: kinds,
            change: change)
    }

    func join(
        room: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production {
        calls.append("join \(room) \(participant)")
        if let produceFailure { throw produceFailure }
        let kinds = kindsOfOffer[offer] ?? .all
        let change: Production.Change = sending[room]?[participant] == nil ? .opened : .renegotiated
        sending[room, default: [:]][participant] = kinds
        return Production(
            answer: "answer to \(offer)", selection: kinds.intersection(wanted ?? .all), sent: kinds,
            change: change)
    }

    func subscribe(
        room: RoomID, participant: ParticipantID, offer: String, videos: [WantedVideo]
    ) throws(RelayError) -> String {
        let wanted = videos.map { "\($0.mid)=\($0.producer)" }.joined(separator: ",")
        calls.append("subscribe \(room) \(participant) \(wanted)")
        if let subscribeFailure { throw subscribeFailure }
        subscribed["\(room) \(participant)"] = videos
        return "answer to \(offer)"
    }

    func unsubscribe(room: RoomID, participant: ParticipantID) {
        calls.append("unsubscribe \(room) \(participant)")
        subscribed["\(room) \(participant)"] = nil
    }

    func select(
        room: RoomID, participant: ParticipantID, wanted: TrackSelection
    ) throws(RelayError) -> TrackSelection {
        calls.append("select \(room) \(participant)")
        guard let kinds = sending[room]?[participant] else { throw .notProducing(participant) }
        return kinds.intersection(wanted)
    }

    func offer(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, restart: Bool
    ) throws(RelayError) -> String {
        calls.append("offer \(room) \(producer)>\(subscriber)\(restart ? " restart" : "")")
        if let failure = offerFailure[subscriber.value] { throw failure }
        guard sending[room]?[producer] != nil else { throw .notProducing(producer) }
        let connection = "\(producer) for \(subscriber)"
        offers["\(room) \(connection)", default: 0] += 1
        return "offer \(offers["\(room) \(connection)", default: 0]) of \(connection)\(offerPadding)"
    }

    func consume(
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

    func prefer(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, preference: VideoPreference
    ) throws(RelayError) {
        calls.append("prefer \(room) \(producer)>\(subscriber)")
        try check(room, subscriber, producer, preference.mid)
        preferences["\(room) \(producer) for \(subscriber)", default: [:]][preference.mid] = preference
    }

    func preference(
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

    func stopProducing(room: RoomID, participant: ParticipantID) throws(RelayError) {
        calls.append("stop \(room) \(participant)")
        guard sending[room]?.removeValue(forKey: participant) != nil else { throw .notProducing(participant) }
    }

    func remove(participant: ParticipantID, room: RoomID) {
        calls.append("remove \(room) \(participant)")
        sending[room]?[participant] = nil
    }

    func remove(room: RoomID) {
        calls.append("remove \(room)")
        sending[room] = nil
    }

    func statistics(room: RoomID, participant: ParticipantID) -> ParticipantStatistics {
        statisticsOf[participant.value] ?? ParticipantStatistics()
    }

    /// Lets a connection end as the network would, without a call.
    func lose(_ participant: String, in room: String) {
        sending[RoomID(room)]?[ParticipantID(participant)] = nil
    }

    func forgetCalls() { calls = [] }
}
