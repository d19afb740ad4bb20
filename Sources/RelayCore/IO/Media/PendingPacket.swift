internal import RelayProtocol

/// A decrypted packet that waits for its frame's end to be forwarded. Its producer holds a reference to its slot; in a mirror the slot is
/// another worker's, lent until the frame is forwarded and the ring's elements are given back.
struct PendingPacket {
    var slot: Int32
    /// The slot's bytes.
    var memory: UnsafeMutableRawPointer
    var header: PacketHeader
    var fields: ExtensionFields
    /// Bytes behind the header, without padding.
    var payloadLength: Int
    /// What its codec's descriptor says.
    var layer = PacketLayer()
    /// The number of its encoding within the producer.
    var encoding: UInt8 = 0
    /// Where in a RED payload (RFC 2198) the primary block begins; nil where the payload is not RED.
    var primaryOffset: Int?
    /// Bytes of RTP padding to add, so that the packet can share a run with its neighbours.
    var padding: UInt8 = 0
    /// A decoder can begin here.
    var startsKeyframe: Bool
    /// Came behind newer packets of its stream.
    var isLate: Bool
    var continuity = Continuity.plain

    /// How it follows on the packet before it.
    enum Continuity: UInt8 {
        /// As its numbers say.
        case plain
        /// What is missing between was left out on purpose.
        case followsGap
        /// It begins a frame that is replayed to a newcomer, not at the pace at which it was sent.
        case beginsReplayedFrame
    }

    /// The same without a slot: only to be noted as left out.
    var withoutBytes: PendingPacket {
        var copy = self
        copy.slot = -1
        return copy
    }
}

/// Decides on paddings. Browsers split a frame into packets that differ by a byte or two, the larger ones last; only
/// equal ones share a GSO run, so a run is brought to its largest member's size where that costs at most
/// `maximumPadding` bytes a packet.
enum RunPlan {
    static let maximumPadding = 3

    /// Sets the paddings of packets that leave together.
    static func pad(_ packets: UnsafeMutableBufferPointer<PendingPacket>) {
        var start = 0
        while start < packets.count {
            var smallest = packets[start].payloadLength
            var largest = smallest
            var end = start + 1
            while end < packets.count {
                let length = packets[end].payloadLength
                let low = min(smallest, length)
                let high = max(largest, length)
                guard high - low <= maximumPadding else { break }
                smallest = low
                largest = high
                end += 1
            }
            // A shorter last packet ends the run by itself and needs no padding.
            for index in start..<end where index < packets.count - 1 {
                packets[index].padding = UInt8(truncatingIfNeeded: largest - packets[index].payloadLength)
            }
            start = end
        }
    }
}
