internal import Log
public import RelayControl
public import RoomModel

/// What can be done with rooms, whoever does it: every face takes these same paths, and so sees what the others do.
///
/// Every call checks first, then asks the relay, then changes the rooms, so that a refused call has changed nothing. What
/// happened, by a call or without one, goes to the observers in order.
public final class RoomService {
    public internal(set) var rooms: Rooms
    public internal(set) var users = Users()
    let relay: any Relay
    public let store: any Store
    public let now: () -> Double
    private let wallClock: () -> Double
    /// Before what is to be kept.
    let turnstile = Turnstile()
    private var observers: [(RoomNotice) -> Void] = []

    /// - Parameters:
    ///   - now: seconds on a clock that never goes backwards.
    ///   - wallClock: seconds since 1970.
    public init(
        relay: any Relay, store: any Store = MemoryStore(), limits: RoomLimits, now: @escaping () -> Double,
        wallClock: @escaping () -> Double
    ) {
        self.rooms = Rooms(limits: limits)
        self.relay = relay
        self.store = store
        self.now = now
        self.wallClock = wallClock
        rooms.epoch = wallClock() - now()
    }

    /// Has everything told that happens from now on, by a call or without one.
    public func observe(_ observer: @escaping (RoomNotice) -> Void) { observers.append(observer) }
}

// MARK: Rooms and users
extension RoomService {
    public func createRoom(_ room: RoomID, with user: Participant?) throws(RoomCallError) {
        let events = try refusing { () throws(RoomError) in try rooms.create(room, with: user, at: now()) }
        carryOut(events)
    }

    /// - Returns: how many users it took with it.
    public func deleteRoom(_ room: RoomID) throws(RoomCallError) -> Int {
        let count = try self.room(room).participants.count
        let events = try refusing { () throws(RoomError) in try rooms.delete(room, at: now()) }
        carryOut(events)
        return count
    }

    /// Adds a user, and makes an offer for it of everybody who produces.
    /// - Returns: everybody else.
    public func addUser(_ user: Participant, to room: RoomID) throws(RoomCallError) -> [Addressee] {
        let events = try refusing { () throws(RoomError) in try rooms.add(user, to: room, at: now()) }
        var others: [Addressee] = []
        for other in try self.room(room).others(than: user.id) {
            do {
                let offer = user.takesOffers ? try offer(of: other, to: user.id, in: room, restart: false) : nil
                others.append(Addressee(user: other, offer: offer))
            } catch {
                _ = try? rooms.remove(user.id, from: room, at: now())
                relay.remove(participant: user.id, room: room)
                throw RoomCallError.relay(error, about: .participant)
            }
        }
        carryOut(events)
        // A producer may have turned out to be lost meanwhile.
        let present = Dictionary(try self.room(room).participants.map { ($0.id, $0) }) { first, _ in first }
        return others.map { Addressee(user: present[$0.user.id] ?? $0.user, offer: $0.offer) }
    }

    public func deleteUser(_ user: ParticipantID, from room: RoomID) throws(RoomCallError) -> Departure {
        let participant = try self.user(user, in: room)
        let events = try refusing { () throws(RoomError) in try rooms.remove(user, from: room, at: now()) }
        carryOut(events)
        return Departure(user: participant, others: audience(of: user, in: room))
    }

    public func room(_ room: RoomID) throws(RoomCallError) -> Room {
        try refusing { () throws(RoomError) in try rooms.room(room) }
    }

    public func user(_ user: ParticipantID, in room: RoomID) throws(RoomCallError) -> Participant {
        try refusing { () throws(RoomError) in try rooms.participant(user, in: room) }
    }

    public func statistics(of user: ParticipantID, in room: RoomID) -> ParticipantStatistics {
        relay.statistics(room: room, participant: user)
    }
}

// MARK: What happens without a call
extension RoomService {
    /// Takes what the relay reports; what is about somebody who has gone is dropped.
    public func handle(_ event: RelayEvent) {
        switch event {
        case .transportState(let room, let user, let producer, let state):
            guard (try? rooms.participant(user, in: room)) != nil else { return }
            rooms.setConnected(state == .connected, user, producer: producer, in: room, at: now())
            notify(.transportState(room, user, producer: producer, state: state))
        case .activeSpeaker(let room, let user):
            carryOut((try? rooms.setSpeaker(user, in: room)) ?? [])
        }
    }

