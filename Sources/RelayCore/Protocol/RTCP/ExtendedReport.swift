/// XR: blocks of more than plain reports say (RFC 3611 §2), of which the two are read by which somebody who only receives measures its
/// round trip.
///
///     |      BT       | type-specific |         block length          |
package struct ExtendedReport {
    /// Block types of RFC 3611.
    enum BlockType {
        static let receiverReferenceTime: UInt8 = 4
        static let delaySinceLastReceiverReport: UInt8 = 5
    }

    package let sender: UInt32
    private let blocks: UnsafeRawBufferPointer

    init?(_ body: UnsafeRawBufferPointer) {
        guard let sender = body.uint32(at: 0), let blocks = body.part(at: 4, length: body.count - 4) else { return nil }
        self.sender = sender
        self.blocks = blocks
    }

    /// When the sender sent this by its own clock, 32.32 seconds since 1900 (RFC 3611 §4.4); nil where it does not say.
    package var referenceTime: UInt64? {
        block(of: BlockType.receiverReferenceTime)?.uint64(at: 0)
    }

    /// The answer to the reference time that `ssrc` sent (RFC 3611 §4.5), in the form of a report's last two fields; nil where
    /// there is none.
    package func answer(to ssrc: UInt32) -> (lastReference: UInt32, delay: UInt32)? {
        guard let answers = block(of: BlockType.delaySinceLastReceiverReport) else { return nil }
        var offset = 0
        while let receiver = answers.uint32(at: offset), let last = answers.uint32(at: offset + 4),
            let delay = answers.uint32(at: offset + 8)
        {
            if receiver == ssrc { return (last, delay) }
            offset += 12
        }
        return nil
    }

    private func block(of type: UInt8) -> UnsafeRawBufferPointer? {
        var offset = 0
        while let found = blocks.byte(at: offset), let words = blocks.uint16(at: offset + 2) {
            if found == type { return blocks.part(at: offset + 4, length: Int(words) * 4) }
            offset += 4 + Int(words) * 4
        }
        return nil
    }
}

extension RTCPWriter {
    /// XR that asks the other side to say how long it held this back, so that the round trip follows (RFC 3611 §4.4).
    /// - Parameter time: of our clock, 32.32 fixed point; only its middle 32 bits come back.
    package mutating func referenceTime(sender: UInt32, time: UInt64) -> Bool {
        guard let packet = begin(RTCPType.extendedReport, format: 0, bytes: 20) else { return false }
        packet.put(sender, at: 4)
        packet.put(ExtendedReport.BlockType.receiverReferenceTime, at: 8)
        packet.put(UInt8(0), at: 9)
        packet.put(UInt16(2), at: 10)
        packet.put(time, at: 12)
        commit(20)
        return true
    }

    /// XR that answers another's reference time (RFC 3611 §4.5).
    /// - Parameters:
    ///   - lastReference: the middle 32 bits of what came.
    ///   - delay: since then, in 1/65536 s.
    package mutating func answer(sender: UInt32, to receiver: UInt32, lastReference: UInt32, delay: UInt32) -> Bool {
        guard let packet = begin(RTCPType.extendedReport, format: 0, bytes: 24) else { return false }
        packet.put(sender, at: 4)
        packet.put(ExtendedReport.BlockType.delaySinceLastReceiverReport, at: 8)
        packet.put(UInt8(0), at: 9)
        packet.put(UInt16(3), at: 10)
        packet.put(receiver, at: 12)
        packet.put(lastReference, at: 16)
        packet.put(delay, at: 20)
        commit(24)
        return true
    }
}
