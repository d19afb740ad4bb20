import Testing

@testable import Load

@Suite struct SyntheticMediaTests {
    @Test(arguments: [1, 500, 1_168, 1_169, 5_000, 31_250])
    func framesAreCutIntoNearlyEqualPacketsTheLargerOnesLast(size: Int) throws {
        let packets = VideoTrace.split(size)
        let (smallest, largest) = (try #require(packets.min()), try #require(packets.max()))
        #expect(packets.reduce(0, +) == size)
        #expect(largest <= VideoTrace.maximumPayload && largest - smallest <= 1)
        #expect(packets == packets.sorted())
        #expect(packets.count == max(1, (size + VideoTrace.maximumPayload - 1) / VideoTrace.maximumPayload))
    }

    @Test(arguments: [15, 30, 60])
    func aTraceKeepsItsBitrate(framesPerSecond: Int) {
        let trace = VideoTrace(kilobits: 1_500, framesPerSecond: framesPerSecond)
        let bits = trace.frames.reduce(0) { $0 + $1.size } * 8
        #expect(trace.frames.count == 10 * framesPerSecond)
        #expect(abs(Double(bits) / 15_000_000 - 1) < 0.03)
        #expect(trace.frames.filter(\.isKeyframe).count == 1)
    }

    private func payload(_ stamp: PayloadStamp, head: [UInt8] = [], body: Int = 50) -> [UInt8] {
        var bytes = head + Array(UnsafeRawBufferPointer(start: PayloadStamp.body(of: stamp.sequence), count: body))
        bytes += [UInt8](repeating: 0, count: PayloadStamp.length)
        bytes.withUnsafeMutableBytes { memory in
            if let base = memory.baseAddress { stamp.write(to: base + head.count + body) }
        }
        return bytes
    }

    @Test func aStampComesBackAsItWasWritten() {
        let stamp = PayloadStamp(source: 7, sequence: 123_456_789, sentAt: 42)
        let bytes = payload(stamp, head: [1, 2, 3])
        #expect(bytes.withUnsafeBytes { PayloadStamp(payload: $0, head: 3) } == stamp)
    }

    @Test func anyChangedByteIsSeen() {
        let good = payload(PayloadStamp(source: 7, sequence: 99, sentAt: 1_000_000))
        for at in good.indices {
            var bad = good
            bad[at] ^= 0x10
            #expect(bad.withUnsafeBytes { PayloadStamp(payload: $0, head: 0) } == nil, "byte \(at)")
        }
        #expect(good.dropLast().withUnsafeBytes { PayloadStamp(payload: $0, head: 0) } == nil)
        #expect([UInt8](repeating: 0, count: 10).withUnsafeBytes { PayloadStamp(payload: $0, head: 0) } == nil)
    }

    @Test func aChangeOfLayersLosesNothingByItself() {
        let stream = ReceivedStream(codec: nil, ssrc: 1, sources: [7, 8], ledger: LatencyLedger())
        func take(_ source: UInt32, _ sequences: UInt64...) {
            for sequence in sequences {
                payload(PayloadStamp(source: source, sequence: sequence, sentAt: 0)).withUnsafeBytes {
                    stream.take($0, marker: false, isRetransmission: false, at: 1)
                }
            }
        }
        take(7, 10, 11, 13)
        take(8, 500, 501)
        // Late, of the layer before: it fills a gap and changes nothing.
        take(7, 12)
        #expect(stream.lost == 0 && stream.newest?.source == 8 && stream.counts.layerChanges == 1)
        take(8, 503)
        take(7, 900, 902)
        #expect(stream.lost == 2 && stream.newest?.sequence == 902 && stream.counts.layerChanges == 2)
        #expect(stream.counts.duplicated == 0 && stream.counts.corrupted == 0 && stream.counts.packets == 9)
    }

    @Test func lossOrderDuplicatesAndMisroutingAreCounted() {
        let ledger = LatencyLedger()
        let stream = ReceivedStream(codec: nil, ssrc: 1, sources: [7], ledger: ledger)
        func take(_ sequence: UInt64, source: UInt32 = 7, isRetransmission: Bool = false) {
            payload(PayloadStamp(source: source, sequence: sequence, sentAt: 1_000)).withUnsafeBytes {
                stream.take($0, marker: false, isRetransmission: isRetransmission, at: 3_000)
            }
        }
        for sequence: UInt64 in [10, 11, 14, 13, 13, 16] { take(sequence) }
        #expect(stream.lost == 2)
        for _ in 0..<2 { take(15, isRetransmission: true) }
        // It was only late.
        take(15)
        take(17, source: 8)
        take(9)
        #expect(stream.lost == 1)
        #expect(stream.counts.packets == 6 && stream.counts.frames == 6)
        #expect(stream.counts.reordered == 1 && stream.counts.duplicated == 1)
        #expect(stream.counts.recovered == 1 && stream.counts.superfluous == 2 && stream.counts.corrupted == 1)
        // The retransmission says nothing about the way.
        #expect(ledger.whole.count == 5 && ledger.whole.percentile(1) == 2_000)
    }

    @Test func numbersThatNobodySentAreCorruptHoweverWellTheyAreStamped() {
        let ledger = LatencyLedger()
        let stream = ReceivedStream(codec: nil, ssrc: 1, sources: [7], ledger: ledger)
        let stamps: [(sequence: UInt64, sentAt: Int64)] = [
            (0, 5_000), (.max, 5_000), (1 << 40, 5_000), (1, .min), (1, .max), (1, -1 << 41), (2, 5_000),
        ]
        for stamp in stamps {
            payload(PayloadStamp(source: 7, sequence: stamp.sequence, sentAt: stamp.sentAt)).withUnsafeBytes {
                stream.take($0, marker: false, isRetransmission: false, at: 6_000)
            }
        }
        #expect(stream.counts.corrupted == 5 && stream.counts.packets == 2 && stream.lost == 1)
        #expect(ledger.whole.count == 2 && ledger.whole.maximum == 1_000)
    }
}
