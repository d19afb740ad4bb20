extension RTCPWriter {
    /// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
    /// - Parameters:
    ///   - referenceTime: in 64 ms; its lowest 24 bits are written.
    ///   - symbols: one a packet from `baseSequence` on: 0 not received, 1 received with a delta of 0…255, 2 with any other delta.
    ///   - deltas: one a packet received, in 250 µs since the one before (the first: since `referenceTime`).
    package mutating func transportFeedback(
        sender: UInt32, media: UInt32, baseSequence: UInt16, referenceTime: UInt32, feedbackCount: UInt8,
        symbols: UnsafeBufferPointer<UInt8>, deltas: UnsafeBufferPointer<Int16>
    ) -> Bool {
        guard !symbols.isEmpty, symbols.count <= 0xffff else { return false }
        let deltaBytes = Self.deltaBytes(symbols)
        // Every chunk but the last covers at least seven packets.
        let longest = Self.feedbackHeader + (symbols.count + 6) / 7 * 2 + deltaBytes + 3
        guard longest <= room,
            let packet = begin(
                RTCPType.transportLayerFeedback, format: RTCPFormat.transportWide, bytes: Self.feedbackHeader)
        else { return false }
        packet.put(sender, at: 4)
        packet.put(media, at: 8)
        packet.put(baseSequence, at: 12)
        packet.put(UInt16(truncatingIfNeeded: symbols.count), at: 14)
        packet.put24(referenceTime & 0xff_ffff, at: 16)
        packet.put(feedbackCount, at: 19)

        var offset = Self.feedbackHeader
        var index = 0
        while index < symbols.count {
            let (chunk, covered) = StatusChunk.encode(UnsafeBufferPointer(rebasing: symbols[index...]))
            packet.put(chunk, at: offset)
            offset += 2
            index += covered
        }
        offset = Self.put(symbols, deltas, to: packet, at: offset)

        let padding = (4 - offset & 3) & 3
        if padding > 0 {
            packet.put(UInt8(0xa0) | RTCPFormat.transportWide, at: 0)
            for index in 0..<padding { packet.put(UInt8(index == padding - 1 ? padding : 0), at: offset + index) }
            offset += padding
        }
        packet.put(UInt16(truncatingIfNeeded: offset / 4 - 1), at: 2)
        commit(offset)
        return true
    }

    /// Bytes before the chunks.
    static let feedbackHeader = 20

    private static func deltaBytes(_ symbols: UnsafeBufferPointer<UInt8>) -> Int {
        var bytes = 0
        for symbol in symbols { bytes += Int(symbol) }
        return bytes
    }

    private static func put(
        _ symbols: UnsafeBufferPointer<UInt8>, _ deltas: UnsafeBufferPointer<Int16>, to packet: UnsafeMutableRawPointer,
        at start: Int
    ) -> Int {
        var offset = start
        var next = 0
        for symbol in symbols where symbol != StatusChunk.notReceived {
            let delta = next < deltas.count ? deltas[next] : 0
            next += 1
            if symbol == StatusChunk.small {
                packet.put(UInt8(truncatingIfNeeded: delta), at: offset)
                offset += 1
            } else {
                packet.put(UInt16(bitPattern: delta), at: offset)
                offset += 2
            }
        }
        return offset
    }
}

extension StatusChunk {
    private static let longestRun = 0x1fff

    /// The chunk for the front of `symbols`, and how many of them it covers: at least seven, or all.
    static func encode(_ symbols: UnsafeBufferPointer<UInt8>) -> (word: UInt16, covered: Int) {
        guard let first = symbols.first else { return (0, 0) }
        var run = 1
        while run < symbols.count, run < longestRun, symbols[run] == first { run += 1 }
        if run == symbols.count || run >= 14 || (run >= 7 && first == large) {
            return (UInt16(first) << 13 | UInt16(run), run)
        }
        let near = symbols.prefix(14)
        if !near.contains(large) {
            var word: UInt16 = 0x8000
            for (index, symbol) in near.enumerated() { word |= UInt16(symbol & 1) << (13 - index) }
            return (word, near.count)
        }
        let few = symbols.prefix(7)
        var word: UInt16 = 0xc000
        for (index, symbol) in few.enumerated() { word |= UInt16(symbol & 3) << (12 - 2 * index) }
        return (word, few.count)
    }
}
