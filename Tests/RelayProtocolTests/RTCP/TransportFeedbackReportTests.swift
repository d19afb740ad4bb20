import RelayProtocol
import TestSupport
import Testing

struct TransportFeedbackReportTests {
    private func statuses(_ bytes: [UInt8]) -> [TransportFeedbackReport.Status]? {
        var found: [TransportFeedbackReport.Status]?
        let malformed = readRTCP(bytes) { if case .transportFeedback(let report) = $0 { found = Array(report) } }
        return malformed ? nil : found
    }

    /// Worked out by hand: the one-bit vector 0 11111 000 111 00 (the draft's example), the two-bit vector 01 10 00 00 00 00 00, a
    /// run of three.
    @Test func readsAllThreeKindsOfChunks() {
        let bytes: [UInt8] = [
            0x8f, 205, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2,
            0xff, 0xfe, 0, 24, 0xff, 0xff, 0xff, 7,
            0x9f, 0x1c, 0xd8, 0x00, 0x20, 0x03,
            4, 1, 1, 1, 1, 2, 2, 2, 3, 0xff, 0xfc, 5, 6, 7,
        ]
        let found = statuses(bytes)
        let ticks: [Int?] = [
            nil, 4, 5, 6, 7, 8, nil, nil, nil, 10, 12, 14, nil, nil, 17, 13, nil, nil, nil, nil, nil, 18, 24, 31,
        ]
        let expected = ticks.enumerated().map { index, tick in
            TransportFeedbackReport.Status(
                sequence: 65_534 &+ UInt16(index), arrival: tick.map { .microseconds(-64_000 + Int64($0) * 250) })
        }
        #expect(found == expected)
    }

    @Test func aRunMayCoverThousandsOfLostPackets() {
        let bytes: [UInt8] = [
            0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0x20, 0, 0, 0, 0, 0, 0x1f, 0xff, 0x20, 0x01, 9, 0, 0, 0,
        ]
        let found = statuses(bytes)
        #expect(found?.count == 0x2000)
        #expect(found?.filter { $0.arrival != nil }.map(\.sequence) == [0x1fff])
    }

    @Test(
        arguments: [
            // no packets at all
            [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            // a run that covers nothing
            [0, 1, 0, 1, 0, 0, 0, 0, 0x20, 0, 0, 0],
            // the reserved symbol
            [0, 1, 0, 1, 0, 0, 0, 0, 0x60, 1, 0, 0],
            // deltas missing
            [0, 1, 0, 9, 0, 0, 0, 0, 0x20, 9, 0, 0],
            // chunks missing
            [0, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0, 1],
        ] as [[UInt8]])
    func refusesFeedbackThatContradictsItself(body: [UInt8]) {
        #expect(statuses([0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2] + body) == nil)
    }

    private func write(_ symbols: [UInt8], _ deltas: [Int16], base: UInt16 = 5, capacity: Int = 1500) -> [UInt8] {
        writtenRTCP(capacity: capacity) { writer in
            symbols.withUnsafeBufferPointer { symbols in
                deltas.withUnsafeBufferPointer { deltas in
                    _ = writer.transportFeedback(
                        sender: 1, media: 2, baseSequence: base, referenceTime: 3, feedbackCount: 9, symbols: symbols,
                        deltas: deltas)
                }
            }
        }
    }

    @Test func writesTheBytesOfAWorkedOutExample() {
        // Seven packets, the third lost, the fourth early: one two-bit vector 01 01 00 10 01 01 01.
        #expect(
            write([1, 1, 0, 2, 1, 1, 1], [1, 2, -3, 4, 5, 6]) == [
                0xaf, 205, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 5, 0, 7, 0, 0, 3, 9,
                0xd4, 0x95, 1, 2, 0xff, 0xfd, 4, 5, 6, 0, 0, 3,
            ])
        // Fifteen in a row: a run. Then none large within fourteen: a one-bit vector.
        #expect(
            write([UInt8](repeating: 1, count: 15) + [0, 1], [Int16](repeating: 0, count: 16)).prefix(24)
                == [0x8f, 205, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 5, 0, 17, 0, 0, 3, 9, 0x20, 15, 0x90, 0])
    }

    @Test func whateverIsWrittenIsReadBack() {
        var random = SeededRandom(seed: 5)
        for round in 0..<2_000 {
            let count = Int.random(in: 1...300, using: &random)
            let lossy = round % 3
            var symbols: [UInt8] = []
            var deltas: [Int16] = []
            var symbol: UInt8 = 1
            while symbols.count < count {
                if Int.random(in: 0..<[40, 6, 2][lossy], using: &random) == 0 {
                    symbol = UInt8.random(in: 0...2, using: &random)
                }
                symbols.append(symbol)
                if symbol == 1 { deltas.append(Int16.random(in: 0...255, using: &random)) }
                if symbol == 2 { deltas.append(Int16.random(in: -3000...3000, using: &random)) }
            }
            let base = UInt16.random(in: 0...UInt16.max, using: &random)
            var time: Int64 = 3 * 64_000
            var next = 0
            let expected = symbols.enumerated().map { index, symbol in
                guard symbol != 0 else {
                    return TransportFeedbackReport.Status(sequence: base &+ UInt16(index), arrival: nil)
                }
                time += Int64(deltas[next]) * 250
                next += 1
                return .init(sequence: base &+ UInt16(index), arrival: .microseconds(time))
            }
            #expect(statuses(write(symbols, deltas, base: base)) == expected)
        }
    }

    @Test func writesNothingWhereItDoesNotFit() {
        for capacity in 0..<60 {
            let bytes = write([UInt8](repeating: 1, count: 30), [Int16](repeating: 1, count: 30), capacity: capacity)
            #expect(bytes.isEmpty)
        }
        #expect(!write([UInt8](repeating: 1, count: 30), [Int16](repeating: 1, count: 30), capacity: 64).isEmpty)
    }
}
