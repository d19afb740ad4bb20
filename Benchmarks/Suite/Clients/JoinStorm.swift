import CBench
import Foundation
import Load
import RelayIO
import Synchronization

/// Many subscribers who come at once: first everybody's calls, then everybody's handshake at the same moment.
final class JoinStorm: Sendable {
    /// What the storm was like. Times are microseconds of the monotonic clock.
    struct Result: Sendable {
        var calls = LatencyHistogram()
        /// From the first check of each to its keys.
        var handshakes = LatencyHistogram()
        var callsBegan: Int64 = 0
        var handshakesBegan: Int64 = 0
        var ended: Int64 = 0
        /// Nanoseconds of the server's processor time at the three points.
        var serverTime: [Int64] = []
        /// Of the thread that played the subscribers.
        var ownTime: Int64 = 0
    }

    private let outcome = Mutex<Swift.Result<Result, BenchmarkError>?>(nil)

    var isFinished: Bool { outcome.withLock { $0 != nil } }

    func result() throws -> Result {
        guard let outcome = outcome.withLock({ $0 }) else { throw BenchmarkError("the storm is not over") }
        return try outcome.get()
    }

    /// Begins on a thread of its own, which gives way to the others of this process.
    /// - Parameter rooms: each with a producer of the name `publisher`.
    func begin(_ count: Int, rooms: [String], port: UInt16, server: ProcessMeter) {
        Thread.detachNewThread { [self] in
            cbench_give_way()
            do {
                let result = try Self.run(count, rooms, port, server)
                outcome.withLock { $0 = .success(result) }
            } catch {
                outcome.withLock { $0 = .failure(BenchmarkError("the storm: \(error)")) }
            }
        }
    }

    private static func run(_ count: Int, _ rooms: [String], _ port: UInt16, _ server: ProcessMeter) throws -> Result {
        let api = try MediaServerAPI(port: port)
        let certificate = try Certificate()
        let loop = try ClientLoop()
        var result = Result()
        func note() throws -> Int64 {
            guard let time = server.processorTime else { throw BenchmarkError("the server has ended") }
            result.serverTime.append(time)
            return now()
        }
        var waiting: [(peer: Peer, remote: SessionText.Remote)] = []
        let ownBefore = cbench_thread_time()
        result.callsBegan = try note()
        for number in 0..<count {
            let room = rooms[number % rooms.count]
            let user = "storm-\(number)"
            let peer = try Peer(certificate)
            var start = now()
            let offers = try api.join(user, room: room)
            result.calls.add(now() - start)
            guard let offer = offers["publisher"] else { throw BenchmarkError("nobody was offered to \(user)") }
            let answer = SessionText.answer(to: offer, peer.connection.local, session: UInt64(number) + 1)
            start = now()
            try api.consume(user, room: room, producer: "publisher", answer: answer)
            result.calls.add(now() - start)
            waiting.append((peer, try SessionText.remote(offer)))
        }
        result.handshakesBegan = try note()
        for (peer, remote) in waiting {
            try peer.connection.connect(to: remote)
            loop.add(peer)
        }
        var left = waiting.map(\.peer)
        loop.run(until: now() + 30_000_000) {
            let time = now()
            left.removeAll { peer in
                guard peer.connection.state == .connected else { return false }
                result.handshakes.add(time - result.handshakesBegan)
                return true
            }
            return left.isEmpty
        }
        result.ended = try note()
        result.ownTime = Int64(cbench_thread_time() - ownBefore)
        if let peer = left.first {
            throw BenchmarkError("\(left.count) not connected, one is \(peer.connection.state)")
        }
        return result
    }
}
