internal import Log
public import RelayControl
public import RoomModel

// MARK: Sending and receiving
extension RoomService {
    /// Starts, renegotiates or replaces what a user sends, and makes an offer of it for everybody else.
    /// - Parameter wanted: the kinds to forward; nil means every kind that the offer sends.
    public func produce(
        _ user: ParticipantID, in room: RoomID, offer: String, wanted: TrackSelection?
    ) throws(RoomCallError) -> Produced {
        try publish(user, in: room, wanted) { (relay, wanted) throws(RelayError) in
            try relay.produce(room: room, participant: user, offer: offer, wanted: wanted)
        }
    }

    /// The same for a user who also hears the room, mixed into one track.
    public func join(
        _ user: ParticipantID, in room: RoomID, offer: String, wanted: TrackSelection?
    ) throws(RoomCallError) -> Produced {
        try publish(user, in: room, wanted) { (relay, wanted) throws(RelayError) in
            try relay.join(room: room, participant: user, offer: offer, wanted: wanted)
        }
    }

    /// Brings somebody in with a connection as `join` makes it, or not at all.
    /// - Parameter isNewRoom: whether the room is to be made for the newcomer, and ends with its last one.
    public func enter(
        _ newcomer: Participant, room: RoomID, offer: String, isNewRoom: Bool = false
    ) throws(RoomCallError) -> Produced {
        let before = try? rooms.room(room)
        let entering = try refusing { () throws(RoomError) in
            isNewRoom
                ? try rooms.create(room, with: newcomer, at: now()) : try rooms.add(newcomer, to: room, at: now())
        }
        do {
            return try publish(newcomer.id, in: room, nil, after: entering) { (relay, wanted) throws(RelayError) in
                try relay.join(room: room, participant: newcomer.id, offer: offer, wanted: wanted)
            }
        } catch {
            // Nobody has heard of it yet.
            relay.remove(participant: newcomer.id, room: room)
            rooms.takeBack(room, to: before)
            throw error
        }
    }

    /// - Parameter earlier: what has happened to the rooms already and is to be told first.
    private func publish(
        _ user: ParticipantID, in room: RoomID, _ wanted: TrackSelection?, after earlier: [RoomEvent] = [],
        by connect: (any Relay, TrackSelection?) throws(RelayError) -> Production
    ) throws(RoomCallError) -> Produced {
        let before = try self.user(user, in: room)
        let production: Production
        do {
            production = try connect(relay, (wanted ?? .all).intersection(before.unmuted))
        } catch {
            throw .relay(error, about: .offer)
        }
        var outbound: [Addressee] = []
        for other in audience(of: user, in: room) {
            do {
                let offer = try relay.offer(room: room, subscriber: other.id, producer: user, restart: false)
                outbound.append(Addressee(user: other, offer: offer))
            } catch {
                guard before.publication != nil else {
                    try? relay.stopProducing(room: room, participant: user)
                    throw .relay(error, about: .offer)
                }
                // A renegotiation cannot be taken back; whoever has no connection yet asks for an offer later.
                Log.warning("offer.failed", ["room": room.value, "producer": user.value, "error": "\(error)"])
                outbound.append(Addressee(user: other, offer: nil))
            }
        }
        let events = try refusing { () throws(RoomError) in
            try rooms.publish(
                user, in: room, selection: production.sent.intersection(wanted ?? .all), sent: production.sent,
                at: now())
        }
        carryOut(earlier + events, outbound: outbound)
        return Produced(answer: production.answer, user: try self.user(user, in: room), outbound: outbound)
    }

    /// Answers the offer of a user who wants to see others, a receiving m-line for each; `videos` is all that is to be sent.
    public func subscribe(
        _ user: ParticipantID, in room: RoomID, offer: String, videos: [WantedVideo]
    ) throws(RoomCallError) -> String {
        _ = try self.user(user, in: room)
        do {
            let answer = try relay.subscribe(room: room, participant: user, offer: offer, videos: videos)
            rooms.touch(user, in: room, at: now())
            return answer
        } catch {
            throw .relay(error, about: .offer)
        }
    }

