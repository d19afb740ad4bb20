import RelayControl
import RoomControl
import RoomModel
import Web

// From the rooms' values to the wire's, for the REST routes, the events and the demo alike.

extension Participant {
    /// What the application attached: JSON that was checked and written anew when it came.
    var userInfoValue: RawJSON { RawJSON(restoring: userInfo) }

    /// What is forwarded of this user; nothing where it sends nothing.
    var constraints: Constraints { Constraints(forwardedSelection) }
}

extension UserItem {
    /// Who is to be told something, with the offer made for them.
    init(addressee: Addressee) {
        self.init(
            id: addressee.user.id.value, userInfo: addressee.user.userInfoValue,
            offer: addressee.offer.map { .offer($0) })
    }

    /// Who is to be told something.
    init(_ user: Participant) {
        self.init(id: user.id.value, userInfo: user.userInfoValue)
    }

    /// Who is in a room already, as a newcomer is told.
    init(present: Addressee) {
        self.init(addressee: present)
        constraints = present.user.publication == nil ? nil : present.user.constraints
    }
}

extension ProducerChange {
    init(_ produced: Produced) {
        self.init(
            answer: produced.answer.map { .answer($0) }, id: produced.user.id.value,
            userInfo: produced.user.userInfoValue, constraints: produced.user.constraints,
            outbound: produced.outbound.map(UserItem.init(addressee:)))
    }

    /// The end of what a user sent.
    init(_ departure: Departure) {
        self.init(
            id: departure.user.id.value, userInfo: departure.user.userInfoValue, constraints: Constraints(.none),
            outbound: departure.others.map { UserItem($0) })
    }
}

extension UserDeleted {
    init(_ departure: Departure) {
        self.init(
            id: departure.user.id.value, userInfo: departure.user.userInfoValue,
            outbound: departure.others.map { UserItem($0) })
    }
}

extension UserDetails {
    /// - Parameter listsTracks: whether connections are shown track by track.
    init(_ user: Participant, _ statistics: ParticipantStatistics, listsTracks: Bool) {
        self.init(
            id: user.id.value, userInfo: user.userInfoValue,
            constraints: user.publication == nil ? nil : user.constraints,
            produce: statistics.produce.map { TransportRow($0, listsTracks: listsTracks) },
            consume: statistics.consume.isEmpty
                ? nil
                : statistics.consume.map {
                    TransportRow($0.statistics, producer: $0.producer, listsTracks: listsTracks)
                })
    }
}

extension TransportRow {
    init(_ statistics: TransportStatistics, producer: ParticipantID? = nil, listsTracks: Bool) {
        self.init(
            id: producer?.value, state: statistics.state.rawValue, bytes: statistics.bytes, packets: statistics.packets,
            bitrate: statistics.bitrate, lost: statistics.lost,
            rtt_ms: statistics.roundTripMilliseconds, estimate: statistics.estimate,
            tracks: listsTracks
                ? statistics.tracks.map { TrackRow($0, isConsumed: producer != nil) } : nil)
    }
}

extension RefusedItem {
    init(_ refusal: Refusal) {
        self.init(id: refusal.producer.value, mid: refusal.track.mid, codec: refusal.track.codec)
    }
}

extension RoomEventMessage {
    /// An event that is longer carries no offers: each of the users it is for can have its own by
    /// `POST …/consume/:producer_id/offer`.
    static let maximumBytes = 256 << 10

    /// Nil for what this API has no event for.
    init?(_ notice: RoomNotice, time: String) {
        let room = notice.room.value
        func message(_ type: String, _ user: Participant?) -> RoomEventMessage {
            var message = RoomEventMessage(type: type, room: room, time: time)
            message.id = user?.id.value
            message.userInfo = user?.userInfoValue
            return message
        }
        switch notice {
        case .roomCreated: self = message("room.created", nil)
        case .roomDeleted(let room):
            self = message("room.deleted", nil)
            count = room.participants.count
        case .userAdded(_, let user): self = message("user.added", user)
        case .userDeleted(_, let user, let others, _):
            self = message("user.deleted", user)
            outbound = others.map { UserItem($0) }
        case .producerStarted(_, let user, let addressees), .producerChanged(_, let user, let addressees):
            var isStart = false
            if case .producerStarted = notice { isStart = true }
            self = message(isStart ? "producer.started" : "producer.changed", user)
            constraints = user.constraints
            outbound = Self.bounded(addressees).map(UserItem.init(addressee:))
        case .producerStopped(_, let user, let others):
            self = message("producer.stopped", user)
            constraints = Constraints(.none)
            outbound = others.map { UserItem($0) }
        case .transportState(_, let user, let producer, let state):
            self = message("transport.state", nil)
            id = user.value
            producer_id = producer?.value
            self.state = state.rawValue
        case .speaker(_, let user): self = .speaker(user?.value, room: room, time: time)
        case .event: return nil
        }
    }

    private static func bounded(_ addressees: [Addressee]) -> [Addressee] {
        let bytes = addressees.reduce(0) { $0 + ($1.offer?.utf8.count ?? 0) }
        return bytes <= maximumBytes ? addressees : addressees.map { Addressee(user: $0.user, offer: nil) }
    }
}
