/// What one packet's codec descriptor says of its place among the layers, parsed once when the packet comes in.
///
/// A *picture* is all that bears one RTP timestamp; a *frame* is one spatial layer's part of it. Codecs without spatial layers have
/// one frame a picture. 16 bytes, no references: it travels with the packet.
package struct PacketLayer: Sendable, Equatable {
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// First packet of its frame.
        package static let startsPicture = Flags(rawValue: 1)
        /// Last packet of its frame.
        package static let endsPicture = Flags(rawValue: 2)
        /// First packet of a picture that a decoder can begin with, all layers of it.
        package static let startsKeyframe = Flags(rawValue: 4)
        /// The frame needs no earlier picture of its spatial layer: who decodes the layers below can add this one here.
        package static let allowsSpatialStart = Flags(rawValue: 8)
        /// The frame needs nothing but the lowest temporal layer: its own temporal layer may begin with it.
        package static let allowsTemporalStart = Flags(rawValue: 16)
        /// After this frame the higher temporal layers may begin, all of them.
        package static let opensTemporalLayers = Flags(rawValue: 32)
        /// No other frame needs this one.
        package static let isDiscardable = Flags(rawValue: 64)
        /// The frame needs the spatial layer below in the same picture.
        package static let needsLayerBelow = Flags(rawValue: 128)
        /// `references` names every picture that the frame needs.
        package static let namesReferences = Flags(rawValue: 256)
        /// The frame needs something older than `references` can name.
        package static let hasFarReference = Flags(rawValue: 512)
        /// Receivers take a missing number for a missing picture (VP8): what is left out must not be counted.
        package static let countsEveryPicture = Flags(rawValue: 1024)
        /// Each frame has a number of its own (dependency descriptor), not each picture.
        package static let numbersFrames = Flags(rawValue: 2048)
        /// Part of a picture that a decoder can begin with (not only its first packet).
        package static let isKeyframe = Flags(rawValue: 4096)
    }

    /// Bit n: the frame needs what has the number n + 1 below its own; of the same spatial layer, where numbers are those of pictures.
    package var references: UInt32 = 0
    /// Number of the picture (VP8, VP9) or frame (dependency descriptor), `numberBits` wide.
    package var number: UInt16 = 0
    package var flags: Flags = []
    package var spatial: UInt8 = 0
    package var temporal: UInt8 = 0
    /// Bit n: who decodes up to spatial layer n needs this frame (as far as it takes its temporal layer).
    package var neededBy: UInt8 = 0xff
    /// 7 or 15: in the payload at `numberAt`; 16: in the dependency descriptor; 0: there is no number.
    package var numberBits: UInt8 = 0
    /// From the payload's start; 0: not in the payload.
    package var numberAt: UInt8 = 0
    package var tl0: UInt8 = 0
    /// Where TL0PICIDX stands, from the payload's start; 0: it has none.
    package var tl0At: UInt8 = 0

    /// One layer, nothing to rewrite.
    package init() {}

    /// How far this number is ahead of another one of the same width; negative: behind.
    @inline(__always)
    func ahead(of other: UInt16) -> Int {
        let unused = 16 &- UInt16(min(numberBits, 16))
        return Int(Int16(bitPattern: (number &- other) &<< unused) &>> Int16(bitPattern: unused))
    }

    /// Upper bound of what `rewrite` writes.
    package static let longestRewritten = 16

    /// Writes the payload's beginning with other numbers.
    /// - Parameters:
    ///   - payload: the one that this was read from.
    ///   - scratch: room for `longestRewritten` bytes.
    /// - Returns: how many of the payload's first bytes are replaced by those at `scratch`; 0 where all stay as they are.
    @inline(__always)
    package func rewrite(
        _ payload: UnsafeRawBufferPointer, by offset: PictureOffset, into scratch: UnsafeMutableRawPointer
    ) -> Int {
        guard numberAt | tl0At != 0, offset != PictureOffset() else { return 0 }
        return writeBeginning(payload, offset, scratch)
    }

    @inline(never)
    private func writeBeginning(
        _ payload: UnsafeRawBufferPointer, _ offset: PictureOffset, _ scratch: UnsafeMutableRawPointer
    ) -> Int {
        let numberEnd = numberAt == 0 ? 0 : Int(numberAt) + (numberBits == 15 ? 2 : 1)
        let length = max(numberEnd, tl0At == 0 ? 0 : Int(tl0At) + 1)
        guard length <= Self.longestRewritten, length <= payload.count, let base = payload.baseAddress else { return 0 }
        scratch.copyMemory(from: base, byteCount: length)
        if numberAt != 0 {
            let changed = number &+ offset.id
            if numberBits == 15 {
                scratch.put(changed | 0x8000, at: Int(numberAt))
            } else {
                scratch.put(UInt8(truncatingIfNeeded: changed) & 0x7f, at: Int(numberAt))
            }
        }
        if tl0At != 0 { scratch.put(tl0 &+ offset.tl0, at: Int(tl0At)) }
        return length
    }
}

/// What is added to the numbers in a packet's codec descriptor for one consumer, modulo their width.
package struct PictureOffset: Sendable, Equatable {
    /// To the picture id (VP8, VP9) or the dependency descriptor's frame number.
    package var id: UInt16
    /// To TL0PICIDX.
    package var tl0: UInt8

    package init(id: UInt16 = 0, tl0: UInt8 = 0) {
        self.id = id
        self.tl0 = tl0
    }
}

/// Width and height of a picture in pixels; 0×0 where they are not known.
package struct FrameSize: Sendable, Equatable {
    package var width: UInt16
    package var height: UInt16

    package init(width: UInt16 = 0, height: UInt16 = 0) {
        self.width = width
        self.height = height
    }

    package var isKnown: Bool { width > 0 && height > 0 }
}
