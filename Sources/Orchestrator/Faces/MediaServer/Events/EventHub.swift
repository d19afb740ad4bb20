import RoomControl
import RelayControl
import Web

/// Turns what happens into events, keeps the last ones, and feeds everybody who listens.
final class EventHub {
    private(set) var log: EventLog
    private let wallClock: () -> Double
    private var feeds: [ObjectIdentifier: EventFeed] = [:]

    /// - Parameter wallClock: seconds since 1970.
    init(instance: String, wallClock: @escaping () -> Double) {
        self.log = EventLog(instance: instance)
        self.wallClock = wallClock
    }

    func record(_ notice: RoomNotice) {
        guard let text = RoomEventMessage(notice, time: time)?.jsonText else { return }
        var endsRoom = false
        if case .roomDeleted = notice { endsRoom = true }
        log.append(EventLog.Entry(room: notice.room, text: text, endsRoom: endsRoom))
        for feed in feeds.values { feed.pump() }
    }

    /// A source that begins with the next event, or after `lastEventID` where one is given.
    /// - Parameter room: nil for all rooms.
    func feed(of room: RoomID?, after lastEventID: String?) -> EventFeed {
        guard let lastEventID else { return EventFeed(hub: self, room: room, next: log.next) }
        guard let number = log.number(of: lastEventID) else { return EventFeed(hub: self, room: room, next: nil) }
        return EventFeed(hub: self, room: room, next: number + 1)
    }

    /// Whether something about this room has happened since, so that a resumed stream of it has something to say even when
    /// the room has gone meanwhile.
    func hasEvents(of room: RoomID, after lastEventID: String) -> Bool {
        let first = log.number(of: lastEventID).map { max($0 + 1, log.oldest) } ?? log.oldest
        return (first..<log.next).contains { log[$0]?.room == room }
    }

    func attach(_ feed: EventFeed) { feeds[ObjectIdentifier(feed)] = feed }
    func detach(_ feed: EventFeed) { feeds[ObjectIdentifier(feed)] = nil }

    /// How many clients listen.
    var listeners: Int { feeds.count }

    /// Now, as events tell it.
    var time: String { Timestamp.text(secondsSince1970: wallClock()) }
}
