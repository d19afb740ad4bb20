import RelayProtocol
import TestSupport
import Testing

struct RTCPReaderTests {
    @Test func readsASenderReportWithTwoBlocksAndAName() {
        let bytes: [UInt8] = [
            0x82, 200, 0, 18,
            0, 0, 0, 1, 0xe1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 0, 0, 0, 0, 9, 0, 0, 4, 0,
            0, 0, 0, 2, 64, 0xff, 0xff, 0xfe, 0, 1, 0xff, 0xff, 0, 0, 0, 7, 1, 2, 3, 4, 0, 1, 0, 0,
            0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0x81, 202, 0, 3, 0, 0, 0, 1, 1, 3, 97, 98, 99, 0, 0, 0,
        ]
        var blocks: [ReportBlock] = []
        var info: SenderInfo?
        var name: [UInt8] = []
        let malformed = readRTCP(bytes) { packet in
            switch packet {
            case .senderReport(let report):
                info = report.info
                blocks = Array(report.blocks)
            case .sourceDescription(let description):
                for source in description where source.ssrc == 1 { name = Array(source.canonicalName) }
            default: Issue.record("unexpected \(packet)")
            }
        }
        #expect(!malformed)
        #expect(
            info
                == SenderInfo(
                    ssrc: 1, ntpTime: 0xe102_0304_0506_0708, rtpTime: 0x10000, packetCount: 9, octetCount: 1024))
        #expect(info?.compactNTPTime == 0x0304_0506)
        #expect(
            blocks == [
                ReportBlock(
                    ssrc: 2, fractionLost: 64, cumulativeLost: -2, highestSequence: 0x1ffff, jitter: 7,
                    lastSenderReport: 0x0102_0304, delaySinceLastSenderReport: 65536),
                ReportBlock(
                    ssrc: 3, fractionLost: 0, cumulativeLost: 5, highestSequence: 1, jitter: 0, lastSenderReport: 0,
                    delaySinceLastSenderReport: 0),
            ])
        #expect(name == Array("abc".utf8))
    }

    @Test func readsFeedbackWithoutALeadingReport() {
        let bytes: [UInt8] = [
            0x81, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xfe, 0x80, 0x05, 0, 100, 0, 0,
            0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2,
            0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 9, 0, 0, 0,
            0x82, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0,
            0x82, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 8,
        ]
        var seen: [String] = []
        let malformed = readRTCP(bytes) { packet in
            switch packet {
            case .nack(let nack): seen.append("nack \(nack.media) \(Array(nack))")
            case .pictureLoss(let loss): seen.append("pli \(loss.media)")
            case .fullIntraRequest(let request):
                for entry in request { seen.append("fir \(entry.ssrc) \(entry.commandNumber)") }
            case .other(let type, let format): seen.append("other \(type) \(format)")
            case .goodbye(let goodbye): seen.append("bye \(Array(goodbye))")
            default: seen.append("?")
            }
        }
        #expect(!malformed)
        #expect(seen == ["nack 2 [65534, 65535, 1, 14, 100]", "pli 2", "fir 5 9", "other 206 2", "bye [7, 8]"])
    }

    @Test func stripsPaddingAndRefusesPaddingLongerThanThePacket() {
        let padded: [UInt8] = [0xa1, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 4]
        var sources: [UInt32] = []
        #expect(!readRTCP(padded) { if case .goodbye(let goodbye) = $0 { sources = Array(goodbye) } })
        #expect(sources == [7])
        #expect(readRTCP([0xa1, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 12]))
        #expect(readRTCP([0xa1, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 0]))
        #expect(readRTCP([0xa0, 203, 0, 0]))
    }

    @Test func keepsWhatCameBeforeAMalformedPacket() {
        let bytes: [UInt8] = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x81, 206, 0, 9, 0, 0]
        var losses = 0
        #expect(readRTCP(bytes) { if case .pictureLoss = $0 { losses += 1 } })
        #expect(losses == 1)
    }

    @Test(
        arguments: [
            [], [0x80], [0x40, 200, 0, 0], [0x80, 96, 0, 0], [0x81, 201, 0, 1, 0, 0, 0, 1],
            [0x80, 200, 0, 1, 0, 0, 0, 1],
            [0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2], [0x84, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2],
            [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 200, 65, 66], [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 2, 65, 66],
        ] as [[UInt8]])
    func refusesPacketsThatContradictThemselves(bytes: [UInt8]) {
        #expect(readRTCP(bytes) { Issue.record("understood \($0)") })
    }

    @Test func tellsRTCPFromRTP() {
        func isRTCP(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { RTCPReader.isRTCP($0) } }
        #expect(isRTCP([0x80, 200]))
        #expect(isRTCP([0x8f, 205, 0, 0]))
        #expect(!isRTCP([0x80, 96]))
        #expect(!isRTCP([0x80, 0x80 | 111]))
        #expect(!isRTCP([0x16, 0xfe]))
        #expect(!isRTCP([0x80]))
    }

    @Test func saturatesAnEstimateThatNoIntegerHolds() {
        var rates: [UInt64] = []
        let head: [UInt8] = [0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 82, 69, 77, 66, 1]
        for rate: [UInt8] in [
            [0xff, 0xff, 0xff], [0, 0, 5], [0x0b, 0xd0, 0x90], [0xfc, 0, 0], [0xba, 0, 1], [0xbe, 0, 0],
        ] {
            readRTCP(head + rate + [0, 0, 0, 9]) { packet in
                guard case .receiverEstimate(let estimate) = packet else { return }
                rates.append(estimate.bitrate)
                #expect(Array(estimate.sources) == [9])
            }
        }
        // exponents 63, 0, 2, 63, 46 (18 bits just fit), 47 (one bit too many)
        #expect(rates == [.max, 5, 1_000_000, 0, 0x2_0001 << 46, .max])
    }

    /// Random and mutated datagrams: whatever comes, reading ends, and every view can be walked.
    @Test func neverTrapsOnGarbage() {
        var random = SeededRandom(seed: 2)
        let valid = Self.oneOfEach()
        var understood = 0
        var refused = 0
        for round in 0..<20_000 {
            var bytes: [UInt8]
            if round % 2 == 0 {
                bytes = valid
                for _ in 0..<Int.random(in: 1...12, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                bytes.removeLast(Int.random(in: 0...bytes.count / 2, using: &random))
            } else {
                bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                if bytes.count > 4 {
                    bytes[0] = 0x80 | (bytes[0] & 0x3f)
                    bytes[1] = 200 + bytes[1] % 8
                    bytes[2] = 0
                    bytes[3] %= 50
                }
            }
            if readRTCP(bytes, { Self.walk($0, &understood) }) { refused += 1 }
        }
        #expect(understood > 10_000)
        #expect(refused > 1_000)
    }

    /// A compound with every packet that the writer knows.
    static func oneOfEach() -> [UInt8] {
        let block = ReportBlock(
            ssrc: 5, fractionLost: 3, cumulativeLost: 9, highestSequence: 70_000, jitter: 30, lastSenderReport: 7,
            delaySinceLastSenderReport: 8)
        let feedback: [UInt8] = [
            0x8f, 205, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 5, 0, 7, 0, 4, 0x4c, 1, 0x20, 5, 0xd0, 0x40, 1, 2, 3, 4, 5, 6,
            0, 0,
        ]
        return writtenRTCP { writer in
            _ = writer.senderReport(SenderInfo(ssrc: 1, ntpTime: 1 << 40, rtpTime: 3, packetCount: 4, octetCount: 5))
            _ = writer.reportBlock(block)
            _ = writer.receiverReport(sender: 1)
            _ = writer.reportBlock(block)
            _ = writer.sourceDescription(ssrc: 1, canonicalName: "somebody")
            let sequences: [UInt16] = [1, 5, 90, 1_000]
            _ = sequences.withUnsafeBufferPointer { writer.nack(sender: 1, media: 2, sequences: $0) }
            _ = writer.pictureLoss(sender: 1, media: 2)
            _ = writer.fullIntraRequest(sender: 1, media: 2, commandNumber: 1)
            let sources: [UInt32] = [2, 3]
            _ = sources.withUnsafeBufferPointer { writer.receiverEstimate(sender: 1, bitrate: 2_000_000, sources: $0) }
            _ = writer.goodbye(ssrc: 1)
            _ = writer.referenceTime(sender: 1, time: 0x0102_0304_0506_0708)
            _ = writer.answer(sender: 1, to: 9, lastReference: 0x0304_0506, delay: 77)
        } + feedback
    }

    static func walk(_ packet: RTCPPacket, _ understood: inout Int) {
        understood += 1
        switch packet {
        case .senderReport(let report): for block in report.blocks { _ = block }
        case .receiverReport(let report): for block in report.blocks { _ = block }
        case .sourceDescription(let description): for source in description { _ = Array(source.canonicalName) }
        case .goodbye(let goodbye): for source in goodbye { _ = source }
        case .nack(let nack): for sequence in nack { _ = sequence }
        case .transportFeedback(let report):
            var statuses = 0
            var received = 0
            for status in report {
                statuses += 1
                if status.arrival != nil { received += 1 }
            }
            #expect(statuses == report.statusCount)
            #expect(received == report.receivedCount)
        case .fullIntraRequest(let request): for entry in request { _ = entry }
        case .receiverEstimate(let estimate): for source in estimate.sources { _ = source }
        case .extendedReport(let report):
            _ = report.referenceTime
            _ = report.answer(to: 1)
        case .pictureLoss, .other: break
        }
    }
}
