/// DTLS datagrams that wait until media has had its turn.
///
/// A step of a handshake is hundreds of microseconds of arithmetic, a packet to one subscriber about one. Where hundreds
/// of peers join at once, their handshakes would stand in front of everybody's media; so they wait here, and each turn of
/// the loop works off as many as fit into a short time, in the order in which they came.
package struct HandshakeQueue<Owner: Hashable & Sendable>: Sendable {
    /// One datagram that waits.
    package struct Item: Sendable {
        /// Whose handshake it belongs to.
        package var owner: Owner
        /// A copy of all its bytes.
        package var datagram: [UInt8]
    }

    /// What handshakes take of one turn; a step that has begun is finished.
    package static var turn: Instant.Span { .milliseconds(1) }
    /// Datagrams of one owner: more than the longest flight has. What is not taken the peer sends again (RFC 6347,
    /// section 4.2.4).
    package static var maximumPerOwner: Int { 16 }
    /// Datagrams in all.
    package static var maximum: Int { 8_192 }

    /// Places of datagrams that have left are given back this many at a time.
    private static var emptiedAtOnce: Int { 1_024 }

    /// Those before `head` have left.
    private var items: [Item] = []
    private var head = 0
    private var counts: [Owner: Int] = [:]

    /// A queue in which nothing waits.
    package init() {}

    /// Whether nothing waits.
    package var isEmpty: Bool { head == items.count }
    /// How many datagrams wait.
    package var count: Int { items.count - head }
    /// How many places are held, those of datagrams that have left included.
    package var places: Int { items.count }

    /// Takes in a copy of a datagram.
    /// - Returns: false where there is no room for it.
    package mutating func push(_ datagram: UnsafeRawBufferPointer, of owner: Owner) -> Bool {
        guard count < Self.maximum, counts[owner, default: 0] < Self.maximumPerOwner else { return false }
        counts[owner, default: 0] += 1
        items.append(Item(owner: owner, datagram: Array(datagram)))
        return true
    }

    /// The next datagram, as long as the turn that began at `start` has time for it; the first of a turn always has.
    package mutating func next(at now: Instant, turnBegan start: Instant) -> Item? {
        guard head < items.count, now == start || now - start < Self.turn else { return nil }
        let item = items[head]
        items[head].datagram = []
        head += 1
        if let count = counts[item.owner] { counts[item.owner] = count > 1 ? count - 1 : nil }
        if head == items.count {
            // A storm's memory is not kept.
            items.removeAll(keepingCapacity: items.count < 64)
            head = 0
        } else if head >= Self.emptiedAtOnce, head * 2 >= items.count {
            // A queue that never runs empty does not grow with what went through it.
            items.removeFirst(head)
            head = 0
        }
        return item
    }
}
