/// A slow way to one participant: datagrams of all its connections pass one after the other at the path's rate and wait meanwhile,
/// and what finds the queue full is lost, as at a narrow link's router.
///
/// Times are in microseconds of whatever clock the caller uses; it hands each datagram over when it is through.
final class SimulatedPath {
    /// What a datagram is on the way besides its bytes: headers of UDP and IPv4.
    private static let overhead = 28

    private struct Waiting {
        let through: Int64
        unowned let client: any MediaClient
        let bytes: [UInt8]
    }

    private let bitsPerSecond: Int64
    private let longestWait: Int64
    /// When the last datagram taken will be through.
    private var freeAt: Int64 = 0
    private var queue: [Waiting] = []
    private var first = 0
    /// Found the queue full.
    private(set) var dropped: UInt64 = 0

    /// - Parameter longestWait: microseconds; what would wait longer is lost.
    init(bitsPerSecond: Int, longestWait: Int64 = 200_000) {
        self.bitsPerSecond = Int64(max(bitsPerSecond, 1_000))
        self.longestWait = longestWait
    }

    /// When a datagram of `count` bytes that comes at `time` is through; nil: the queue is full, it is lost.
    func admit(_ count: Int, at time: Int64) -> Int64? {
        let start = max(freeAt, time)
        guard start - time <= longestWait else {
            dropped += 1
            return nil
        }
        freeAt = start + Int64(count + Self.overhead) * 8_000_000 / bitsPerSecond
        return freeAt
    }

    /// Takes a datagram for `client`, whose bytes are copied.
    func enter(_ datagram: UnsafeMutableRawBufferPointer, for client: any MediaClient, at time: Int64) {
        guard let through = admit(datagram.count, at: time) else { return }
        queue.append(Waiting(through: through, client: client, bytes: Array(datagram)))
    }

    /// When the next datagram is through; nil where none is under way.
    var deadline: Int64? { first < queue.count ? queue[first].through : nil }

    /// Hands over everything that is through by `time`, with the moment at which it was.
    func deliver(until time: Int64) {
        while first < queue.count, queue[first].through <= time {
            let waiting = queue[first]
            first += 1
            var bytes = waiting.bytes
            bytes.withUnsafeMutableBytes { waiting.client.takeOpenable($0, at: waiting.through) }
        }
        guard first > 0, first == queue.count || first > 1_000 else { return }
        queue.removeFirst(first)
        first = 0
    }

    /// Forgets what is under way to a client that goes.
    func forget(_ client: any MediaClient) {
        queue.removeSubrange(..<first)
        first = 0
        queue.removeAll { $0.client === client }
    }
}

/// So many subscribers of each room are behind slow paths.
package struct SlowPaths: Sendable, Equatable {
    package var count: Int
    package var bitsPerSecond: Int

    /// - Parameter text: `COUNT:BITRATE`, as `1:300k`.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]), (0...5_000).contains(count),
            let rate = LoadFlag.bitrate(String(parts[1])), rate > 0
        else { return nil }
        self.count = count
        bitsPerSecond = rate
    }
}
