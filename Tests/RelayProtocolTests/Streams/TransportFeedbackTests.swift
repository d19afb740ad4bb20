import RelayProtocol
import TestSupport
import Testing

struct TransportFeedbackTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant.zero + .milliseconds(milliseconds) }

    private struct Report {
        var base: UInt16
        var number: UInt8
        var statuses: [TransportFeedbackReport.Status]
    }

    private func poll(_ feedback: TransportFeedback, at now: Instant, capacity: Int = 1200) -> [Report] {
        var reports: [Report] = []
        let bytes = writtenRTCP(capacity: capacity) { _ = feedback.poll(at: now, sender: 1, media: 2, into: &$0) }
        guard !bytes.isEmpty else { return [] }
        let malformed = readRTCP(bytes) { packet in
            guard case .transportFeedback(let report) = packet else { return }
            reports.append(Report(base: report.baseSequence, number: report.feedbackCount, statuses: Array(report)))
        }
        #expect(!malformed, "\(bytes)")
        return reports
    }

    @Test func reportsLossesReorderingAndTimesAcrossTheWrap() {
        let feedback = TransportFeedback()
        let arrivals: [(UInt16, Int64)] = [(65_534, 1_000), (0, 1_010), (65_535, 1_030), (3, 1_100)]
        for (sequence, time) in arrivals { feedback.received(sequence: sequence, at: at(time)) }
        #expect(feedback.deadline == at(1_100))
        let reports = poll(feedback, at: at(1_100))
        #expect(reports.count == 1)
        #expect(reports.first?.base == 65_534)
        #expect(reports.first?.statuses.map(\.sequence) == [65_534, 65_535, 0, 1, 2, 3])
        #expect(reports.first?.statuses.map { $0.arrival?.milliseconds } == [1_000, 1_030, 1_010, nil, nil, 1_100])
        #expect(feedback.deadline == nil)
        #expect(poll(feedback, at: at(2_000)).isEmpty)
    }

    @Test func aLatePacketIsReportedAgain() {
        let feedback = TransportFeedback()
        feedback.received(sequence: 10, at: at(0))
        feedback.received(sequence: 12, at: at(1))
        #expect(poll(feedback, at: at(100)).first?.statuses.map { $0.arrival != nil } == [true, false, true])
        feedback.received(sequence: 11, at: at(120))
        feedback.received(sequence: 13, at: at(121))
        let again = poll(feedback, at: at(300))
        #expect(again.first?.base == 11)
        #expect(again.first?.statuses.map { $0.arrival?.milliseconds } == [120, 1, 121])
        #expect(again.first?.number == 1)
    }

    @Test func lossesBetweenReportsAreReportedInTheSecond() {
        let feedback = TransportFeedback()
        feedback.received(sequence: 1, at: at(0))
        _ = poll(feedback, at: at(100))
        feedback.received(sequence: 4, at: at(110))
        let second = poll(feedback, at: at(300))
        #expect(second.first?.base == 2)
        #expect(second.first?.statuses.map { $0.arrival != nil } == [false, false, true])
    }

    @Test func aVeryLatePacketDoesNotMakeTheLongPastBeReportedAgain() {
        let feedback = TransportFeedback()
        for sequence: UInt16 in 0..<1_000 where sequence != 100 { feedback.received(sequence: sequence, at: at(0)) }
        _ = poll(feedback, at: at(100))
        feedback.received(sequence: 100, at: at(120))
        #expect(feedback.deadline == nil)
    }

    @Test func duplicatesKeepTheFirstArrival() {
        let feedback = TransportFeedback()
        feedback.received(sequence: 1, at: at(0))
        feedback.received(sequence: 1, at: at(50))
        #expect(poll(feedback, at: at(100)).first?.statuses.map { $0.arrival?.milliseconds } == [0])
        feedback.received(sequence: 1, at: at(150))
        #expect(feedback.deadline == nil)
    }

    /// About a twentieth of what arrives, with 62 bytes for each report: 50 ms from 250 kbit/s on, 250 below 45.
    @Test(arguments: [(20, 250), (80, 125), (150, 68), (500, 50), (5_000, 50)])
    func reportsTakeATwentiethOfWhatArrives(_ kilobits: Int, _ expected: Int64) {
        let feedback = TransportFeedback()
        let bytes = kilobits < 1_000 ? 250 : 1_000
        var sequence: UInt16 = 0
        var times: [Int64] = []
        var arrived = 0
        for now in Int64(0)..<10_000 {
            while arrived < kilobits * Int(now) / 8 {
                feedback.received(sequence: sequence, bytes: bytes, at: at(now))
                sequence &+= 1
                arrived += bytes
            }
            if let deadline = feedback.deadline, deadline <= at(now), !poll(feedback, at: at(now)).isEmpty {
                times.append(now)
            }
        }
        let later = times.filter { $0 >= 2_000 }
        #expect(later.count > 5)
        let interval = Double((later.last ?? 0) - (later.first ?? 0)) / Double(max(later.count - 1, 1))
        // A report is due some time after the packet that it begins with.
        #expect((Double(expected) * 0.85...Double(expected) * 1.25 + Double(bytes * 8 / kilobits)).contains(interval))
    }

    @Test func manyWaitingPacketsAreReportedAtOnce() {
        let feedback = TransportFeedback()
        for sequence: UInt16 in 0..<199 { feedback.received(sequence: sequence, at: at(5)) }
        #expect(feedback.deadline == at(105))
        feedback.received(sequence: 199, at: at(6))
        #expect(feedback.deadline == at(6))
        #expect(poll(feedback, at: at(6)).first?.statuses.count == 200)
    }

    @Test func aPauseLongerThanADeltaStartsAnotherReport() {
        let feedback = TransportFeedback()
        feedback.received(sequence: 1, at: at(0))
        feedback.received(sequence: 2, at: at(9_000))
        let reports = poll(feedback, at: at(9_000))
        #expect(reports.map(\.base) == [1, 2])
        #expect(reports.map(\.number) == [0, 1])
        #expect(reports.last?.statuses.first?.arrival == .milliseconds(9_000))
    }

    @Test func whatDoesNotFitStaysDue() {
        let feedback = TransportFeedback()
        for sequence: UInt16 in 0..<190 { feedback.received(sequence: sequence, at: at(Int64(sequence))) }
        var sequences: [UInt16] = []
        var polls = 0
        while let deadline = feedback.deadline, deadline <= at(200), polls < 50 {
            polls += 1
            for report in poll(feedback, at: at(200), capacity: 80) { sequences += report.statuses.map(\.sequence) }
        }
        #expect(sequences == Array(0..<190))
        #expect(polls > 3)
    }

    @Test func aBufferTooSmallForTheLossesDoesNotBlockForever() {
        let feedback = TransportFeedback()
        feedback.received(sequence: 0, at: at(0))
        feedback.received(sequence: 1_500, at: at(1))
        var sequences: [UInt16] = []
        for _ in 0..<4 {
            for report in poll(feedback, at: at(200), capacity: 40) {
                sequences += report.statuses.filter { $0.arrival != nil }.map(\.sequence)
            }
        }
        #expect(sequences == [0, 1_500])
        #expect(feedback.deadline == nil)
    }

    @Test func aSenderThatBeginsAnewIsFollowed() {
        let feedback = TransportFeedback()
        feedback.received(sequence: 30_000, at: at(0))
        feedback.received(sequence: 5, at: at(10))
        #expect(poll(feedback, at: at(100)).first?.statuses.map(\.sequence) == [30_000])
        feedback.received(sequence: 6, at: at(110))
        feedback.received(sequence: 7, at: at(120))
        #expect(poll(feedback, at: at(300)).first?.statuses.map(\.sequence) == [6, 7])
    }

    /// A lossy, reordering link for 60 s: each packet received is reported, with its time to a quarter of a millisecond.
    @Test func reportsEveryPacketOfALossyLink() {
        var random = SeededRandom(seed: 8)
        let feedback = TransportFeedback()
        var arrivedAt: [Int: Int64] = [:]
        var pending: [(time: Int64, sequence: Int)] = []
        var reported: [Int: Int64] = [:]
        var numbers: [UInt8] = []
        var wrong = 0
        for now in Int64(0)..<60_000 {
            if now % 4 == 0 && now < 59_000 {
                let sequence = 60_000 + Int(now / 4)
                if Int.random(in: 0..<20, using: &random) > 0 {
                    let delay =
                        Int.random(in: 0..<10, using: &random) == 0 ? Int64.random(in: 1...150, using: &random) : 0
                    pending.append((now + delay, sequence))
                }
            }
            for packet in pending where packet.time == now {
                feedback.received(sequence: UInt16(truncatingIfNeeded: packet.sequence), at: at(now))
                arrivedAt[packet.sequence] = now
            }
            pending.removeAll { $0.time <= now }
            guard let deadline = feedback.deadline, deadline <= at(now) else { continue }
            for report in poll(feedback, at: at(now)) {
                numbers.append(report.number)
                for status in report.statuses {
                    let full = Int(status.sequence) + (status.sequence < 50_000 ? 65_536 : 0)
                    if let arrival = status.arrival {
                        reported[full] = arrival.milliseconds
                    } else if arrivedAt[full] != nil {
                        wrong += 1
                    }
                }
            }
        }
        #expect(wrong == 0)
        #expect(reported == arrivedAt)
        #expect(arrivedAt.count > 13_000)
        #expect(numbers == (0..<numbers.count).map { UInt8(truncatingIfNeeded: $0) })
    }
}
