import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

@MainActor @Suite(.serialized)
struct ForwardingTests {
    private func header(_ packet: [UInt8]) -> PacketHeader? { packet.withUnsafeBytes { PacketHeader($0) } }
    private func payload(_ packet: [UInt8]) -> [UInt8] { Array(packet[(header(packet)?.length ?? 0)...]) }

    @Test func forwardsAudioAndVideoUnchangedUnderItsOwnNumbers() throws {
        let fixture = try EngineFixture()
        let alice = try fixture.publisher()
        let bob = try fixture.subscriber()
        for step in 0..<10 as Range<UInt16> {
            alice.sendRTP(
                payloadType: 111, sequence: 65530 &+ step, timestamp: UInt32(step) * 960, ssrc: 1111, marker: false,
                payload: [UInt8(step), 1, 2])
            let video = step == 0 ? VP8Payload.keyframe() : VP8Payload.delta([UInt8(step)])
            alice.sendRTP(
                payloadType: 96, sequence: 100 + step, timestamp: UInt32(step) * 3000, ssrc: 2222, marker: true,
                payload: video)
            #expect(fixture.wait([alice, bob]) { bob.media.count == 2 * (Int(step) + 1) })
        }
        let audio = bob.media.filter { header($0)?.payloadType == 111 }
        let video = bob.media.filter { header($0)?.payloadType == 96 }
        #expect(audio.map { payload($0)[0] } == Array(0..<10))
        #expect(payload(video[0]) == VP8Payload.keyframe())
        for stream in [audio, video] {
            let headers = stream.compactMap { header($0) }
            #expect(headers.count == 10)
            #expect(Set(headers.map(\.ssrc)).count == 1)
            for (one, next) in zip(headers, headers.dropFirst()) { #expect(next.sequence == one.sequence &+ 1) }
        }
        let stamps = video.compactMap { header($0)?.timestamp }
        #expect(zip(stamps, stamps.dropFirst()).allSatisfy { $1 &- $0 == 3000 })
    }

    @Test func videoBeginsWithAKeyframe() throws {
        let fixture = try EngineFixture()
        let alice = try fixture.publisher()
        let bob = try fixture.subscriber()
        alice.sendRTP(payloadType: 96, sequence: 1, timestamp: 0, ssrc: 2222, marker: true, payload: VP8Payload.delta())
        alice.sendRTP(
            payloadType: 96, sequence: 2, timestamp: 3000, ssrc: 2222, marker: true, payload: VP8Payload.keyframe())
        alice.sendRTP(
            payloadType: 96, sequence: 3, timestamp: 6000, ssrc: 2222, marker: true, payload: VP8Payload.delta())
        #expect(fixture.wait([alice, bob]) { bob.media.count == 2 })
        #expect(payload(bob.media[0]) == VP8Payload.keyframe())
    }

    @Test func mutedTrackStopsAndPicksUpAtAKeyframeWithoutAGap() throws {
        let fixture = try EngineFixture()
        let alice = try fixture.publisher()
        let bob = try fixture.subscriber()
        func video(_ sequence: UInt16, _ payload: [UInt8]) {
            alice.sendRTP(
                payloadType: 96, sequence: sequence, timestamp: UInt32(sequence) * 3000, ssrc: 2222, marker: true,
                payload: payload)
        }
        video(1, VP8Payload.keyframe())
        #expect(fixture.wait([bob]) { bob.media.count == 1 })
        let muted = try fixture.engine.select(
            room: fixture.room, participant: ParticipantID("alice"), wanted: TrackSelection(audio: true, video: false))
        #expect(muted == TrackSelection(audio: true, video: false))
        #expect(fixture.wait([], seconds: 0.05) { false } == false)
        video(2, VP8Payload.delta())
        video(3, VP8Payload.keyframe())
        #expect(!fixture.wait([bob], seconds: 0.2) { bob.media.count > 1 })
        _ = try fixture.engine.select(room: fixture.room, participant: ParticipantID("alice"), wanted: .all)
        _ = fixture.wait([], seconds: 0.05) { false }
        video(4, VP8Payload.delta())
        video(5, VP8Payload.keyframe())
        #expect(fixture.wait([bob]) { bob.media.count == 2 })
        let headers = bob.media.compactMap { header($0) }
        #expect(headers.last?.sequence == (headers.first?.sequence).map { $0 &+ 1 })
    }

    @Test func resendsAMissingPacketOnTheRetransmissionStream() throws {
        let fixture = try EngineFixture()
        let alice = try fixture.publisher()
        let bob = try fixture.subscriber()
        for sequence in 10...12 as ClosedRange<UInt16> {
            let bytes = sequence == 10 ? VP8Payload.keyframe() : VP8Payload.delta([UInt8(sequence)])
            alice.sendRTP(
                payloadType: 96, sequence: sequence, timestamp: 90_000, ssrc: 2222, marker: true, payload: bytes)
        }
        #expect(fixture.wait([bob]) { bob.media.count == 3 })
        let second = try #require(header(bob.media[1]))
        bob.sendRTCP { writer in
            [second.sequence].withUnsafeBufferPointer { writer.nack(sender: 1, media: second.ssrc, sequences: $0) }
        }
        #expect(fixture.wait([bob]) { bob.media.count == 4 })
        let again = try #require(bob.media.last)
        let repair = try #require(header(again))
        #expect(repair.payloadType == 97)
        #expect(repair.ssrc != second.ssrc)
        #expect(repair.timestamp == second.timestamp)
        #expect(payload(again) == [UInt8(second.sequence >> 8), UInt8(second.sequence & 255)] + payload(bob.media[1]))
    }

    @Test func asksThePublisherForALostPacketAndForwardsTheRetransmission() throws {
        let fixture = try EngineFixture()
        let alice = try fixture.publisher()
        let bob = try fixture.subscriber()
        func video(_ sequence: UInt16, _ payload: [UInt8]) {
            alice.sendRTP(
                payloadType: 96, sequence: sequence, timestamp: 3000, ssrc: 2222, marker: true, payload: payload)
        }
        video(1, VP8Payload.keyframe())
        video(3, VP8Payload.delta([3]))
        alice.forgetMedia()
        var asked: [UInt16] = []
        #expect(
            fixture.wait([alice, bob]) {
                asked = alice.control.flatMap { packet in packet.withUnsafeBytes { bytes in nacks(bytes) } }
                return !asked.isEmpty
            })
        #expect(asked.first == 2)
        alice.sendRTP(
            payloadType: 97, sequence: 500, timestamp: 3000, ssrc: 2223, marker: true,
            payload: [0, 2] + VP8Payload.delta([2]))
        #expect(fixture.wait([alice, bob]) { bob.media.count == 3 })
        let headers = bob.media.compactMap { header($0) }
        #expect(headers.map { $0.sequence &- headers[0].sequence } == [0, 2, 1])
        #expect(payload(bob.media[2]) == VP8Payload.delta([2]))
    }

