internal import CNet
internal import COpenSSL
internal import RelayIO

/// Datagrams of one socket on their way to one address: written one after the other, handed to the kernel together.
///
/// They are not joined into segmented sends: what the server receives is to be what separate peers on a network send it.
final class Outbox {
    /// Counts what all streams of a connection send (transport-wide sequence).
    private(set) var transportSequence: UInt16 = 0
    /// What was thrown away on purpose, and what the socket refused.
    private(set) var dropped: UInt64 = 0
    private(set) var refused: UInt64 = 0

    private let sealer: PacketSealer
    private let fd: Int32
    private let target: cnet_endpoint
    private var loss: SimulatedLoss
    private static let slot = 1_536
    private let arena = UnsafeMutableRawPointer.allocate(
        byteCount: Int(CNET_SEND_BATCH) * Outbox.slot, alignment: 64)
    private let runs = UnsafeMutablePointer<cnet_outbound>.allocate(capacity: Int(CNET_SEND_BATCH))
    private var count = 0

    init(sealer: PacketSealer, fd: Int32, to target: cnet_endpoint, loss: SimulatedLoss = SimulatedLoss()) {
        self.sealer = sealer
        self.fd = fd
        self.target = target
        self.loss = loss
    }

    deinit {
        arena.deallocate()
        runs.deallocate()
    }

    /// What a packet is made of.
    struct Packet {
        var header: HeaderTemplate
        var values: HeaderTemplate.Values
        /// 48 bits: the sequence number and how often it came round.
        var index: UInt64
        var stamp: PayloadStamp
        /// Bytes of the payload, head and stamp included, but not an original sequence number.
        var size: Int
    }

    /// Protects a packet and keeps it until `flush`.
    /// - Parameter writeHead: writes what precedes the body, at most `VideoCodec.longestHead` bytes; returns how many.
    /// - Returns: the bytes that leave, or 0.
    func add(_ packet: Packet, writeHead: (UnsafeMutableRawPointer) -> Int) -> Int {
        if count == Int(CNET_SEND_BATCH) { flush() }
        let out = arena + count * Self.slot
        transportSequence &+= 1
        var values = packet.values
        values.transportSequence = transportSequence
        let headerLength = packet.header.write(values, to: out)
        let length = withUnsafeTemporaryAllocation(
            byteCount: VideoCodec.longestHead + PayloadStamp.length, alignment: 8
        ) { memory -> Int? in
            guard let base = memory.baseAddress else { return nil }
            let end = base + VideoCodec.longestHead
            let head = writeHead(base)
            packet.stamp.write(to: end)
            let body = min(max(0, packet.size - head - PayloadStamp.length), 1_300)
            return withUnsafeTemporaryAllocation(of: copenssl_part.self, capacity: 3) { parts in
                parts.initializeElement(at: 0, to: copenssl_part(data: base, length: Int32(head)))
                parts.initializeElement(
                    at: 1, to: copenssl_part(data: PayloadStamp.body(of: packet.stamp.sequence), length: Int32(body)))
                parts.initializeElement(at: 2, to: copenssl_part(data: end, length: Int32(PayloadStamp.length)))
                guard let first = parts.baseAddress else { return nil }
                return sealer.seal(
                    headerLength: headerLength, parts: first, partCount: 3, ssrc: packet.header.ssrc,
                    index: packet.index, out: out)
            }
        }
        guard let length else { return 0 }
        if loss.hits() {
            dropped += 1
        } else {
            runs[count] = cnet_outbound(data: out, length: UInt32(length), segment: 0, to: target)
            count += 1
        }
        return length
    }

    func flush() {
        guard count > 0 else { return }
        var segmentation: Int32 = 1
        refused += UInt64(max(0, cnet_send(fd, runs, Int32(count), &segmentation)))
        count = 0
    }
}
