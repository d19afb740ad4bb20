/// On which worker a participant's connections live.
///
/// A room begins on the worker with the fewest connections and stays there while it is small: each frame that goes to another
/// worker costs a wake-up there, which only many subscribers on that worker make worth while. Once a room has `spread` connections on
/// every worker that it uses, newcomers go to the worker with the fewest.
struct Placement {
    /// Connections of all rooms, by worker.
    private(set) var connections: [Int]
    private let spread: Int

    init(workers: Int, spread: Int) {
        connections = Array(repeating: 0, count: workers)
        self.spread = spread
    }

    mutating func opened(on worker: Int) { connections[worker] += 1 }

    mutating func closed(on worker: Int) { connections[worker] -= 1 }

    /// The worker for somebody new in a room; of equals the first.
    /// - Parameter share: the room's connections, by worker.
    func worker(for share: [Int]) -> Int {
        let used = share.indices.filter { share[$0] > 0 }
        let smallest = used.min { (share[$0], connections[$0]) < (share[$1], connections[$1]) }
        if let smallest, share[smallest] < spread { return smallest }
        return connections.indices.min { connections[$0] < connections[$1] } ?? 0
    }
}
