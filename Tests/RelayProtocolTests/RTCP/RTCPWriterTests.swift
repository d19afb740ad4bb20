import RelayProtocol
import TestSupport
import Testing

struct RTCPWriterTests {
    private func nack(_ sequences: [UInt16], capacity: Int = 1500) -> [UInt8] {
        writtenRTCP(capacity: capacity) { writer in
            _ = sequences.withUnsafeBufferPointer { writer.nack(sender: 1, media: 2, sequences: $0) }
        }
    }

    @Test func packsSequenceNumbersWithinSixteenIntoOneEntry() {
        #expect(
            nack([65_530, 65_531, 10, 11, 300]) == [
                0x81, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xfa, 0x80, 0x01, 0, 11, 0, 0, 1, 44, 0, 0,
            ])
    }

    @Test func nacksComeBackAsTheyWereWritten() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<500 {
            var sequence = UInt16.random(in: 0...UInt16.max, using: &random)
            let sequences = (0..<Int.random(in: 1...240, using: &random)).map { _ in
                sequence &+= UInt16.random(in: 1...40, using: &random)
                return sequence
            }
            var back: [UInt16] = []
            let malformed = readRTCP(nack(sequences)) { if case .nack(let nack) = $0 { back += nack } }
            #expect(!malformed)
            #expect(back == sequences)
        }
    }

    @Test func everyPacketThatIsWrittenCanBeRead() {
        var kinds: [String] = []
        let malformed = readRTCP(RTCPReaderTests.oneOfEach()) { packet in
            switch packet {
            case .senderReport(let report): kinds.append("SR\(Array(report.blocks).count)")
            case .receiverReport(let report): kinds.append("RR\(Array(report.blocks).count)")
            case .sourceDescription(let description):
                for source in description { kinds.append(String(decoding: source.canonicalName, as: UTF8.self)) }
            case .nack(let nack): kinds.append("NACK\(Array(nack))")
            case .pictureLoss(let loss): kinds.append("PLI\(loss.media)")
            case .fullIntraRequest(let request): for entry in request { kinds.append("FIR\(entry.ssrc)") }
            case .receiverEstimate(let estimate): kinds.append("REMB\(estimate.bitrate)\(Array(estimate.sources))")
            case .goodbye(let goodbye): kinds.append("BYE\(Array(goodbye))")
            case .transportFeedback(let report): kinds.append("TWCC\(report.receivedCount)")
            case .extendedReport(let report):
                if let time = report.referenceTime { kinds.append("XR\(time)") }
                if let answer = report.answer(to: 9) { kinds.append("XR\(answer.lastReference) \(answer.delay)") }
            case .other: kinds.append("?")
            }
        }
        #expect(!malformed)
        #expect(
            kinds == [
                "SR1", "RR1", "somebody", "NACK[1, 5, 90, 1000]", "PLI2", "FIR2", "REMB2000000[2, 3]", "BYE[1]",
                "XR72623859790382856", "XR50595078 77", "TWCC6",
            ])
    }

    @Test func extendedReportsHaveTheFormOfTheirSpecification() {
        #expect(
            writtenRTCP { _ = $0.referenceTime(sender: 1, time: 0x0102_0304_0506_0708) }
                == [0x80, 207, 0, 4, 0, 0, 0, 1, 4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8])
        // An answer to several, behind a block that nobody knows here.
        let bytes: [UInt8] = [
            0x80, 207, 0, 10, 0, 0, 0, 1, 99, 0, 0, 1, 0, 0, 0, 0,
            5, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 17, 0, 0, 0, 18, 0, 0, 0, 19,
        ]
        var answers: [UInt32] = []
        let malformed = readRTCP(bytes) { packet in
            guard case .extendedReport(let report) = packet else { return }
            for ssrc: UInt32 in [7, 17, 1] {
                if let answer = report.answer(to: ssrc) { answers += [answer.lastReference, answer.delay] }
            }
        }
        #expect(!malformed)
        #expect(answers == [8, 9, 18, 19])
    }

    @Test func moreThan31BlocksContinueInAnotherReport() {
        var counts: [Int] = []
        var sources: [UInt32] = []
        let bytes = writtenRTCP { writer in
            _ = writer.receiverReport(sender: 77)
            for ssrc in 0..<40 {
                _ = writer.reportBlock(
                    ReportBlock(
                        ssrc: UInt32(ssrc), fractionLost: 0, cumulativeLost: -0x900_0000, highestSequence: 0, jitter: 0,
                        lastSenderReport: 0, delaySinceLastSenderReport: 0))
            }
        }
        let malformed = readRTCP(bytes) { packet in
            guard case .receiverReport(let report) = packet else { return }
            #expect(report.ssrc == 77)
            counts.append(Array(report.blocks).count)
            for block in report.blocks {
                sources.append(block.ssrc)
                #expect(block.cumulativeLost == -0x80_0000)
            }
        }
        #expect(!malformed)
        #expect(counts == [31, 9])
        #expect(sources == Array(0..<40))
    }

    @Test func aBlockNeedsAReportInFrontOfIt() {
        let block = ReportBlock(
            ssrc: 1, fractionLost: 0, cumulativeLost: 0, highestSequence: 0, jitter: 0, lastSenderReport: 0,
            delaySinceLastSenderReport: 0)
        let bytes = writtenRTCP { writer in
            let fitted = [
                writer.reportBlock(block), writer.receiverReport(sender: 1), writer.pictureLoss(sender: 1, media: 2),
                writer.reportBlock(block),
            ]
            #expect(fitted == [false, true, true, false])
        }
        #expect(bytes.count == 20)
    }

    /// At every capacity what is written is whole packets, and never past the end.
    @Test func whatDoesNotFitIsLeftOutWhole() {
        let whole = RTCPReaderTests.oneOfEach().count - 32
        for capacity in 0...whole {
            let bytes = writtenRTCP(capacity: capacity) { writer in
                let sequences: [UInt16] = [1, 50, 100]
                let info = SenderInfo(ssrc: 1, ntpTime: 2, rtpTime: 3, packetCount: 4, octetCount: 5)
                for _ in 0..<4 {
                    let before = writer.count
                    let fitted = writer.senderReport(info)
                    #expect(fitted == (writer.count > before))
                    _ = writer.sourceDescription(ssrc: 1, canonicalName: "ab")
                    _ = sequences.withUnsafeBufferPointer { writer.nack(sender: 1, media: 2, sequences: $0) }
                    _ = writer.goodbye(ssrc: 1)
                }
            }
            #expect(bytes.count <= capacity)
            if !bytes.isEmpty { #expect(!readRTCP(bytes)) }
        }
    }

    @Test func namesOfEveryLengthKeepTheirPadding() {
        for length in 0...255 {
            let name = String(repeating: "n", count: length)
            var back: [String] = []
            let bytes = writtenRTCP { _ = $0.sourceDescription(ssrc: 6, canonicalName: name) }
            let malformed = readRTCP(bytes) { packet in
                guard case .sourceDescription(let description) = packet else { return }
                for source in description { back.append(String(decoding: source.canonicalName, as: UTF8.self)) }
            }
            #expect(!malformed)
            #expect(back == [name])
        }
        let tooLong = writtenRTCP { writer in
            let fitted = writer.sourceDescription(ssrc: 6, canonicalName: String(repeating: "n", count: 256))
            #expect(!fitted)
        }
        #expect(tooLong.isEmpty)
    }

    @Test func estimatesAreRoundedDownToEighteenBits() {
        for (asked, got) in [(0, 0), (262_143, 262_143), (262_145, 262_144), (UInt64.max, 0x3ffff << 46)]
            as [(UInt64, UInt64)]
        {
            var back: UInt64?
            let bytes = writtenRTCP { writer in
                _ = [UInt32](repeating: 4, count: 1).withUnsafeBufferPointer {
                    writer.receiverEstimate(sender: 1, bitrate: asked, sources: $0)
                }
            }
            readRTCP(bytes) { if case .receiverEstimate(let estimate) = $0 { back = estimate.bitrate } }
            #expect(back == got)
        }
    }
}
