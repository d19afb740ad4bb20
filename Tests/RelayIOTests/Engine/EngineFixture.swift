import Glibc
import Loop
import RelayControl
import Testing

@testable import RelayIO

/// An engine with one worker on loopback, and the loop that carries its events.
@MainActor
final class EngineFixture {
    let loop: EventLoop
    let engine: RelayEngine
    private(set) var events: [RelayEvent] = []
    let room = RoomID("room")

    init(_ adjust: (inout RelaySettings) -> Void = { _ in }) throws {
        loop = try EventLoop()
        var settings = RelaySettings()
        settings.mediaPort = 0
        settings.announced = [.init(advertised: "127.0.0.1", local: "127.0.0.1")]
        adjust(&settings)
        engine = try RelayEngine(settings: settings, loop: loop)
        engine.onEvent = { [unowned self] in events.append($0) }
    }

    isolated deinit { engine.shutDown {} }

    /// Turns the loop and `peers` until `condition` holds, at most `seconds`.
    func wait(_ peers: [TestPeer], seconds: Double = 5, until condition: () -> Bool) -> Bool {
        let deadline = loop.now + Int64(seconds * 1_000_000)
        while loop.now < deadline {
            for peer in peers { peer.pump() }
            loop.runOnce(waiting: false)
            if condition() { return true }
            usleep(500)
        }
        return condition()
    }

    /// A peer that publishes Opus (111, SSRC 1111) and VP8 (96 with RTX 97, SSRCs 2222 and 2223), connected.
    func publisher(_ name: String = "alice") throws -> TestPeer {
        let peer = try TestPeer()
        let production = try engine.produce(
            room: room, participant: ParticipantID(name), offer: Self.offer(of: peer), wanted: nil)
        try peer.connect(to: production.answer)
        try #require(handshake(peer))
        return peer
    }

    /// A peer that gets what `producer` publishes, connected.
    func subscriber(_ name: String = "bob", of producer: String = "alice", lacking codec: String? = nil) throws
        -> TestPeer
    {
        let peer = try TestPeer()
        let offer = try engine.offer(
            room: room, subscriber: ParticipantID(name), producer: ParticipantID(producer), restart: false)
        let answer = Self.answer(of: peer, to: offer)
        _ = try engine.consume(
            room: room, subscriber: ParticipantID(name),
            answers: [SubscriberAnswer(producer: ParticipantID(producer), sdp: answer)])
        try peer.connect(to: offer)
        try #require(handshake(peer))
        return peer
    }

    func handshake(_ peer: TestPeer) -> Bool {
        // A check may overtake the command that makes its ufrag known; peers repeat theirs.
        for _ in 0..<50 where !peer.isChecked {
            peer.check()
            _ = wait([peer], seconds: 0.1) { peer.isChecked }
        }
        peer.startDTLS()
        return wait([peer]) { peer.sealer != nil }
    }

    static func offer(of peer: TestPeer) -> String {
        """
        v=0\r
        o=- 4611731400430051336 2 IN IP4 127.0.0.1\r
        s=-\r
        t=0 0\r
        a=group:BUNDLE 0 1\r
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r
        c=IN IP4 0.0.0.0\r
        a=ice-ufrag:\(peer.ufrag)\r
        a=ice-pwd:\(peer.password)\r
        a=fingerprint:sha-256 \(peer.certificate.fingerprint)\r
        a=setup:actpass\r
        a=mid:0\r
        a=sendonly\r
        a=rtcp-mux\r
        a=rtpmap:111 opus/48000/2\r
        a=ssrc:1111 cname:peer\r
        m=video 9 UDP/TLS/RTP/SAVPF 96 97\r
        c=IN IP4 0.0.0.0\r
        a=ice-ufrag:\(peer.ufrag)\r
        a=ice-pwd:\(peer.password)\r
        a=fingerprint:sha-256 \(peer.certificate.fingerprint)\r
        a=setup:actpass\r
        a=mid:1\r
        a=sendonly\r
        a=rtcp-mux\r
        a=rtpmap:96 VP8/90000\r
        a=rtcp-fb:96 nack\r
        a=rtcp-fb:96 nack pli\r
        a=rtpmap:97 rtx/90000\r
        a=fmtp:97 apt=96\r
        a=ssrc-group:FID 2222 2223\r
        a=ssrc:2222 cname:peer\r
        a=ssrc:2223 cname:peer\r

        """
    }

    /// An answer that takes everything offered.
    static func answer(of peer: TestPeer, to offer: String) -> String {
        offer.split(separator: "\r\n", omittingEmptySubsequences: false).compactMap { line -> String? in
            if line.hasPrefix("a=ice-ufrag:") { return "a=ice-ufrag:\(peer.ufrag)" }
            if line.hasPrefix("a=ice-pwd:") { return "a=ice-pwd:\(peer.password)" }
            if line.hasPrefix("a=fingerprint:") { return "a=fingerprint:sha-256 \(peer.certificate.fingerprint)" }
            if line.hasPrefix("a=setup:") { return "a=setup:active" }
            if line == "a=sendonly" { return "a=recvonly" }
            if ["a=candidate", "a=end-of", "a=ice-lite", "a=ssrc", "a=msid"].contains(where: { line.hasPrefix($0) }) {
                return nil
            }
            return String(line)
        }.joined(separator: "\r\n")
    }
}

/// VP8 payloads: the descriptor's S bit, then the first byte of the frame header with its inverse key bit.
enum VP8Payload {
    static func keyframe(_ rest: [UInt8] = Array(repeating: 7, count: 50)) -> [UInt8] { [0x10, 0x00] + rest }
    static func delta(_ rest: [UInt8] = Array(repeating: 9, count: 50)) -> [UInt8] { [0x10, 0x01] + rest }
}
