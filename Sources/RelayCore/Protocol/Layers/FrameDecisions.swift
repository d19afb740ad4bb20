/// What was decided about the frames of the latest pictures, so that every packet of a frame goes the way of its first one, and that
/// nothing is sent whose references were not.
struct FrameDecisions: Sendable {
    /// By spatial layer, one bit each.
    private struct Record {
        var isKnown: UInt8 = 0
        var isForwarded: UInt8 = 0
        /// The layer was to be the picture's highest.
        var isLast: UInt8 = 0
    }

    enum Remembered {
        case forwarded, forwardedAsLast, leftOut, unknown
    }

    enum Place {
        /// The number is newer than all before.
        case new
        case recent
        /// Too old to be remembered.
        case old
    }

    static let capacity = 64
    private static let mask: UInt16 = 63

    private var records = InlineArray<64, Record>(repeating: Record())
    private var newest: UInt16 = 0
    private var isEmpty = true

    /// - Parameter allSent: what came before the first number was all forwarded; else nothing of it was.
    init(allSent: Bool) {
        for index in records.indices { records[index] = Record(isKnown: 0xff, isForwarded: allSent ? 0xff : 0) }
    }

    /// Makes room for a layer's number.
    /// - Parameter isLate: the packet came behind newer ones; a number far behind that does not is a sender that began anew.
    mutating func place(_ layer: PacketLayer, isLate: Bool) -> Place {
        if isEmpty {
            isEmpty = false
            newest = layer.number
            records[Int(layer.number & Self.mask)] = Record()
            return .new
        }
        let ahead = layer.ahead(of: newest)
        if ahead > -Self.capacity, ahead <= 0 { return ahead == 0 || isLate || ahead > -8 ? .recent : jump(to: layer) }
        if ahead <= 0, isLate { return .old }
        guard ahead > 0 else { return jump(to: layer) }
        guard ahead < Self.capacity else { return jump(to: layer) }
        for step in 1...UInt16(truncatingIfNeeded: ahead) { records[Int((newest &+ step) & Self.mask)] = Record() }
        newest = layer.number
        return .new
    }

    private mutating func jump(to layer: PacketLayer) -> Place {
        for index in records.indices { records[index] = Record() }
        newest = layer.number
        return .new
    }

    func decision(on layer: PacketLayer) -> Remembered {
        let record = records.span[Int(layer.number & Self.mask)]
        let own = Self.bit(layer.spatial)
        guard record.isKnown & own != 0 else { return .unknown }
        guard record.isForwarded & own != 0 else { return .leftOut }
        return record.isLast & own != 0 ? .forwardedAsLast : .forwarded
    }

    mutating func note(_ layer: PacketLayer, isForwarded: Bool, isLast: Bool) {
        let index = Int(layer.number & Self.mask)
        let own = Self.bit(layer.spatial)
        records[index].isKnown |= own
        if isForwarded { records[index].isForwarded |= own }
        if isLast { records[index].isLast |= own }
    }

    /// Whether the layer below was left out in the same picture.
    func lacksLayerBelow(_ layer: PacketLayer) -> Bool {
        guard layer.spatial > 0 else { return false }
        let record = records.span[Int(layer.number & Self.mask)]
        let below = Self.bit(layer.spatial - 1)
        return record.isKnown & below != 0 && record.isForwarded & below == 0
    }

    /// Whether one of the frames that the layer names as its references was left out. One that never came may still come.
    func lacksReference(_ layer: PacketLayer) -> Bool {
        let own = layer.flags.contains(.numbersFrames) ? 0xff : Self.bit(layer.spatial)
        let records = records.span
        var left = layer.references
        while left != 0 {
            let distance = UInt16(truncatingIfNeeded: left.trailingZeroBitCount) + 1
            left &= left &- 1
            let record = records[Int((layer.number &- distance) & Self.mask)]
            if record.isKnown & own != 0, record.isForwarded & own == 0 { return true }
        }
        return false
    }

    @inline(__always)
    private static func bit(_ spatial: UInt8) -> UInt8 { 1 << (spatial & 7) }
}
