/// What one stream has waiting in a pacer, and its turn among the others: each takes about a burst's worth in turn (deficit round
/// robin), so that a large picture of one does not hold up the small ones of the rest.
struct StreamQueue {
    /// Bytes a turn: some packets of one stream together, which then leave as one message to the socket.
    private static let quantum = 4_800

    let stream: UInt32
    private(set) var packets = PacketQueue()
    /// A keyframe of it has been sent in part.
    private(set) var isWithinKeyframe = false
    private var allowance = 0

    init(stream: UInt32) { self.stream = stream }

    var isEmpty: Bool { packets.isEmpty }

    /// The frame at the front, perhaps sent in part, is a keyframe.
    var beginsWithKeyframe: Bool { isWithinKeyframe || packets.oldest?.packet.startsKeyframe ?? false }

    mutating func append(_ packet: PacedPacket, at now: Instant) { packets.append(packet, at: now) }

    /// Its turn begins.
    mutating func beginTurn() { allowance += Self.quantum }

    /// The next packet, as long as it is the stream's turn.
    mutating func take() -> PacedPacket? {
        guard let oldest = packets.oldest else {
            allowance = 0
            return nil
        }
        guard allowance >= Int(oldest.packet.bytes), let packet = packets.removeFirst()?.packet else { return nil }
        allowance -= Int(packet.bytes)
        if packet.startsKeyframe { isWithinKeyframe = true }
        if packet.endsFrame { isWithinKeyframe = false }
        return packet
    }

    /// Gives up what comes before the last keyframe that waits; all, where there is none or where it is at the front already.
    /// - Returns: the keyframe's first packet, if one is left to go on with.
    mutating func cut(_ take: (PacedPacket) -> Void) -> PacedPacket? {
        var seen = 0
        var before = 0
        var isWithin = isWithinKeyframe
        packets.forEach { packet in
            // Parameter sets start a keyframe as well as the picture behind them, which is nothing without them.
            if packet.startsKeyframe, !isWithin {
                before = seen
                isWithin = true
            }
            if packet.endsFrame { isWithin = false }
            seen += 1
        }
        let count = before > 0 ? before : seen
        for _ in 0..<count { if let packet = packets.removeFirst()?.packet { take(packet) } }
        isWithinKeyframe = false
        return packets.oldest?.packet
    }

    mutating func removeAll(_ take: (PacedPacket) -> Void) {
        while let packet = packets.removeFirst()?.packet { take(packet) }
    }
}
