import RelayControl
import Web

/// One listener: walks along the log as fast as its client reads, and says so when events were dropped before it got there.
final class EventFeed: EventSource {
    /// Unread bytes at which the feed waits for its client.
    static let waterline = 256 << 10

    private let hub: EventHub
    private let room: RoomID?
    /// The number to send next; nil: the client's last event is unknown here.
    private var next: Int?
    private var stream: (any EventStream)?

    init(hub: EventHub, room: RoomID?, next: Int?) {
        self.hub = hub
        self.room = room
        self.next = next
    }

    func opened(_ stream: any EventStream) {
        self.stream = stream
        hub.attach(self)
        pump()
    }

    func drained() { pump() }

    func closed() {
        stream = nil
        hub.detach(self)
    }

    /// Sends what there is, until the client has enough to read.
    func pump() {
        while let stream, stream.unsent < Self.waterline {
            guard let number = next, number >= hub.log.oldest else {
                reportGap(on: stream)
                continue
            }
            guard let entry = hub.log[number] else { return }
            next = number + 1
            guard room == nil || room == entry.room else { continue }
            stream.send(id: hub.log.id(of: number), data: entry.text)
            if room != nil, entry.endsRoom { end(stream) }
        }
    }

    private func reportGap(on stream: any EventStream) {
        let oldest = hub.log.oldest
        stream.send(
            id: hub.log.id(of: oldest - 1), data: LostEventsMessage(room_id: room?.value, time: hub.time).jsonText)
        next = oldest
    }

    private func end(_ stream: any EventStream) {
        self.stream = nil
        hub.detach(self)
        stream.close()
    }
}
