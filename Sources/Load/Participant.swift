/// One simulated person in a room.
final class Participant {
    enum State: Equatable {
        case waiting, joining, joined
        case failed(String)
    }

    let room: String
    let name: String
    let publishes: Bool
    let watches: Bool
    /// What comes to it passes this; nil where nothing slows it down.
    let path: SimulatedPath?
    var state = State.waiting
    var publisher: Publisher?
    /// By publisher's name.
    var subscriptions: [String: Subscription] = [:]
    /// Offers that are being answered.
    var offers: [String: String] = [:]
    /// When the server was asked first.
    var askedAt: Int64 = 0
    /// Everything that the server has to say about the join was said.
    var isAnswered = false
    /// The server was told that the publisher's connection is made.
    var isAnnounced = false

    init(room: String, name: String, publishes: Bool, watches: Bool, path: SimulatedPath? = nil) {
        self.path = path
        self.room = room
        self.name = name
        self.publishes = publishes
        self.watches = watches
    }

    var connections: [PeerConnection] {
        [publisher?.connection].compactMap(\.self) + subscriptions.values.map(\.connection)
    }

    /// Whether all that belongs to the join is connected; the reason where it never will be.
    var progress: State {
        guard isAnswered else { return .joining }
        for connection in connections {
            if case .failed(let reason) = connection.state { return .failed(reason) }
        }
        return connections.allSatisfy { $0.state == .connected } ? .joined : .joining
    }
}
