/// The packets of one producer's stream that can be resent: an index from sequence number to the slot that holds the packet.
///
/// The history owns no bytes. A slot that `insert` or `expired` returns is the caller's to release, everything inserted and not
/// yet returned is held. Bounded by age, packets and bytes; what is oldest leaves first. Allocates at creation only.
package final class PacketHistory {
    package struct Settings: Sendable {
        /// Packets, rounded up to a power of two.
        package var capacity: Int
        package var span: Instant.Span
        package var maximumBytes: Int

        /// For video: a second at up to 19 Mbit/s in packets of 1200 bytes, which is three tries over a round trip of 300 ms.
        /// - Parameter keyframeCache: how long packets are kept for newcomers besides.
        package init(keyframeCache: Instant.Span = .milliseconds(0)) {
            capacity = keyframeCache > .seconds(2) ? 4096 : 2048
            span = max(.seconds(1), keyframeCache)
            maximumBytes = 4 * 1024 * 1024
        }

        /// For audio: a second in packets of 10 ms.
        package static var audio: Settings {
            var settings = Settings()
            settings.capacity = 128
            return settings
        }
    }

    package struct Packet: Equatable, Sendable {
        package let slot: Int32
        package let length: Int32
        package let at: Instant
    }

    private struct Entry {
        var packet: Packet
        var sequence: UInt16
    }

    private let settings: Settings
    /// In the order of insertion, at the counts of `first` ..< `end` modulo the capacity.
    private let entries: UnsafeMutablePointer<Entry>
    /// By sequence number modulo the capacity: the count of the newest entry there.
    private let index: UnsafeMutablePointer<UInt64>
    private let mask: UInt64
    // Counts begin at 1, so that 0 in the index is nobody's.
    private var first: UInt64 = 1
    private var end: UInt64 = 1
    package private(set) var bytes = 0

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        let capacity = powerOfTwo(atLeast: settings.capacity)
        mask = UInt64(capacity - 1)
        entries = .allocate(capacity: capacity)
        index = .allocate(capacity: capacity)
        index.initialize(repeating: 0, count: capacity)
    }

    deinit {
        entries.deallocate()
        index.deallocate()
    }

    package var count: Int { Int(end - first) }

    /// Takes hold of `slot`.
    /// - Returns: a slot to release: the oldest one where the history was full, or `slot` itself where the packet is known already.
    package func insert(_ sequence: UInt16, slot: Int32, length: Int, at now: Instant) -> Int32? {
        guard find(sequence) == nil else { return slot }
        let displaced = end - first > mask ? removeFirst() : nil
        let length = Int32(clamping: max(length, 0))
        (entries + Int(end & mask)).initialize(
            to: Entry(packet: Packet(slot: slot, length: length, at: now), sequence: sequence))
        index[Int(UInt64(sequence) & mask)] = end
        end += 1
        bytes += Int(length)
        return displaced
    }

    /// The packet with this sequence number, if it is still held.
    package func find(_ sequence: UInt16) -> Packet? {
        let number = index[Int(UInt64(sequence) & mask)]
        guard number >= first, number < end else { return nil }
        let entry = entries + Int(number & mask)
        return entry.pointee.sequence == sequence ? entry.pointee.packet : nil
    }

    /// A slot whose packet is too old, or one too many by the bound on bytes. Call until nil, then release each.
    package func expired(at now: Instant) -> Int32? {
        guard first < end else { return nil }
        let oldest = entries[Int(first & mask)].packet
        guard now - oldest.at > settings.span || bytes > settings.maximumBytes else { return nil }
        return removeFirst()
    }

    /// When `expired` has something next; nil while empty.
    package var deadline: Instant? {
        first < end ? entries[Int(first & mask)].packet.at + settings.span + .microseconds(1) : nil
    }

    /// The oldest slot, whatever its age; for emptying the history. Call until nil.
    package func removeFirst() -> Int32? {
        guard first < end else { return nil }
        let packet = entries[Int(first & mask)].packet
        first += 1
        bytes -= Int(packet.length)
        return packet.slot
    }
}
