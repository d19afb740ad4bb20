/// Writes packets one after the other into memory of the caller, which must outlive the writer.
///
/// Each method appends one whole packet, or returns false and leaves what has been written as it was: the buffer is full, or the
/// arguments do not fit the format. A compound (RFC 3550 §6.1) starts with a report.
package struct RTCPWriter {
    private let memory: UnsafeMutableRawBufferPointer
    /// Bytes written so far, always a multiple of 4.
    package private(set) var count = 0
    /// Where the report begins that `reportBlock` adds to.
    private var report = -1
    private var reportSender: UInt32 = 0

    private static let maximumBlocks: UInt8 = 31

    package init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    /// What has been written: the front of the caller's memory.
    package var written: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer(rebasing: memory[..<count]))
    }

    package var isEmpty: Bool { count == 0 }

    /// Starts over in the same memory.
    package mutating func clear() {
        count = 0
        report = -1
    }

    /// SR without blocks; add them by `reportBlock`.
    package mutating func senderReport(_ info: SenderInfo) -> Bool {
        guard let packet = begin(RTCPType.senderReport, format: 0, bytes: 28) else { return false }
        packet.put(info.ssrc, at: 4)
        packet.put(info.ntpTime, at: 8)
        packet.put(info.rtpTime, at: 16)
        packet.put(info.packetCount, at: 20)
        packet.put(info.octetCount, at: 24)
        openReport(bytes: 28, sender: info.ssrc)
        return true
    }

    /// RR without blocks; add them by `reportBlock`.
    package mutating func receiverReport(sender: UInt32) -> Bool {
        guard let packet = begin(RTCPType.receiverReport, format: 0, bytes: 8) else { return false }
        packet.put(sender, at: 4)
        openReport(bytes: 8, sender: sender)
        return true
    }

    /// Adds to the report written just before; the 32nd block begins another RR. False also where no report is open.
    package mutating func reportBlock(_ block: ReportBlock) -> Bool {
        guard report >= 0, let base = memory.baseAddress else { return false }
        if (base + report).load(as: UInt8.self) & 0x1f == Self.maximumBlocks {
            let (mark, open) = (count, report)
            guard receiverReport(sender: reportSender) else { return false }
            if reportBlock(block) { return true }
            (count, report) = (mark, open)
            return false
        }
        guard memory.count - count >= ReportBlock.size else { return false }
        let target = base + count
        target.put(block.ssrc, at: 0)
        let lost = UInt32(bitPattern: min(max(block.cumulativeLost, -0x80_0000), 0x7f_ffff)) & 0xff_ffff
        target.put(UInt32(block.fractionLost) << 24 | lost, at: 4)
        target.put(block.highestSequence, at: 8)
        target.put(block.jitter, at: 12)
        target.put(block.lastSenderReport, at: 16)
        target.put(block.delaySinceLastSenderReport, at: 20)
        count += ReportBlock.size
        let first = (base + report).load(as: UInt8.self)
        (base + report).put(first + 1, at: 0)
        (base + report).put(UInt16(truncatingIfNeeded: (count - report) / 4 - 1), at: 2)
        return true
    }

    /// SDES with a CNAME of at most 255 bytes.
    package mutating func sourceDescription(ssrc: UInt32, canonicalName: UnsafeRawBufferPointer) -> Bool {
        guard canonicalName.count <= 255 else { return false }
        let used = 10 + canonicalName.count
        let bytes = (used + 4) & ~3
        guard let packet = begin(RTCPType.sourceDescription, format: 1, bytes: bytes) else { return false }
        packet.put(ssrc, at: 4)
        packet.put(UInt8(1), at: 8)
        packet.put(UInt8(canonicalName.count), at: 9)
        if let name = canonicalName.baseAddress { (packet + 10).copyMemory(from: name, byteCount: canonicalName.count) }
        for offset in used..<bytes { packet.put(UInt8(0), at: offset) }
        commit(bytes)
        return true
    }

    /// SDES with a CNAME; at most 255 bytes of UTF-8.
    package mutating func sourceDescription(ssrc: UInt32, canonicalName: String) -> Bool {
        var name = canonicalName
        return name.withUTF8 { sourceDescription(ssrc: ssrc, canonicalName: UnsafeRawBufferPointer($0)) }
    }

    /// BYE of one source, without a reason.
    package mutating func goodbye(ssrc: UInt32) -> Bool {
        guard let packet = begin(RTCPType.goodbye, format: 1, bytes: 8) else { return false }
        packet.put(ssrc, at: 4)
        commit(8)
        return true
    }

    /// Generic NACK. `sequences` ascend (modulo 2^16); those within 16 of each other share an entry.
    package mutating func nack(sender: UInt32, media: UInt32, sequences: UnsafeBufferPointer<UInt16>) -> Bool {
        guard let first = sequences.first,
            let packet = begin(RTCPType.transportLayerFeedback, format: RTCPFormat.nack, bytes: 16)
        else { return false }
        packet.put(sender, at: 4)
        packet.put(media, at: 8)
        let room = memory.count - count
        var bytes = 16
        var packetID = first
        var mask: UInt16 = 0
        for sequence in sequences.dropFirst() {
            let distance = sequence &- packetID
            if distance == 0 { continue }
            if distance <= 16 {
                mask |= 1 << (distance - 1)
                continue
            }
            packet.put(UInt32(packetID) << 16 | UInt32(mask), at: bytes - 4)
            guard bytes + 4 <= room else { return false }
            bytes += 4
            packetID = sequence
            mask = 0
        }
        packet.put(UInt32(packetID) << 16 | UInt32(mask), at: bytes - 4)
        packet.put(UInt16(truncatingIfNeeded: bytes / 4 - 1), at: 2)
        commit(bytes)
        return true
    }

    /// PLI.
    package mutating func pictureLoss(sender: UInt32, media: UInt32) -> Bool {
        guard let packet = begin(RTCPType.payloadSpecificFeedback, format: RTCPFormat.pictureLoss, bytes: 12) else {
            return false
        }
        packet.put(sender, at: 4)
        packet.put(media, at: 8)
        commit(12)
        return true
    }

    /// FIR to one source. The caller counts `commandNumber` up for each new request, and repeats it in repetitions.
    package mutating func fullIntraRequest(sender: UInt32, media: UInt32, commandNumber: UInt8) -> Bool {
        guard let packet = begin(RTCPType.payloadSpecificFeedback, format: RTCPFormat.fullIntraRequest, bytes: 20)
        else {
            return false
        }
        packet.put(sender, at: 4)
        packet.put(UInt32(0), at: 8)
        packet.put(media, at: 12)
        packet.put(UInt32(commandNumber) << 24, at: 16)
        commit(20)
        return true
    }

    /// REMB over at most 255 sources; `bitrate` in bits per second is rounded down to 18 significant bits.
    package mutating func receiverEstimate(sender: UInt32, bitrate: UInt64, sources: UnsafeBufferPointer<UInt32>)
        -> Bool
    {
        let bytes = 20 + 4 * sources.count
        guard sources.count <= 255,
            let packet = begin(RTCPType.payloadSpecificFeedback, format: RTCPFormat.applicationLayer, bytes: bytes)
        else { return false }
        let exponent = max(0, 64 - 18 - bitrate.leadingZeroBitCount)
        let mantissa = UInt32(truncatingIfNeeded: bitrate >> exponent)
        packet.put(sender, at: 4)
        packet.put(UInt32(0), at: 8)
        packet.put(ReceiverEstimate.identifier, at: 12)
        packet.put(UInt32(sources.count) << 24 | UInt32(exponent) << 18 | mantissa, at: 16)
        for (index, source) in sources.enumerated() { packet.put(source, at: 20 + 4 * index) }
        commit(bytes)
        return true
    }

    /// Writes the header of a packet of `bytes` bytes at the end, or nil where it does not fit. `commit` makes it count.
    mutating func begin(_ type: UInt8, format: UInt8, bytes: Int) -> UnsafeMutableRawPointer? {
        guard bytes <= memory.count - count, let base = memory.baseAddress else { return nil }
        let packet = base + count
        packet.put(0x80 | format, at: 0)
        packet.put(type, at: 1)
        packet.put(UInt16(truncatingIfNeeded: bytes / 4 - 1), at: 2)
        return packet
    }

    mutating func commit(_ bytes: Int) {
        count += bytes
        report = -1
    }

    /// Bytes left in the caller's memory.
    package var room: Int { memory.count - count }

    private mutating func openReport(bytes: Int, sender: UInt32) {
        let start = count
        commit(bytes)
        report = start
        reportSender = sender
    }
}
