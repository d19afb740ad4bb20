import RelayProtocol
import Testing

struct PacerTests {
    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    private func packet(
        _ token: UInt64, stream: UInt32 = 1, bytes: Int = 1_000, key: Bool = false, end: Bool = false
    ) -> PacedPacket {
        PacedPacket(token: token, stream: stream, path: 0, bytes: bytes, startsKeyframe: key, endsFrame: end)
    }

    private func release(_ pacer: Pacer, at now: Instant) -> [Pacer.Release] {
        guard let deadline = pacer.deadline, deadline <= now else { return [] }
        var releases: [Pacer.Release] = []
        while let release = pacer.next(at: now) {
            releases.append(release)
            if case .padding(let bytes, _, let cluster) = release {
                pacer.padded(bytes: bytes, cluster: cluster, at: now)
            }
        }
        return releases
    }

    private func tokens(_ releases: [Pacer.Release]) -> [UInt64] {
        releases.compactMap { if case .packet(let packet, _) = $0 { packet.token } else { nil } }
    }

    @Test func whatFitsPassesAndWhatDoesNotFollowsInBursts() {
        // 8 Mbit/s: 1,000 bytes a millisecond.
        let pacer = Pacer(rate: .megabitsPerSecond(8))
        #expect(pacer.passes(bytes: 4_000, at: at(0)))
        #expect(!pacer.passes(bytes: 4_000, at: at(0)))
        for token: UInt64 in 0..<20 { pacer.queue(packet(token), at: at(0)) }
        #expect(pacer.deadline == at(4))
        #expect(!pacer.passes(bytes: 100, at: at(100)), "nothing overtakes what waits")
        var sent: [Int64: Int] = [:]
        for now in Int64(0)...40 { sent[now] = release(pacer, at: at(now)).count }
        #expect(sent.filter { $0.value > 0 } == [4: 5, 9: 5, 14: 5, 19: 5])
        #expect(pacer.deadline == nil)
        #expect(pacer.passes(bytes: 4_000, at: at(41)))
    }

    @Test func retransmissionsGoFirstAndAreGivenUpWhenLate() {
        let pacer = Pacer(rate: .kilobitsPerSecond(800))
        pacer.sent(bytes: 1_000, at: at(0))
        for token: UInt64 in 0..<3 { pacer.queue(packet(token), at: at(0)) }
        pacer.queue(retransmission: packet(10), at: at(0))
        #expect(tokens(release(pacer, at: at(10))) == [10])
        #expect(tokens(release(pacer, at: at(20))) == [0])
        pacer.queue(retransmission: packet(11), at: at(20))
        #expect(tokens(release(pacer, at: at(300))) == [1])
        #expect(pacer.nextDropped()?.token == 11)
        #expect(pacer.nextDropped() == nil)
    }

    @Test func lateVideoIsCutToItsNextKeyframe() {
        // 100 bytes a millisecond: 35 packets are the bound.
        let pacer = Pacer(rate: .kilobitsPerSecond(800))
        pacer.sent(bytes: 10_000, at: at(0))
        for token: UInt64 in 0..<30 { pacer.queue(packet(token), at: at(0)) }
        pacer.queue(packet(30, key: true), at: at(0))
        #expect(pacer.nextDropped() == nil)
        for token: UInt64 in 31..<37 { pacer.queue(packet(token), at: at(0)) }
        var dropped: [UInt64] = []
        while let packet = pacer.nextDropped() { dropped.append(packet.token) }
        #expect(dropped.sorted() == Array(0..<30))
        #expect(pacer.nextStarved() == nil, "the keyframe is there already")
        #expect(pacer.nextResumption()?.token == 30)
        #expect(pacer.nextResumption() == nil)
        #expect(tokens(release(pacer, at: at(100))).first == 30)
    }

