internal import Glibc
internal import RelayIO
internal import Synchronization

/// One run: brings everybody in, lets them talk, looks at what came, and leaves no room behind.
package final class LoadRun {
    let options: LoadOptions
    let target: LoadTarget
    var tally = LoadTally()
    /// Of those who receive over a slow path.
    var slowTally = LoadTally()
    private var paths: [SimulatedPath] = []
    var participants: [String: Participant] = [:]
    var samples: [LoadSample] = []
    private let control: ControlThread
    private let poll: SocketPoll
    private let memory: ReceiveMemory
    private let certificate: Certificate
    /// Of this machine, where the clients' sockets are.
    private let host: String
    private let traces: [VideoTrace]
    /// Those who send, in the order in which they came.
    private var senders: [Publisher] = []
    private var clients: [UInt32: any MediaClient] = [:]
    private var nextTag: UInt32 = 0
    private var session: UInt64 = 1_000_000
    private let roomPrefix = "load-" + String(UInt32.random(in: .min ... .max), radix: 16)
    private let onSample: (LoadSample, _ progress: Double) -> Void
    private var sampler: LoadSampler
    private var nextTick: Int64 = 0
    /// A second in which nobody sends any more would look as if the server had got worse.
    private var samplesEnd = Int64.max
    private var isSending = true
    private var pendingCalls = 0
    private var isSomebodyJoining = true
    private var drainedAt: Int64 = 0
    private(set) var profiles: [String] = []

    /// - Parameter onSample: called each second with what that second was like and how far the run is, from 0 to 1.
    package init(_ options: LoadOptions, onSample: @escaping (LoadSample, _ progress: Double) -> Void) throws(LoadError)
    {
        self.options = options
        self.onSample = onSample
        // TLS writes without MSG_NOSIGNAL: a server that hangs up is an error of that call, not the end of this program.
        signal(SIGPIPE, SIG_IGN)
        let target = try LoadTarget(
            options.target, allowed: options.allowed, isInsecure: options.isInsecure, takesPath: options.driver.hasPath)
        self.target = target
        let key = options.apiKey
        let (driver, codec) = (options.driver, options.codec)
        // The first connection tells at once that there is no server.
        _ = try ServerConnection(to: target, key: key)
        host = try target.ownAddress()
        control = try ControlThread { () throws(LoadError) in try driver.connect(to: target, key: key, codec: codec) }
        poll = try SocketPoll()
        memory = try ReceiveMemory()
        do { certificate = try Certificate(profiles: options.profiles) } catch {
            throw .machine("no certificate: \(error)")
        }
        let (kilobits, rate) = (options.videoBitrate / 1_000, options.framesPerSecond)
        if kilobits == 0 {
            traces = []
        } else if options.isSimulcast {
            traces = VideoTrace.simulcast(kilobits: kilobits, framesPerSecond: rate)
        } else {
            traces = [VideoTrace(kilobits: kilobits, framesPerSecond: rate)]
        }
        sampler = try LoadSampler(serverPID: options.serverPID)
    }

    private static let isInterrupted = Atomic<Bool>(false)
    /// Whether a run of this process ended early by SIGINT or SIGTERM.
    package static var wasInterrupted: Bool { isInterrupted.load(ordering: .relaxed) }

    /// Runs to the end, or until SIGINT or SIGTERM; blocking.
    package func run() -> LoadReport {
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in LoadRun.isInterrupted.store(true, ordering: .relaxed) }
        }
        let start = now()
        sampler.begin(at: start)
        var schedule = makeSchedule(from: start)
        let joinsEnd = schedule.last?.at ?? start
        let end = joinsEnd + options.duration.microseconds
        samplesEnd = end + 50_000
        let leaving = options.churn > 0 ? Int64(60_000_000 / options.churn) : Int64.max
        var nextLeave = options.churn > 0 ? joinsEnd + leaving : Int64.max
        schedule.reverse()
        while now() < end, !Self.isInterrupted.load(ordering: .relaxed) {
            let time = now()
            while let next = schedule.last, next.at <= time {
                schedule.removeLast()
                join(next.participant, at: time)
            }
            if time >= nextLeave {
                // Whoever came in the last second would have nothing to receive before the end.
                if end - time > 1_000_000 { replaceSomebody(at: time) }
                nextLeave += leaving
            }
            turn(
                until: min(end, nextLeave, schedule.last?.at ?? .max),
                progress: Double(time - start) / Double(end - start))
        }
        isSending = false
        // What is under way still counts.
        let drained = now() + 400_000
        while now() < drained { turn(until: drained, progress: 1) }
        let report = LoadReport(self, seconds: Double(now() - start) / 1_000_000, sampler: sampler)
        cleanUp()
        return report
    }

    private func makeSchedule(from start: Int64) -> [(at: Int64, participant: Participant)] {
        var order: [Participant] = []
        let rooms = (0..<options.rooms).map { "\(roomPrefix)-\($0)" }
        for room in rooms { post(.createRoom(room)) }
        // Publishers first, so that whoever watches has something to watch; rooms in turn.
        for number in 0..<options.participants {
            for room in rooms {
                let publishes = number < options.publishers
                order.append(
                    Participant(
                        room: room, name: (publishes ? "publisher-" : "subscriber-") + String(number),
                        publishes: publishes, watches: !publishes || options.meets, path: path(ofNumber: number)))
            }
        }
        let pause = options.pace.map { 1_000_000 / $0 } ?? 0
        return order.enumerated().map { (start + Int64(Double($0.offset) * pause), $0.element) }
    }

    var droppedOnTheWay: UInt64 { paths.reduce(0) { $0 + $1.dropped } }

    /// The path of a room's participant with that number: those who only watch come first, where there are any.
    private func path(ofNumber number: Int) -> SimulatedPath? {
        guard let slow = options.slow else { return nil }
        let place = options.subscribers > 0 ? number - options.publishers : number
        return (0..<slow.count).contains(place) ? newPath(slow) : nil
    }

    private func newPath(_ slow: SlowPaths) -> SimulatedPath {
        let path = SimulatedPath(bitsPerSecond: slow.bitsPerSecond)
        paths.append(path)
        return path
    }

    // MARK: One turn

    private func turn(until deadline: Int64, progress: Double) {
        let time = now()
        for result in control.takeResults() { take(result) }
        var next = min(deadline, nextTick)
        if isSending {
            for sender in senders { next = min(next, sender.advance(time)) }
        }
        for path in paths {
            path.deliver(until: time)
            if let deadline = path.deadline { next = min(next, deadline) }
        }
        if time >= nextTick {
            for client in clients.values { client.tick(time) }
            isSomebodyJoining = false
            for participant in participants.values where participant.state == .joining {
                isSomebodyJoining = true
                announce(participant)
                settle(participant, time)
            }
            nextTick = time + 10_000
            next = min(next, nextTick)
        }
        if time < samplesEnd, let sample = sampler.sample(self, at: time) {
            samples.append(sample)
            onSample(sample, min(1, max(0, progress)))
        }
        rest(until: next)
        for tag in poll.wait(microseconds: next - now()) {
            if let client = clients[tag] { memory.drain(client) }
        }
        drainedAt = now()
    }

    /// Lets packets gather, so that one look finds many: the kernel has noted when each came. Whoever joins is not kept waiting
    /// as long.
    private func rest(until next: Int64) {
        let pause = min(drainedAt + (isSomebodyJoining ? 200 : 1_000), next) - now()
        if pause > 0 { usleep(UInt32(clamping: min(pause, 1_000))) }
    }

    private func announce(_ participant: Participant) {
        guard options.driver.announcesPublishers, !participant.isAnnounced,
            participant.publisher?.connection.state == .connected
        else { return }
        participant.isAnnounced = true
        post(.announce(room: participant.room, user: participant.name))
    }

    private func settle(_ participant: Participant, _ time: Int64) {
        var progress = participant.progress
        if progress == .joining, time - participant.askedAt > 30_000_000 {
            progress = .failed("not connected after 30 s")
        }
        participant.state = progress
        switch progress {
        case .joined:
            tally.joins.append(time - participant.askedAt)
            for connection in participant.connections {
                guard let name = connection.sealer?.profile.name, !profiles.contains(name) else { continue }
                profiles.append(name)
            }
        case .failed(let reason):
            tally.failed += 1
            tally.note("a participant did not join: \(reason)")
        default: break
        }
    }

    // MARK: Coming and going

    private func post(_ call: ControlThread.Call) {
        pendingCalls += 1
        control.post(call)
    }

    private func key(_ room: String, _ name: String) -> String { room + "/" + name }

    private func join(_ participant: Participant, at time: Int64) {
        tally.wanted += 1
        participant.state = .joining
        participant.askedAt = time
        participants[key(participant.room, participant.name)] = participant
        post(.join(room: participant.room, user: participant.name, watches: participant.watches))
    }

    /// One participant, of those who only watch where there are such, leaves, and another comes.
    private func replaceSomebody(at time: Int64) {
        let joined = participants.values.filter { $0.state == .joined }
        guard let leaver = joined.filter({ !$0.publishes }).randomElement() ?? joined.randomElement() else { return }
        tally.left += 1
        participants[key(leaver.room, leaver.name)] = nil
        for subscription in leaver.subscriptions.values { close(subscription) }
        if let publisher = leaver.publisher {
            tally.retire(publisher)
            drop(publisher)
            for other in participants.values where other.room == leaver.room {
                if let subscription = other.subscriptions.removeValue(forKey: leaver.name) { close(subscription) }
            }
        }
        post(.leave(room: leaver.room, user: leaver.name))
        let name = leaver.name.prefix { $0 != "." } + ".\(tally.left)"
        join(
            Participant(
                room: leaver.room, name: String(name), publishes: leaver.publishes, watches: leaver.watches,
                path: leaver.path.flatMap { _ in options.slow }.map(newPath)),
            at: time)
    }

    private func close(_ subscription: Subscription) {
        retire(subscription)
        drop(subscription)
    }

    private func retire(_ subscription: Subscription) {
        if subscription.path == nil { tally.retire(subscription) } else { slowTally.retire(subscription) }
    }

    private func drop(_ client: any MediaClient) {
        client.connection.close()
        client.path?.forget(client)
        clients[client.connection.tag] = nil
        senders.removeAll { $0 === client }
    }

    private func add(_ client: any MediaClient) {
        client.connection.tag = nextTag
        clients[nextTag] = client
        poll.add(client.connection.fd, tag: nextTag)
        nextTag &+= 1
    }

    /// Connects to what the server described.
    private func connect(_ connection: PeerConnection?, to description: String) throws(LoadError) {
        guard let connection else { return }
        try connection.connect(
            to: SessionText.remote(description, prefersIPv6: target.isIPv6, allows: target.allowsMedia))
        // It may have another socket now.
        poll.add(connection.fd, tag: connection.tag)
    }

    // MARK: The server's answers

    private func take(_ result: ControlThread.Result) {
        pendingCalls -= 1
        tally.rest.add(result.microseconds)
        switch (result.call, result.outcome) {
        case (.join(let room, let user, _), .joined(let offers)):
            guard let participant = participants[key(room, user)] else { return }
            attempt(participant) { () throws(LoadError) in
                for (producer, offer) in offers { try subscribe(participant, to: producer, offer) }
                if participant.publishes { try publish(participant) } else { participant.isAnswered = true }
            }
        case (.produce(let room, let user, _), .produced(let produced)):
            guard let participant = participants[key(room, user)] else { return }
            attempt(participant) { () throws(LoadError) in
                try connect(participant.publisher?.connection, to: produced.answer)
                participant.isAnswered = true
            }
            offer(user, in: room, to: produced.outbound)
        case (.announce(let room, let user), .announced(let outbound)): offer(user, in: room, to: outbound)
        case (.consume(let room, let user, let producer, _), .done):
            guard let participant = participants[key(room, user)],
                let subscription = participant.subscriptions[producer],
                let offer = participant.offers.removeValue(forKey: producer)
            else { return }
            attempt(participant) { () throws(LoadError) in
                try connect(subscription.connection, to: offer)
            }
        case (.join(let room, let user, _), .failed(let error)), (.produce(let room, let user, _), .failed(let error)),
            (.announce(let room, let user), .failed(let error)),
            (.consume(let room, let user, _, _), .failed(let error)):
            if let participant = participants[key(room, user)] { fail(participant, error) }
        case (_, .failed(let error)): tally.note(error.description)
        default: break
        }
    }

    private func offer(_ producer: String, in room: String, to outbound: [String: String]) {
        for (name, offer) in outbound {
            guard let other = participants[key(room, name)] else { continue }
            attempt(other) { () throws(LoadError) in try subscribe(other, to: producer, offer) }
        }
    }

    private func attempt(_ participant: Participant, _ body: () throws(LoadError) -> Void) {
        do throws(LoadError) { try body() } catch { fail(participant, error) }
    }

    private func fail(_ participant: Participant, _ error: LoadError) {
        tally.note(error.description)
        guard participant.state == .joining else { return }
        participant.state = .failed(error.description)
        tally.failed += 1
    }

    private func publish(_ participant: Participant) throws(LoadError) {
        let connection = try PeerConnection(certificate, host: host)
        session += 1
        let publisher = Publisher(
            connection,
            Publisher.Plan(
                sendsAudio: options.sendsAudio, isDiscontinuous: options.isDiscontinuous, codec: options.codec,
                traces: traces, lossPercent: options.sentLoss, seed: options.seed &+ session))
        participant.publisher = publisher
        senders.append(publisher)
        add(publisher)
        let offer = SessionText.offer(
            connection.local, session: session, sources: publisher.sources, setup: options.driver.offeredSetup)
        post(.produce(room: participant.room, user: participant.name, offer: offer))
    }

    private func subscribe(_ participant: Participant, to producer: String, _ offer: String) throws(LoadError) {
        guard participant.watches, participant.subscriptions[producer] == nil,
            let sources = participants[key(participant.room, producer)]?.publisher?.sources
        else { return }
        let connection = try PeerConnection(certificate, host: host)
        let subscription = try Subscription(
            connection, producer: producer, offer: offer, sources: sources,
            ledger: (participant.path == nil ? tally : slowTally).ledger,
            loss: SimulatedLoss(percent: options.receivedLoss, seed: options.seed &+ session), path: participant.path)
        participant.subscriptions[producer] = subscription
        participant.offers[producer] = offer
        add(subscription)
        session += 1
        let answer = SessionText.answer(to: offer, connection.local, session: session)
        post(.consume(room: participant.room, user: participant.name, producer: producer, answer: answer))
    }

    /// Deletes the rooms; what the server says about it is only waited for.
    private func cleanUp() {
        for client in clients.values { client.connection.close() }
        for number in 0..<options.rooms { post(.deleteRoom("\(roomPrefix)-\(number)")) }
        let limit = now() + 10_000_000
        while pendingCalls > 0, now() < limit {
            pendingCalls -= control.takeResults().count
            usleep(2_000)
        }
        control.end()
    }
}

extension Duration {
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000 &+ attoseconds / 1_000_000_000_000
    }
}
