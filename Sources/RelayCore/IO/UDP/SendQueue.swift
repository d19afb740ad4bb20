internal import CNet
internal import RelayProtocol

/// One socket's outgoing datagrams: written into an arena, joined into runs of equal size for one address, and handed
/// to the kernel in batches (`sendmmsg` with `UDP_SEGMENT`).
final class SendQueue {
    /// Most datagrams in one run; longer ones gain nothing.
    static let maximumRun = 16
    private static let arenaBytes = 192 * 1024

    private(set) var drops: UInt64 = 0
    private(set) var datagrams: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    /// Calls into the kernel.
    private(set) var flushes: UInt64 = 0

    private let descriptor: Int32
    private let arena: UnsafeMutableRawPointer
    private var used = 0
    private let runs: UnsafeMutablePointer<cnet_outbound>
    private var runCount = 0
    private var segmentation: Int32 = 1

    /// The last run still grows.
    private var isOpen = false
    private var openSegments = 0

    init(descriptor: Int32) {
        self.descriptor = descriptor
        arena = .allocate(byteCount: Self.arenaBytes, alignment: 64)
        runs = .allocate(capacity: Int(CNET_SEND_BATCH))
    }

    deinit {
        arena.deallocate()
        runs.deallocate()
    }

    /// Room for one datagram of at most `capacity` bytes, valid until `commit`.
    @inline(__always)
    func reserve(_ capacity: Int) -> UnsafeMutableRawPointer {
        if used + capacity > Self.arenaBytes || (runCount == CNET_SEND_BATCH && !isOpen) { flush() }
        return arena + used
    }

    /// Takes the `length` bytes that the caller wrote where `reserve` pointed, for `address`.
    /// Joins the open run where address and size allow.
    @inline(__always)
    func commit(_ length: Int, to address: Endpoint) {
        datagrams &+= 1
        bytes &+= UInt64(length)
        if isOpen {
            let run = runs + (runCount - 1)
            let segment = Int(run.pointee.segment)
            if openSegments < Self.maximumRun, length <= segment, run.pointee.to.port == address.port,
                run.pointee.to.low == address.low, run.pointee.to.high == address.high
            {
                run.pointee.length += UInt32(length)
                used += length
                openSegments += 1
                // Only the last datagram of a run may be shorter.
                isOpen = length == segment
                return
            }
            isOpen = false
            if runCount == CNET_SEND_BATCH { flushKeeping(length) }
        }
        runs[runCount] = cnet_outbound(
            data: arena + used, length: UInt32(length), segment: UInt16(truncatingIfNeeded: length),
            to: cnet_endpoint(address))
        runCount += 1
        used += length
        isOpen = true
        openSegments = 1
    }

    /// Ends the open run, so that what follows leaves as a message of its own.
    func closeRun() { isOpen = false }

    /// Hands everything to the kernel. What it does not take is dropped and counted: media is not worth waiting for.
    func flush() {
        guard runCount > 0 else { return }
        drops &+= UInt64(cnet_send(descriptor, runs, Int32(runCount), &segmentation))
        flushes &+= 1
        runCount = 0
        used = 0
        isOpen = false
    }

    /// Flushes, keeping the datagram just written behind the committed ones.
    private func flushKeeping(_ length: Int) {
        let datagram = arena + used
        flush()
        arena.copyMemory(from: datagram, byteCount: length)
    }
}
