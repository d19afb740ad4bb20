/// What was decided about the frames of the latest pictures, so that every packet of a frame goes the way of its first one, and that
/// nothing is sent whose references were not.
struct FrameDecisions: Sendable {
    /// By spatial layer, one bit each.
    private struct Record {
        var isKnown: UInt8 = 0
        var isForwarded: UInt8 = 0
        /// The layer was to be the picture's highest.
        var isLast: UInt8 = 0
        var limits = Limits()
    }

    /// Up to which layers a consumer got its pictures at some time.
    struct Limits: Sendable {
        var spatial: UInt8 = 7
        var temporal: UInt8 = 255
    }

    enum Remembered {
        case forwarded, forwardedAsLast, leftOut, unknown
    }

    enum Place {
        /// The number is newer than all before.
        case new
        /// The newest one again.
        case newest
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
    /// - Parameters:
    ///   - isLate: the packet came behind newer ones; a number far behind that does not is a sender that began anew.
    ///   - limits: those in force, which will hold for the frames that are missing now.
    mutating func place(_ layer: PacketLayer, isLate: Bool, limits: Limits) -> Place {
        if isEmpty {
            isEmpty = false
            newest = layer.number
            records[Int(layer.number & Self.mask)] = Record(limits: limits)
            return .new
        }
        let ahead = layer.ahead(of: newest)
        if ahead == 0 { return .newest }
        if ahead < 0, isLate || ahead > -8 { return ahead > -Self.capacity ? .recent : .old }
        if ahead > 0, ahead < Self.capacity {
            for step in 1...UInt16(truncatingIfNeeded: ahead) {
                records[Int((newest &+ step) & Self.mask)] = Record(limits: limits)
            }
        } else {
            for index in records.indices { records[index] = Record(limits: limits) }
        }
        newest = layer.number
        return .new
    }

    /// Whether what was decided about the layer's number is still known.
    func isRecent(_ layer: PacketLayer) -> Bool {
        let ahead = layer.ahead(of: newest)
        return !isEmpty && ahead <= 0 && ahead > -Self.capacity
    }

    /// The limits when the picture should have come.
    func limits(of layer: PacketLayer) -> Limits { records.span[Int(layer.number & Self.mask)].limits }

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