    private func nacks(_ bytes: UnsafeRawBufferPointer) -> [UInt16] {
        var reader = RTCPReader(bytes)
        var found: [UInt16] = []
        while let packet = reader.next() {
            if case .nack(let feedback) = packet { found += feedback.map { $0 } }
        }
        return found
    }

    @Test func manyWhoAskCostThePublisherOneKeyframeRequest() throws {
        let fixture = try EngineFixture()
        let alice = try fixture.publisher()
        let subscribers = try (0..<5).map { try fixture.subscriber("s\($0)") }
        alice.sendRTP(
            payloadType: 96, sequence: 1, timestamp: 0, ssrc: 2222, marker: true, payload: VP8Payload.keyframe())
        #expect(fixture.wait([alice] + subscribers) { subscribers.allSatisfy { $0.media.count == 1 } })
        _ = fixture.wait([alice], seconds: 0.7) { false }
        alice.forgetMedia()
        for peer in subscribers {
            guard let ssrc = header(peer.media[0])?.ssrc else { continue }
            peer.sendRTCP { $0.pictureLoss(sender: 1, media: ssrc) }
        }
        _ = fixture.wait([alice], seconds: 0.4) { false }
        let requests = alice.control.reduce(0) { count, packet in
            packet.withUnsafeBytes { bytes in
                var reader = RTCPReader(bytes)
                var sum = count
                while let item = reader.next() { if case .pictureLoss = item { sum += 1 } }
                return sum
            }
        }
        #expect(requests == 1)
    }
}
