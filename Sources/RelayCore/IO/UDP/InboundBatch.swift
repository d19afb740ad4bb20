internal import CNet
internal import RelayProtocol

/// One `recvmmsg`'s worth of slots. Each slot belongs to the batch until somebody retains it.
final class InboundBatch {
    private let pool: PacketPool
    private let datagrams: UnsafeMutablePointer<cnet_inbound>
    private let slots: UnsafeMutablePointer<Int32>

    init(pool: PacketPool) {
        self.pool = pool
        datagrams = .allocate(capacity: Int(CNET_RECEIVE_BATCH))
        datagrams.initialize(repeating: cnet_inbound(), count: Int(CNET_RECEIVE_BATCH))
        slots = .allocate(capacity: Int(CNET_RECEIVE_BATCH))
        slots.initialize(repeating: -1, count: Int(CNET_RECEIVE_BATCH))
    }

    deinit {
        datagrams.deallocate()
        slots.deallocate()
    }

    /// Receives up to a batch and calls `body` with each datagram's slot, length and source; a slot that `body` does not
    /// retain is used again.
    /// - Returns: whether the batch was full, so that there may be more.
    func receive(from socket: MediaSocket, _ body: (_ slot: Int32, _ length: Int, _ source: Endpoint) -> Void) -> Bool {
        var capacity = 0
        while capacity < Int(CNET_RECEIVE_BATCH) {
            if slots[capacity] < 0 {
                guard let slot = pool.take() else { break }
                slots[capacity] = slot
                datagrams[capacity].data = pool.memory(slot)
                datagrams[capacity].capacity = UInt32(PacketPool.slotBytes)
            }
            capacity += 1
        }
        guard capacity > 0 else { return false }
        let count = Int(cnet_receive(socket.descriptor, datagrams, Int32(capacity)))
        for index in 0..<count {
            let length = Int(datagrams[index].length)
            if length > 0 { body(slots[index], length, Endpoint(datagrams[index].from)) }
            if !pool.isSole(slots[index]) {
                pool.release(slots[index])
                slots[index] = -1
            }
        }
        return count == capacity
    }
}
