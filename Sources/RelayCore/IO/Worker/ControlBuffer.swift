internal import RelayProtocol

/// Memory that RTCP is written into before it is protected.
final class ControlBuffer {
    /// One datagram less what SRTCP adds.
    private static let capacity = 1180
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1280, alignment: 8)

    deinit { memory.deallocate() }

    /// A writer over the whole buffer; what was written before is gone.
    func writer() -> RTCPWriter { RTCPWriter(UnsafeMutableRawBufferPointer(rebasing: memory[0..<Self.capacity])) }
}
