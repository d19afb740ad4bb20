/// Packets in the order in which they came, with the times. A ring that doubles when it is full and never shrinks; it takes no
/// memory before its first packet, which most pacers never see.
struct PacketQueue {
    struct Element {
        var packet: PacedPacket
        var queuedAt: Instant
    }

    private var elements: [Element?] = []
    private var first = 0
    private(set) var count = 0
    private(set) var bytes = 0

    var isEmpty: Bool { count == 0 }
    var oldest: Element? { count > 0 ? elements[first] : nil }

    mutating func append(_ packet: PacedPacket, at now: Instant) {
        if count == elements.count { grow() }
        elements[(first + count) & (elements.count - 1)] = Element(packet: packet, queuedAt: now)
        count += 1
        bytes += Int(packet.bytes)
    }

    mutating func removeFirst() -> Element? {
        guard count > 0, let element = elements[first] else { return nil }
        elements[first] = nil
        first = (first + 1) & (elements.count - 1)
        count -= 1
        bytes -= Int(element.packet.bytes)
        return element
    }

    /// Takes out what `isUnwanted` says, oldest first, and hands it to `take`.
    mutating func remove(where isUnwanted: (PacedPacket) -> Bool, take: (PacedPacket) -> Void) {
        for _ in 0..<count {
            guard let element = removeFirst() else { return }
            if isUnwanted(element.packet) {
                take(element.packet)
            } else {
                append(element.packet, at: element.queuedAt)
            }
        }
    }

    func forEach(_ body: (PacedPacket) -> Void) {
        for index in 0..<count {
            if let element = elements[(first + index) & (elements.count - 1)] { body(element.packet) }
        }
    }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(elements.count * 2, 32))
        for index in 0..<count { larger.append(elements[(first + index) & (elements.count - 1)]) }
        while larger.count < max(elements.count * 2, 32) { larger.append(nil) }
        elements = larger
        first = 0
    }
}
