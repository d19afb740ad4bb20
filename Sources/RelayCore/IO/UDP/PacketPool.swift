/// The slots that datagrams are received into and stay in until the last who needs them lets go.
///
/// Slots are counted, not copied: the receive batch, a producer's pending frame, a stream's retransmission history and each
/// element of a ring to another worker hold one reference. Counts are one thread's own: another worker reads what a ring lends it,
/// and neither retains nor releases. Memory is taken in slabs as the load grows and kept.
final class PacketPool {
    /// Bytes of one slot: the largest datagram that is received.
    static let slotBytes = 2048
    private static let slotsPerSlab = 256
    /// 512 MiB of slots: more means that something leaks, and datagrams are dropped instead.
    private static let maximumSlabs = 1024

    private let slabs: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private let references: UnsafeMutablePointer<UnsafeMutablePointer<Int32>>
    private var slabCount = 0
    private let free: UnsafeMutablePointer<Int32>
    private var freeCount = 0

    init() {
        slabs = .allocate(capacity: Self.maximumSlabs)
        references = .allocate(capacity: Self.maximumSlabs)
        free = .allocate(capacity: Self.maximumSlabs * Self.slotsPerSlab)
    }

    deinit {
        for index in 0..<slabCount {
            slabs[index].deallocate()
            references[index].deallocate()
        }
        slabs.deallocate()
        references.deallocate()
        free.deallocate()
    }

    /// Slots that somebody holds.
    var used: Int { slabCount * Self.slotsPerSlab - freeCount }

    /// A slot with one reference, the caller's; nil when the pool is at its limit.
    func take() -> Int32? {
        if freeCount == 0 { grow() }
        guard freeCount > 0 else { return nil }
        freeCount -= 1
        let slot = free[freeCount]
        count(slot).pointee = 1
        return slot
    }

    /// Whether the caller's reference is the only one.
    @inline(__always)
    func isSole(_ slot: Int32) -> Bool { count(slot).pointee == 1 }

    @inline(__always)
    func retain(_ slot: Int32) { count(slot).pointee += 1 }

    @inline(__always)
    func release(_ slot: Int32) {
        let count = count(slot)
        count.pointee -= 1
        if count.pointee == 0 {
            free[freeCount] = slot
            freeCount += 1
        }
    }

    /// The slot's memory, `slotBytes` long, valid while the caller holds a reference.
    @inline(__always)
    func memory(_ slot: Int32) -> UnsafeMutableRawPointer {
        slabs[Int(slot) / Self.slotsPerSlab] + Int(slot) % Self.slotsPerSlab * Self.slotBytes
    }

    @inline(__always)
    private func count(_ slot: Int32) -> UnsafeMutablePointer<Int32> {
        references[Int(slot) / Self.slotsPerSlab] + Int(slot) % Self.slotsPerSlab
    }

    private func grow() {
        guard slabCount < Self.maximumSlabs else { return }
        slabs[slabCount] = .allocate(byteCount: Self.slotsPerSlab * Self.slotBytes, alignment: 64)
        references[slabCount] = .allocate(capacity: Self.slotsPerSlab)
        references[slabCount].initialize(repeating: 0, count: Self.slotsPerSlab)
        let first = Int32(slabCount * Self.slotsPerSlab)
        for offset in (0..<Int32(Self.slotsPerSlab)).reversed() {
            free[freeCount] = first + offset
            freeCount += 1
        }
        slabCount += 1
    }
}