    /// H.264: parameter sets in a packet of their own, then the picture.
    @Test func aKeyframeIsKeptWithItsParameterSets() {
        let pacer = Pacer(rate: .kilobitsPerSecond(800))
        pacer.sent(bytes: 10_000, at: at(0))
        for token: UInt64 in 0..<29 { pacer.queue(packet(token, end: true), at: at(0)) }
        pacer.queue(packet(29, bytes: 60, key: true), at: at(0))
        pacer.queue(packet(30, key: true), at: at(0))
        for token: UInt64 in 31..<38 { pacer.queue(packet(token, end: token == 33), at: at(0)) }
        #expect(pacer.nextResumption()?.token == 29)
        #expect(Array(tokens(release(pacer, at: at(100))).prefix(2)) == [29, 30])
        #expect(pacer.nextStarved() == nil)
    }

    @Test func videoWithoutKeyframeIsDroppedAndNamed() {
        let pacer = Pacer(rate: .kilobitsPerSecond(800))
        pacer.sent(bytes: 10_000, at: at(0))
        pacer.queue(packet(100, stream: 2), at: at(0))
        for token: UInt64 in 0..<35 { pacer.queue(packet(token), at: at(0)) }
        var dropped = 0
        while pacer.nextDropped() != nil { dropped += 1 }
        #expect(dropped == 35)
        #expect(pacer.nextStarved() == 1)
        #expect(pacer.nextStarved() == nil)
        #expect(tokens(release(pacer, at: at(100))) == [100], "the small stream is left alone")
    }

    @Test func aLargeKeyframeIsWaitedFor() {
        let pacer = Pacer(rate: .kilobitsPerSecond(800))
        pacer.sent(bytes: 1_000, at: at(0))
        for token: UInt64 in 0..<80 { pacer.queue(packet(token, key: token == 0, end: token == 79), at: at(0)) }
        #expect(pacer.nextDropped() == nil)
        #expect(tokens(release(pacer, at: at(10))) == [0])
        pacer.queue(packet(80), at: at(11))
        #expect(pacer.nextDropped() == nil, "half-sent it is as precious")
        for token: UInt64 in 81..<200 { pacer.queue(packet(token), at: at(11)) }
        #expect(pacer.nextStarved() == 1)
        #expect(pacer.queueSpan < .milliseconds(1_600))
    }

    @Test func aProbeLeavesAtItsRateOutOfMediaAndPadding() {
        let pacer = Pacer(rate: .megabitsPerSecond(2))
        let cluster = ProbeCluster(
            number: 7, rate: .megabitsPerSecond(8), span: .milliseconds(15), packets: 5, interval: .milliseconds(2),
            path: 0, at: at(0))
        pacer.send(cluster)
        pacer.queue(packet(1), at: at(0))
        #expect(!pacer.passes(bytes: 100, at: at(0)))
        var bytes = 0
        var last: Int64 = 0
        for now in Int64(0)...60 {
            for release in release(pacer, at: at(now)) {
                switch release {
                case .packet(let packet, 7): bytes += Int(packet.bytes)
                case .padding(let count, 0, 7): bytes += count
                default: Issue.record("\(release)")
                }
                last = now
            }
        }
        #expect((15_000...17_000).contains(bytes))
        #expect((12...16).contains(last))
    }

    @Test func aProbeThatNothingCanBeSentForEnds() {
        let pacer = Pacer(rate: .megabitsPerSecond(2))
        for number: UInt16 in 1...2 {
            pacer.send(
                ProbeCluster(
                    number: number, rate: .megabitsPerSecond(8), span: .milliseconds(15), packets: 5,
                    interval: .milliseconds(2), path: 0, at: at(0)))
        }
        while case .padding(_, _, let cluster) = pacer.next(at: at(0)) {
            pacer.padded(bytes: 0, cluster: cluster, at: at(0))
        }
        #expect(pacer.deadline == nil)
        #expect(pacer.passes(bytes: 1_000, at: at(0)))
    }