    /// Ends what `subscribe` began.
    public func unsubscribe(_ user: ParticipantID, in room: RoomID) throws(RoomCallError) {
        _ = try self.user(user, in: room)
        relay.unsubscribe(room: room, participant: user)
    }

    /// Mutes and unmutes, without any SDP.
    public func select(_ wanted: TrackSelection, of user: ParticipantID, in room: RoomID) throws(RoomCallError)
        -> Produced
    {
        let before = try self.user(user, in: room)
        guard let publication = before.publication else { throw .mutedWithoutProducing(user) }
        let selection = publication.sent.intersection(wanted)
        do {
            _ = try relay.select(room: room, participant: user, wanted: selection.intersection(before.unmuted))
        } catch {
            lost(user, in: room)
            throw .mutedWithoutProducing(user)
        }
        let events = try refusing { () throws(RoomError) in
            try rooms.publish(user, in: room, selection: selection, sent: publication.sent, at: now())
        }
        let outbound = addressees(of: user, in: room)
        carryOut(events, outbound: outbound)
        return Produced(answer: nil, user: try self.user(user, in: room), outbound: outbound)
    }

    /// Closes what a user sends, and the others' connections for it.
    public func stopProducing(_ user: ParticipantID, in room: RoomID) throws(RoomCallError) -> Departure {
        let events = try refusing { () throws(RoomError) in try rooms.stopPublishing(user, in: room, at: now()) }
        try? relay.stopProducing(room: room, participant: user)
        carryOut(events)
        return Departure(user: try self.user(user, in: room), others: audience(of: user, in: room))
    }

    /// Binds a user's answers to the offers that were made for it; all or none.
    /// - Returns: what the answers could not take, by producer.
    public func consume(_ answers: [SubscriberAnswer], by user: ParticipantID, in room: RoomID) throws(RoomCallError)
        -> [Refusal]
    {
        _ = try self.user(user, in: room)
        let refused: [[RefusedTrack]]
        do {
            refused = try relay.consume(room: room, subscriber: user, answers: answers)
        } catch {
            throw .subscription(error)
        }
        rooms.touch(user, in: room, at: now())
        return zip(answers, refused).flatMap { answer, tracks in
            tracks.map { Refusal(producer: answer.producer, track: $0) }
        }
    }

    /// What a user wants of a producer's video.
    /// - Parameter mid: of one m-line; nil: of all.
    public func preference(
        of user: ParticipantID, for producer: ParticipantID, mid: String?, in room: RoomID
    ) throws(RoomCallError) -> VideoPreference {
        _ = try self.user(user, in: room)
        do {
            return try relay.preference(room: room, subscriber: user, producer: producer, mid: mid)
        } catch {
            throw .relay(error, about: .producer)
        }
    }

    /// Changes it.
    public func prefer(
        _ preference: VideoPreference, of user: ParticipantID, for producer: ParticipantID, in room: RoomID
    ) throws(RoomCallError) {
        _ = try self.user(user, in: room)
        do {
            try relay.prefer(room: room, subscriber: user, producer: producer, preference: preference)
        } catch {
            throw .relay(error, about: .producer)
        }
        rooms.touch(user, in: room, at: now())
    }

    /// A fresh offer for a user who lost one, or whose connection is stuck or dead.
    public func renewOffer(of producer: ParticipantID, for user: ParticipantID, in room: RoomID) throws(RoomCallError)
        -> String
    {
        _ = try self.user(user, in: room)
        let unknown = RoomCallError.noSuchProducer(producer, in: room)
        guard producer != user, let other = try? rooms.participant(producer, in: room) else { throw unknown }
        do {
            guard let offer = try offer(of: other, to: user, in: room, restart: true) else { throw unknown }
            rooms.touch(user, in: room, at: now())
            return offer
        } catch let error as RelayError {
            throw .relay(error, about: .producer)
        } catch {
            throw unknown
        }
    }
}
