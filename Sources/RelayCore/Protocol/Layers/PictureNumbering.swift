/// Keeps one consumer's picture numbers going across changes of source, and VP8's across pictures that are left out.
///
/// A receiver of VP8 takes a missing picture id for a missing picture, which it waits for; one of VP9 finds a picture's references by
/// counting, so that ids of one source must keep their distances; AV1's frame numbers only have to grow.
package struct PictureNumbering: Sendable {
    /// For the packets that come now. `SequenceMap` remembers it for those that are resent.
    package private(set) var offset = PictureOffset()
    /// The source's newest number, forwarded or left out.
    private var newest: UInt16 = 0
    private var hasNewest = false
    /// The last numbers that the consumer got.
    private var sent: UInt16 = 0
    private var sentTL0: UInt8 = 0
    private var hasSent = false

    package init() {}

    /// A source begins or goes on after a pause at this packet: its numbers continue those that were sent.
    /// - Returns: the offset for the packets from here on.
    package mutating func begin(at layer: PacketLayer) -> PictureOffset {
        if hasSent {
            offset = PictureOffset(id: sent &+ 1 &- layer.number, tl0: sentTL0 &+ 1 &- layer.tl0)
        }
        hasNewest = false
        return offset
    }

    /// Notes a packet that is forwarded.
    @inline(__always)
    package mutating func forward(_ layer: PacketLayer) {
        guard layer.numberBits > 0, !hasNewest || layer.number != newest else { return }
        noteForwarded(layer)
    }

    private mutating func noteForwarded(_ layer: PacketLayer) {
        guard isNew(layer) else { return }
        sent = layer.number &+ offset.id
        sentTL0 = layer.tl0 &+ offset.tl0
        hasSent = true
    }

    /// Notes a packet that is left out.
    /// - Returns: the offset for what follows its picture.
    package mutating func leaveOut(_ layer: PacketLayer) -> PictureOffset {
        if layer.numberBits > 0, isNew(layer), layer.flags.contains(.countsEveryPicture) { offset.id &-= 1 }
        return offset
    }

    private mutating func isNew(_ layer: PacketLayer) -> Bool {
        guard hasNewest else {
            hasNewest = true
            newest = layer.number
            return true
        }
        guard layer.ahead(of: newest) > 0 else { return false }
        newest = layer.number
        return true
    }
}