    @Test func paddingFillsUpToItsRate() {
        let pacer = Pacer(rate: .megabitsPerSecond(4))
        pacer.set(.megabitsPerSecond(4), padding: .megabitsPerSecond(1), at: at(0))
        var padded = 0
        for now in Int64(0)..<1_000 {
            if now % 20 == 0 { #expect(pacer.passes(bytes: 1_000, at: at(now))) }
            for case .padding(let bytes, _, 0) in release(pacer, at: at(now)) { padded += bytes }
        }
        // 125 kB less the 50 kB of media.
        #expect((60_000...80_000).contains(padded))
    }

    @Test func aLargePictureDoesNotHoldUpTheOthers() {
        // 1,000 bytes a millisecond.
        let pacer = Pacer(rate: .megabitsPerSecond(8))
        pacer.sent(bytes: 10_000, at: at(0))
        for token: UInt64 in 0..<60 { pacer.queue(packet(token, stream: 1), at: at(0)) }
        for stream: UInt32 in 2...4 { pacer.queue(packet(100 + UInt64(stream), stream: stream), at: at(0)) }
        var order: [UInt64] = []
        for now in Int64(0)...100 { order += tokens(release(pacer, at: at(now))) }
        #expect(order.count == 63)
        #expect(order.filter { $0 < 60 } == Array(0..<60), "in order")
        #expect(Set(order.prefix(8)).isSuperset(of: [102, 103, 104]))
        // Packets of one stream leave together, so that they fit into one message.
        #expect(zip(order, order.dropFirst()).filter { $0 < 60 && $1 < 60 }.count > 55)
    }

    @Test func streamsShareByBytesNotByPackets() {
        let pacer = Pacer(rate: .megabitsPerSecond(8))
        pacer.sent(bytes: 10_000, at: at(0))
        for token: UInt64 in 0..<100 {
            pacer.queue(packet(token, stream: 1, bytes: 1_200), at: at(0))
            for part: UInt64 in 0..<4 {
                pacer.queue(packet(1_000 + token * 4 + part, stream: 2, bytes: 300), at: at(0))
            }
        }
        var bytes = [0, 0]
        for now in Int64(10)...110 {
            for release in release(pacer, at: at(now)) {
                if case .packet(let packet, _) = release { bytes[Int(packet.stream) - 1] += Int(packet.bytes) }
            }
        }
        #expect(bytes[0] > 40_000)
        #expect(abs(bytes[0] - bytes[1]) < 10_000)
    }

    @Test func aProbeOfASlowPathIsOfSmallPackets() {
        let pacer = Pacer(rate: .kilobitsPerSecond(300))
        pacer.send(
            ProbeCluster(
                number: 1, rate: .kilobitsPerSecond(600), span: .milliseconds(15), packets: 3,
                interval: .milliseconds(2), path: 0, at: at(0)))
        var bytes = 0
        for now in Int64(0)...60 {
            for case .padding(let count, _, 1) in release(pacer, at: at(now)) { bytes += count }
        }
        #expect((1_125..<1_600).contains(bytes))
    }

    @Test func aStreamThatEndsTakesItsPacketsAlong() {
        let pacer = Pacer(rate: .kilobitsPerSecond(800))
        pacer.sent(bytes: 1_000, at: at(0))
        pacer.queue(packet(1, stream: 1), at: at(0))
        pacer.queue(packet(2, stream: 2), at: at(0))
        pacer.queue(retransmission: packet(3, stream: 1), at: at(0))
        pacer.remove(stream: 1)
        var dropped: [UInt64] = []
        while let packet = pacer.nextDropped() { dropped.append(packet.token) }
        #expect(dropped.sorted() == [1, 3])
        #expect(tokens(release(pacer, at: at(10))) == [2])
    }

    @Test func aStreamThatIsNoMoreIsForgottenThoughNothingWaits() {
        let pacer = Pacer(rate: .kilobitsPerSecond(800))
        pacer.sent(bytes: 1_000, at: at(0))
        for stream: UInt32 in 1...3 { pacer.queue(packet(UInt64(stream), stream: stream), at: at(0)) }
        for now in Int64(10)...60 { _ = release(pacer, at: at(now)) }
        #expect(pacer.queuedBytes == 0)
        #expect(pacer.streamCount == 3)
        for stream: UInt32 in 1...2 { pacer.remove(stream: stream) }
        #expect(pacer.streamCount == 1)
        pacer.queue(packet(4, stream: 3), at: at(60))
        #expect(tokens(release(pacer, at: at(80))) == [4])
    }
}
