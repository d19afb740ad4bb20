/// An input's packets that have not been played, in the order of their time. At most 32; their memory is used again and again.
struct WaitingPackets: ~Copyable {
    /// Payloads longer than this are nobody's.
    static let longestPayload = 1_500
    static let capacity = 32

    struct Packet {
        /// Unwrapped.
        var sequence: Int64
        /// Of its first sample, on the input's clock, unwrapped, in samples of 48 kHz.
        var time: Int64
        /// Samples of 48 kHz.
        var duration: Int
        /// −dBov as the packet said, 127 at most; nil where it did not.
        var level: UInt8?
        /// It says that there is nothing to hear.
        var isSilence: Bool

        var end: Int64 { time &+ Int64(duration) }
    }

    enum Insertion {
        case kept, duplicate
        /// Kept, and the oldest given up for it.
        case overflowed
    }

    private struct Kept {
        var packet: Packet
        var memory: UnsafeMutableRawBufferPointer
        var length: Int
    }

    private var packets: ContiguousArray<Kept> = []
    private var spare: ContiguousArray<UnsafeMutableRawBufferPointer> = []

    deinit {
        for packet in packets { packet.memory.deallocate() }
        for memory in spare { memory.deallocate() }
    }

    var count: Int { packets.count }
    var first: Packet? { packets.first?.packet }

    /// Copies the payload.
    mutating func insert(_ packet: Packet, _ payload: UnsafeRawBufferPointer) -> Insertion {
        var place = packets.count
        while place > 0, packets[place - 1].packet.time > packet.time { place -= 1 }
        for other in packets where other.packet.sequence == packet.sequence || other.packet.time == packet.time {
            return .duplicate
        }
        var result = Insertion.kept
        if packets.count == Self.capacity {
            removeFirst()
            place = max(place - 1, 0)
            result = .overflowed
        }
        let memory = memory(for: payload.count)
        memory.copyMemory(from: payload)
        packets.insert(Kept(packet: packet, memory: memory, length: payload.count), at: place)
        return result
    }

    mutating func removeFirst() {
        guard !packets.isEmpty else { return }
        spare.append(packets.removeFirst().memory)
    }

    mutating func removeAll() { while !packets.isEmpty { removeFirst() } }

    /// The first packet's bytes, while the body runs.
    func withFirst<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        packets.first.map { body(UnsafeRawBufferPointer(rebasing: $0.memory[..<$0.length])) }
    }

    private mutating func memory(for length: Int) -> UnsafeMutableRawBufferPointer {
        let wanted = max((length + 255) & ~255, 256)
        if let memory = spare.popLast() {
            if memory.count >= wanted { return memory }
            memory.deallocate()
        }
        return .allocate(byteCount: wanted, alignment: 16)
    }
}
