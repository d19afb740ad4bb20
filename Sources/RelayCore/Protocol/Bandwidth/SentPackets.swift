/// What left over one transport, by transport-wide sequence number, until the peer reports about it.
///
/// A ring of 16-byte entries: recording stores one of them. It begins small and doubles, up to `maximumCapacity`, where packets
/// younger than `span` would be forgotten without having been reported; after that it allocates no more.
package final class SentPackets {
    package static let initialCapacity = 128
    package static let maximumCapacity = 8_192
    /// Reports later than this are not waited for.
    package static let span = Instant.Span.seconds(2)

    enum State: UInt8 {
        case unused
        case outstanding
        /// Reported as not received; it may still turn out to have been late.
        case lost
        case received
    }

    struct Entry {
        var at: Instant
        var bytes: UInt16
        var sequence: UInt16
        /// Probe cluster that it belongs to; 0: none.
        var cluster: UInt16
        var state: State

        static let unused = Entry(at: .zero, bytes: 0, sequence: 0, cluster: 0, state: .unused)
    }

    private var entries: UnsafeMutablePointer<Entry>
    private var mask: Int
    /// Ever recorded.
    package private(set) var bytes: UInt64 = 0
    /// When the latest one left.
    package private(set) var lastAt = Instant.zero
    /// When the latest one that belongs to a probe left.
    package private(set) var lastProbeAt: Instant?
    /// Pushed out of the ring before anything was reported about them.
    package private(set) var forgotten: UInt64 = 0

    package init() {
        mask = Self.initialCapacity - 1
        entries = .allocate(capacity: Self.initialCapacity)
        entries.initialize(repeating: .unused, count: Self.initialCapacity)
    }

    deinit { entries.deallocate() }

    package var capacity: Int { mask + 1 }

    /// Notes a packet that leaves now.
    /// - Parameters:
    ///   - bytes: the whole datagram.
    ///   - cluster: the probe cluster that it was sent for, or 0.
    package func record(_ sequence: UInt16, bytes: Int, at now: Instant, cluster: UInt16 = 0) {
        if entries[Int(sequence) & mask].state == .outstanding { makeRoom(for: sequence, at: now) }
        entries[Int(sequence) & mask] = Entry(
            at: now, bytes: UInt16(truncatingIfNeeded: bytes), sequence: sequence, cluster: cluster,
            state: .outstanding)
        self.bytes &+= UInt64(truncatingIfNeeded: bytes)
        lastAt = now
        if cluster != 0 { lastProbeAt = now }
    }

    /// Counts a packet that nothing will be reported about.
    package func count(bytes: Int) { self.bytes &+= UInt64(truncatingIfNeeded: bytes) }

    /// The packet of that number that is still waited for or was believed lost; nil where there is none.
    /// What is returned has been marked by what was reported about it, unless it was reported lost a second time.
    func report(_ sequence: UInt16, isReceived: Bool) -> (packet: Entry, wasLost: Bool)? {
        let entry = entries + (Int(sequence) & mask)
        guard entry.pointee.sequence == sequence else { return nil }
        switch entry.pointee.state {
        case .unused, .received: return nil
        case .lost where !isReceived: return nil
        case .lost:
            entry.pointee.state = .received
            return (entry.pointee, true)
        case .outstanding:
            entry.pointee.state = isReceived ? .received : .lost
            return (entry.pointee, false)
        }
    }

    private func makeRoom(for sequence: UInt16, at now: Instant) {
        while capacity < Self.maximumCapacity {
            let displaced = entries[Int(sequence) & mask]
            guard displaced.state == .outstanding, now - displaced.at < Self.span else { break }
            grow()
        }
        if entries[Int(sequence) & mask].state == .outstanding { forgotten &+= 1 }
    }

    private func grow() {
        let old = UnsafeMutableBufferPointer(start: entries, count: capacity)
        let doubled = capacity * 2
        entries = .allocate(capacity: doubled)
        entries.initialize(repeating: .unused, count: doubled)
        mask = doubled - 1
        for entry in old where entry.state != .unused { entries[Int(entry.sequence) & mask] = entry }
        old.deallocate()
    }
}
