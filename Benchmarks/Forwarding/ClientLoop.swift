import CBench

/// Waits on all sockets of the benchmark at once, and runs what is due in between.
final class ClientLoop {
    private let poll = cbench_poll_new()
    private var receivers: [() -> Void] = []
    private var ticking: [Peer] = []
    private var nextTick: Int64 = 0

    func add(_ peer: Peer) {
        _ = cbench_poll_add(poll, peer.fd, UInt32(receivers.count))
        receivers.append { peer.receive() }
        ticking.append(peer)
    }

    func add(_ receiver: PlainReceiver) {
        _ = cbench_poll_add(poll, receiver.fd, UInt32(receivers.count))
        receivers.append { receiver.receive() }
    }

    /// Runs until `deadline` or until `done` says so.
    /// - Parameter sender: sends its trace meanwhile.
    func run(until deadline: Int64, sender: VideoSender? = nil, done: () -> Bool = { false }) {
        var tags = [UInt32](repeating: 0, count: 64)
        while true {
            let time = now()
            if time >= deadline { return }
            var next = min(deadline, nextTick)
            if let sender { next = min(next, sender.advance(time)) }
            if time >= nextTick {
                for peer in ticking { peer.tick(time) }
                nextTick = time + 10_000
                next = min(next, nextTick)
                if done() { return }
            }
            let ready = cbench_poll_wait(poll, &tags, Int32(tags.count), next - now())
            for tag in tags.prefix(Int(ready)) { receivers[Int(tag)]() }
        }
    }

    func run(seconds: Double, sender: VideoSender? = nil) {
        run(until: now() + Int64(seconds * 1_000_000), sender: sender)
    }
}
