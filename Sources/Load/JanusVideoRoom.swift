/// Rooms in Janus's VideoRoom: a handle for each publisher, and one for each connection between a publisher and who watches.
final class JanusVideoRoom: Signalling {
    private final class Room {
        let id: JanusIdentifier
        /// By user.
        var publishers: [String: Feed] = [:]
        var watchers: Set<String> = []
        /// Handles of those who watch, by their name and that of the publisher.
        var subscriptions: [Pair: UInt64] = [:]

        init(_ id: JanusIdentifier) { self.id = id }
    }

    private struct Feed {
        var handle: UInt64
        var id: JanusIdentifier
        /// Janus lets nobody subscribe to a feed before.
        var isConnected: Bool
    }

    private struct Pair: Hashable {
        var watcher: String
        var publisher: String
    }

    private let session: JanusSession
    private let videoCodec: String
    /// For what concerns nobody in particular.
    private let handle: UInt64
    private var rooms: [String: Room] = [:]

    /// - Parameter videoCodec: as Janus names it: `vp8`, `h264`.
    init(_ session: JanusSession, videoCodec: String) throws(LoadError) {
        self.session = session
        self.videoCodec = videoCodec
        handle = try session.attach()
    }

    func createRoom(_ room: String) throws(LoadError) {
        let response = try session.say(.create(publishers: 1_000, videoCodec: videoCodec), to: handle)
        guard let id = response.plugindata?.data?.room else { throw .server("Janus made a room without a name") }
        rooms[room] = Room(id)
    }

    func join(_ user: String, room: String, watches: Bool) throws(LoadError) -> [String: String] {
        let room = try find(room)
        guard watches else { return [:] }
        room.watchers.insert(user)
        var offers: [String: String] = [:]
        for (name, feed) in room.publishers where feed.isConnected {
            offers[name] = try subscribe(user, to: name, feed, in: room)
        }
        return offers
    }

    func produce(_ user: String, room: String, offer: String) throws(LoadError) -> Produced {
        let room = try find(room)
        let handle = try session.attach()
        let joined = try session.say(.joinAsPublisher(room.id, display: user), to: handle)
        guard let id = joined.plugindata?.data?.id else { throw .server("Janus gave a publisher no name") }
        room.publishers[user] = Feed(handle: handle, id: id, isConnected: false)
        let response = try session.say(.publish, JanusRequest.Description(type: "offer", sdp: offer), to: handle)
        guard let answer = response.jsep else { throw .server("Janus answered publish without an SDP") }
        return Produced(answer: answer.sdp, outbound: [:])
    }

    func announce(_ user: String, room: String) throws(LoadError) -> [String: String] {
        let room = try find(room)
        guard var feed = room.publishers[user] else { return [:] }
        try session.waitForConnection(feed.handle)
        feed.isConnected = true
        room.publishers[user] = feed
        var offers: [String: String] = [:]
        for watcher in room.watchers where watcher != user {
            offers[watcher] = try subscribe(watcher, to: user, feed, in: room)
        }
        return offers
    }

    func consume(_ user: String, room: String, producer: String, answer: String) throws(LoadError) {
        guard let handle = try find(room).subscriptions[Pair(watcher: user, publisher: producer)] else {
            throw .server("\(user) was not offered what \(producer) sends")
        }
        _ = try session.say(.start, JanusRequest.Description(type: "answer", sdp: answer), to: handle)
    }

    func leave(_ user: String, room: String) throws(LoadError) {
        let room = try find(room)
        room.watchers.remove(user)
        var handles: [UInt64] = []
        for (pair, handle) in room.subscriptions where pair.watcher == user || pair.publisher == user {
            room.subscriptions[pair] = nil
            handles.append(handle)
        }
        if let feed = room.publishers.removeValue(forKey: user) { handles.append(feed.handle) }
        for handle in handles { try session.detach(handle) }
    }

    func deleteRoom(_ room: String) throws(LoadError) {
        guard let gone = rooms.removeValue(forKey: room) else { return }
        _ = try session.say(.destroy(gone.id), to: handle)
        // With it go all handles that are left.
        if rooms.isEmpty { try session.end() }
    }

    func keepAlive() throws(LoadError) { try session.keepAlive() }

    private func find(_ room: String) throws(LoadError) -> Room {
        guard let found = rooms[room] else { throw .server("there is no room \(room)") }
        return found
    }

    private func subscribe(
        _ watcher: String, to publisher: String, _ feed: Feed, in room: Room
    ) throws(LoadError) -> String {
        let handle = try session.attach()
        room.subscriptions[Pair(watcher: watcher, publisher: publisher)] = handle
        let response = try session.say(.joinAsSubscriber(room.id, feed: feed.id), to: handle)
        guard let offer = response.jsep else { throw .server("Janus offered nothing of \(publisher)") }
        return offer.sdp
    }
}
