internal import CNet
internal import Glibc
internal import Synchronization

/// Makes calls of the server's API on a thread of its own, in order, so that no packet waits for one.
final class ControlThread: Sendable {
    enum Call: Sendable {
        case createRoom(String)
        case join(room: String, user: String, watches: Bool)
        case produce(room: String, user: String, offer: String)
        case announce(room: String, user: String)
        case consume(room: String, user: String, producer: String, answer: String)
        case leave(room: String, user: String)
        case deleteRoom(String)
    }

    enum Outcome: Sendable {
        case done
        /// Offers of those who produce, by user.
        case joined(offers: [String: String])
        case produced(Produced)
        /// Offers for those who are there, by user.
        case announced(outbound: [String: String])
        case failed(LoadError)
    }

    struct Result: Sendable {
        var call: Call
        var outcome: Outcome
        var microseconds: Int64
    }

    private struct State {
        var calls: [Call] = []
        var results: [Result] = []
        var isEnding = false
    }

    private let state = Mutex(State())
    private let wake: Int32

    /// - Parameter connect: makes the connection, on the new thread; its failure is every call's outcome.
    init(_ connect: @escaping @Sendable () throws(LoadError) -> any Signalling) throws(LoadError) {
        wake = cnet_eventfd()
        guard wake >= 0 else { throw .machine("no eventfd") }
        let body = Body(owner: self, connect: connect)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(body).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        guard status == 0 else {
            Unmanaged<Body>.fromOpaque(context).release()
            throw .machine("no thread")
        }
        pthread_detach(thread)
    }

    deinit { close(wake) }

    func post(_ call: Call) {
        state.withLock { $0.calls.append(call) }
        wakeUp()
    }

    private func wakeUp() {
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
    }

    /// What has been answered since the last time.
    func takeResults() -> [Result] {
        state.withLock { state in
            defer { state.results = [] }
            return state.results
        }
    }

    /// Ends the thread once its queue is empty.
    func end() {
        state.withLock { $0.isEnding = true }
        wakeUp()
    }

    private final class Body: Sendable {
        let owner: ControlThread
        let connect: @Sendable () throws(LoadError) -> any Signalling

        init(owner: ControlThread, connect: @escaping @Sendable () throws(LoadError) -> any Signalling) {
            self.owner = owner
            self.connect = connect
        }

        func run() {
            cnet_name_thread("load-control")
            var api: (any Signalling)?
            while true {
                let (calls, isEnding) = owner.state.withLock { state in
                    defer { state.calls = [] }
                    return (state.calls, state.isEnding)
                }
                if calls.isEmpty {
                    if isEnding { return }
                    var wait = pollfd(fd: owner.wake, events: Int16(POLLIN), revents: 0)
                    if poll(&wait, 1, 1_000) > 0 {
                        var count: UInt64 = 0
                        _ = read(owner.wake, &count, 8)
                    } else {
                        // What fails now fails again at the next call, which reports it.
                        try? api?.keepAlive()
                    }
                }
                for call in calls {
                    let start = now()
                    let outcome: Outcome
                    do throws(LoadError) {
                        let connected: any Signalling
                        if let api { connected = api } else { connected = try connect() }
                        api = connected
                        outcome = try Self.make(call, connected)
                    } catch {
                        outcome = .failed(error)
                    }
                    let result = Result(call: call, outcome: outcome, microseconds: now() - start)
                    owner.state.withLock { $0.results.append(result) }
                }
            }
        }

        private static func make(_ call: Call, _ api: any Signalling) throws(LoadError) -> Outcome {
            switch call {
            case .createRoom(let room): try api.createRoom(room)
            case .join(let room, let user, let watches):
                return .joined(offers: try api.join(user, room: room, watches: watches))
            case .produce(let room, let user, let offer):
                return .produced(try api.produce(user, room: room, offer: offer))
            case .announce(let room, let user): return .announced(outbound: try api.announce(user, room: room))
            case .consume(let room, let user, let producer, let answer):
                try api.consume(user, room: room, producer: producer, answer: answer)
            case .leave(let room, let user): try api.leave(user, room: room)
            case .deleteRoom(let room): try api.deleteRoom(room)
            }
            return .done
        }
    }
}
