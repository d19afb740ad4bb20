/// Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): which packets of a
/// transport arrived, and when. Iterating yields every packet that it covers, in order of sequence number.
///
///     |      base sequence number     |      packet status count      |
///     |                 reference time                | fb pkt. count |
///     |          packet chunk         |  ...  | recv delta | ...      |
package struct TransportFeedbackReport: Sequence {
    package let sender: UInt32
    package let media: UInt32
    package let baseSequence: UInt16
    package let statusCount: Int
    /// Arbitrary but constant origin; in multiples of 64 ms, signed 24 bits on the wire.
    package let referenceTime: Instant.Span
    package let feedbackCount: UInt8
    /// How many of the packets arrived.
    package let receivedCount: Int
    private let chunks: UnsafeRawBufferPointer
    private let deltas: UnsafeRawBufferPointer

    /// Whether and when one packet arrived.
    package struct Status: Equatable {
        package let sequence: UInt16
        /// Since the origin of `referenceTime`, in steps of 250 µs; nil: the packet has not arrived.
        package let arrival: Instant.Span?

        package init(sequence: UInt16, arrival: Instant.Span?) {
            self.sequence = sequence
            self.arrival = arrival
        }
    }

    init?(_ body: UnsafeRawBufferPointer) {
        guard let sender = body.uint32(at: 0), let media = body.uint32(at: 4), let base = body.uint16(at: 8),
            let count = body.uint16(at: 10), count > 0, let time = body.uint24(at: 12), let number = body.byte(at: 15)
        else { return nil }
        self.sender = sender
        self.media = media
        baseSequence = base
        statusCount = Int(count)
        referenceTime = .milliseconds(Int64(Int32(bitPattern: time << 8) >> 8) * 64)
        feedbackCount = number

        // The deltas start where the chunks end, which only the chunks themselves tell.
        var offset = 16
        var left = Int(count)
        var received = 0
        var deltaBytes = 0
        while left > 0 {
            guard let word = body.uint16(at: offset) else { return nil }
            offset += 2
            guard let tally = StatusChunk(word).tally(first: left) else { return nil }
            left -= tally.covered
            received += tally.small + tally.large
            deltaBytes += tally.small + 2 * tally.large
        }
        guard let chunks = body.part(at: 16, length: offset - 16),
            let deltas = body.part(at: offset, length: deltaBytes)
        else {
            return nil
        }
        receivedCount = received
        self.chunks = chunks
        self.deltas = deltas
    }

    package func makeIterator() -> Iterator {
        Iterator(chunks: chunks, deltas: deltas, sequence: baseSequence, left: statusCount, time: referenceTime)
    }

    package struct Iterator: IteratorProtocol {
        private let chunks: UnsafeRawBufferPointer
        private let deltas: UnsafeRawBufferPointer
        private var sequence: UInt16
        private var left: Int
        private var time: Instant.Span
        private var chunk = StatusChunk(0)
        private var index = 0
        private var capacity = 0
        private var chunkOffset = 0
        private var deltaOffset = 0

        fileprivate init(
            chunks: UnsafeRawBufferPointer, deltas: UnsafeRawBufferPointer, sequence: UInt16, left: Int,
            time: Instant.Span
        ) {
            self.chunks = chunks
            self.deltas = deltas
            self.sequence = sequence
            self.left = left
            self.time = time
        }

        package mutating func next() -> Status? {
            guard left > 0 else { return nil }
            while index >= capacity {
                guard let word = chunks.uint16(at: chunkOffset) else { return nil }
                chunkOffset += 2
                chunk = StatusChunk(word)
                index = 0
                capacity = chunk.capacity
            }
            let symbol = chunk.symbol(at: index)
            index += 1
            left -= 1
            defer { sequence &+= 1 }
            switch symbol {
            case StatusChunk.small:
                guard let delta = deltas.byte(at: deltaOffset) else { return nil }
                deltaOffset += 1
                time = time + .microseconds(Int64(delta) * 250)
            case StatusChunk.large:
                guard let delta = deltas.uint16(at: deltaOffset) else { return nil }
                deltaOffset += 2
                time = time + .microseconds(Int64(Int16(bitPattern: delta)) * 250)
            default:
                return Status(sequence: sequence, arrival: nil)
            }
            return Status(sequence: sequence, arrival: time)
        }
    }
}

/// A packet status chunk: a run of one symbol, or a vector of 14 one-bit or 7 two-bit symbols.
///
///     |0| S |       run length        |
///     |1|0|     14 × 1 bit            |
///     |1|1|      7 × 2 bits           |
struct StatusChunk {
    static let notReceived: UInt8 = 0
    /// Received, delta in one unsigned byte.
    static let small: UInt8 = 1
    /// Received, delta in two signed bytes.
    static let large: UInt8 = 2

    private let word: UInt16

    init(_ word: UInt16) { self.word = word }

    /// How many packets it covers; those past the packet's status count have no meaning.
    var capacity: Int {
        if word & 0x8000 == 0 { return Int(word & 0x1fff) }
        return word & 0x4000 == 0 ? 14 : 7
    }

    func symbol(at index: Int) -> UInt8 {
        if word & 0x8000 == 0 { return UInt8(truncatingIfNeeded: word >> 13) & 3 }
        if word & 0x4000 == 0 { return UInt8(truncatingIfNeeded: word >> (13 - index)) & 1 }
        return UInt8(truncatingIfNeeded: word >> (12 - 2 * index)) & 3
    }

    /// How its first `limit` symbols divide up; nil where it covers nothing or uses the reserved symbol.
    func tally(first limit: Int) -> (covered: Int, small: Int, large: Int)? {
        let covered = min(capacity, limit)
        guard covered > 0 else { return nil }
        if word & 0x8000 == 0 {
            switch symbol(at: 0) {
            case Self.notReceived: return (covered, 0, 0)
            case Self.small: return (covered, covered, 0)
            case Self.large: return (covered, 0, covered)
            default: return nil
            }
        }
        var small = 0
        var large = 0
        for index in 0..<covered {
            switch symbol(at: index) {
            case Self.notReceived: break
            case Self.small: small += 1
            case Self.large: large += 1
            default: return nil
            }
        }
        return (covered, small, large)
    }
}