    /// Ends what has outlived its time; to be called about once a second.
    public func tick() {
        rooms.epoch = wallClock() - now()
        carryOut(rooms.expire(at: now()))
    }
}

// MARK: How it is done
extension RoomService {
    /// Tells the relay and the observers what the room model says has happened.
    func carryOut(_ events: [RoomEvent], outbound: [Addressee] = []) {
        for event in events {
            switch event {
            case .participantRemoved(let room, let user, _): relay.remove(participant: user.id, room: room)
            case .roomDeleted(let room):
                relay.remove(room: room.id)
                if room.definition != nil { remember(.removeRoom(room.id)) }
            case .sessionEnded(let record): remember(.addSession(record))
            case .mutingChanged(let room, let user, _, _):
                if user.publication != nil {
                    _ = try? relay.select(room: room, participant: user.id, wanted: user.forwardedSelection)
                }
            default: break
            }
        }
        for event in events {
            switch event {
            case .roomCreated(let room): notify(.roomCreated(room))
            case .roomDeleted(let room): notify(.roomDeleted(room))
            case .participantAdded(let room, let user): notify(.userAdded(room, user))
            case .participantRemoved(let room, let user, let byAdmin):
                notify(.userDeleted(room, user, others: audience(of: user.id, in: room), byAdmin: byAdmin))
            case .publicationStarted(let room, let user): notify(.producerStarted(room, user, outbound: outbound))
            case .publicationChanged(let room, let user): notify(.producerChanged(room, user, outbound: outbound))
            case .publicationStopped(let room, let user):
                notify(.producerStopped(room, user, others: audience(of: user.id, in: room)))
            case .speakerChanged(let room, let user): notify(.speaker(room, user))
            case .mutingChanged(let room, let user, _, _):
                notify(.event(room, event))
                if user.publication != nil {
                    notify(.producerChanged(room, user, outbound: addressees(of: user.id, in: room)))
                }
            case .roomChanged(let definition): notify(.event(definition.id, event))
            case .sessionEnded(let record): notify(.event(record.room, event))
            case .adminChanged(let room, _), .handChanged(let room, _), .sharingChanged(let room, _),
                .reacted(let room, _, _), .waitingBegan(let room, _), .waitingNudged(let room, _),
                .waitingEnded(let room, _, _):
                notify(.event(room, event))
            }
        }
    }

    func notify(_ notice: RoomNotice) {
        for observer in observers { observer(notice) }
    }

    /// The offer of what `producer` sends; nil when it sends nothing.
    func offer(
        of producer: Participant, to subscriber: ParticipantID, in room: RoomID, restart: Bool
    ) throws(RelayError) -> String? {
        guard producer.publication != nil else { return nil }
        do {
            return try relay.offer(room: room, subscriber: subscriber, producer: producer.id, restart: restart)
        } catch .notProducing {
            lost(producer.id, in: room)
            return nil
        }
    }

    /// The relay has ended a publication that the rooms still show.
    func lost(_ user: ParticipantID, in room: RoomID) {
        Log.warning("producer.lost", ["room": room.value, "user": user.value])
        carryOut((try? rooms.stopPublishing(user, in: room, at: now())) ?? [])
    }

    /// Everybody else who is made offers.
    func audience(of user: ParticipantID, in room: RoomID) -> [Participant] {
        ((try? rooms.room(room).others(than: user)) ?? []).filter(\.takesOffers)
    }

    /// The same, where there is nothing new to offer.
    func addressees(of user: ParticipantID, in room: RoomID) -> [Addressee] {
        audience(of: user, in: room).map { Addressee(user: $0, offer: nil) }
    }

    func refusing<Result>(_ body: () throws(RoomError) -> Result) throws(RoomCallError) -> Result {
        do { return try body() } catch { throw .room(error) }
    }
}
