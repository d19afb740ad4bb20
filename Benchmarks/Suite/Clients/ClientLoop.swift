import Load

/// Waits on all sockets of the benchmark at once, and runs what is due in between.
final class ClientLoop {
    private let poll: SocketPoll
    private var receivers: [() -> Void] = []
    private var ticking: [(Int64) -> Void] = []
    private var nextTick: Int64 = 0

    init() throws { poll = try SocketPoll() }

    func add(_ peer: Peer) {
        poll.add(peer.connection.fd, tag: UInt32(receivers.count))
        receivers.append { peer.receive() }
        ticking.append { peer.tick($0) }
    }

    func add(_ receiver: PlainReceiver) {
        poll.add(receiver.fd, tag: UInt32(receivers.count))
        receivers.append { receiver.receive() }
    }

    func add(_ probe: LatencyProbe) {
        poll.add(probe.connection.fd, tag: UInt32(receivers.count))
        receivers.append { probe.receive() }
        ticking.append { probe.connection.tick($0) }
    }

    /// Runs until `deadline` or until `done` says so.
    /// - Parameter sender: sends its trace meanwhile.
    func run(until deadline: Int64, sender: VideoSender? = nil, done: () -> Bool = { false }) {
        while true {
            let time = now()
            if time >= deadline { return }
            var next = min(deadline, nextTick)
            if let sender { next = min(next, sender.advance(time)) }
            if time >= nextTick {
                for tick in ticking { tick(time) }
                nextTick = time + 10_000
                next = min(next, nextTick)
                if done() { return }
            }
            for tag in poll.wait(microseconds: next - now()) { receivers[Int(tag)]() }
        }
    }

    func run(seconds: Double, sender: VideoSender? = nil) {
        run(until: now() + Int64(seconds * 1_000_000), sender: sender)
    }
}
