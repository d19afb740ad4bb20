/// Where the newest keyframe of a stream begins in its history, so that who joins late gets a picture at once: the keyframe, and all
/// that came since, instead of a new keyframe that everybody would pay for.
///
/// It holds no packets: the history does, and has to for `span` at least.
package struct KeyframeCache: Sendable {
    /// One tick of a millisecond apart the frames of a replay are decoded, and only the last is looked at.
    package static let step: UInt32 = 90

    private let span: Instant.Span
    private var keyframe: (sequence: UInt16, timestamp: UInt32, at: Instant)?

    /// - Parameter span: how old a keyframe may be to be replayed; 0: none is.
    package init(span: Instant.Span) { self.span = span }

    /// Notes a packet of the stream that a decoder can begin with, not a late one.
    package mutating func keyframeStarts(_ sequence: UInt16, timestamp: UInt32, at now: Instant) {
        // A keyframe may have more than one such packet: parameter sets, then the picture.
        guard span.microseconds > 0, keyframe?.timestamp != timestamp else { return }
        keyframe = (sequence, timestamp, now)
    }

    /// The stream was left or began anew.
    package mutating func forget() { keyframe = nil }

    /// What a newcomer gets before the next packet of the stream: sequence numbers in order, each of which `history` holds.
    ///
    /// Nil where there is no keyframe that is young enough, where something since is missing, or where it is more than the
    /// newcomer's path takes in soon: a new keyframe is better then.
    /// - Parameters:
    ///   - newest: the last packet that has been forwarded to others; what comes next goes to all.
    ///   - maximumBytes: what may be replayed.
    package func replay(
        through newest: UInt16, from history: PacketHistory, maximumBytes: Int, at now: Instant
    ) -> Replay? {
        guard let keyframe, now - keyframe.at <= span else { return nil }
        let count = newest &- keyframe.sequence
        guard count < 0x8000 else { return nil }
        var bytes = 0
        for offset in 0...count {
            guard let packet = history.find(keyframe.sequence &+ offset) else { return nil }
            bytes += Int(packet.length)
            guard bytes <= maximumBytes else { return nil }
        }
        return Replay(sequence: keyframe.sequence, left: Int(count) + 1, bytes: bytes)
    }

    /// The packets of a replay, one after the other.
    package struct Replay: Sequence, IteratorProtocol, Sendable {
        fileprivate var sequence: UInt16
        fileprivate var left: Int
        /// Of all packets, RTP headers included.
        package let bytes: Int
        package var count: Int { left }

        package mutating func next() -> UInt16? {
            guard left > 0 else { return nil }
            left -= 1
            defer { sequence &+= 1 }
            return sequence
        }
    }

    /// Gives a replay's frames timestamps that lie close together, so that a receiver does not play them at the pace at which they were
    /// sent, and be late ever after.
    package struct ReplayClock: Sendable {
        private var newest: UInt32?

        package init() {}

        /// How far behind the packet before this one's timestamp goes; nil where it belongs to the same frame, or is the first.
        package mutating func ticksAfterNewest(_ timestamp: UInt32) -> UInt32? {
            defer { newest = timestamp }
            guard let newest, newest != timestamp else { return nil }
            return Swift.min(timestamp &- newest, KeyframeCache.step)
        }
    }
}
