import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// An offer of a client, m-line for m-line; video is VP8 (96 with RTX 97), audio Opus (111).
struct ClientOffer {
    var session = "77"
    var lines: [Line] = []

    struct Line {
        var mid: String
        var kind: MediaKind
        var direction: String
        var codec = "VP8/90000"
        /// Announced where the client sends, with its RTX.
        var ssrc: UInt32?
    }

    static func microphone(_ direction: String = "sendrecv", ssrc: UInt32? = 1111) -> Line {
        Line(mid: "a", kind: .audio, direction: direction, ssrc: ssrc)
    }

    static let camera = Line(mid: "v", kind: .video, direction: "sendonly", ssrc: 2222)

    static func view(_ mid: String, codec: String = "VP8/90000") -> Line {
        Line(mid: mid, kind: .video, direction: "recvonly", codec: codec)
    }

    /// Only receiving, a line for each mid.
    static func views(_ mids: String..., session: String = "77") -> ClientOffer {
        ClientOffer(session: session, lines: mids.map { view($0) })
    }

    func text(of peer: TestPeer, ufrag: String? = nil) -> String {
        var text = [
            "v=0", "o=- \(session) 2 IN IP4 127.0.0.1", "s=-", "t=0 0",
            "a=group:BUNDLE " + lines.map(\.mid).joined(separator: " "),
        ]
        for line in lines {
            text.append("m=\(line.kind.rawValue) 9 UDP/TLS/RTP/SAVPF \(line.kind == .audio ? "111" : "96 97")")
            text += [
                "c=IN IP4 0.0.0.0", "a=ice-ufrag:\(ufrag ?? peer.ufrag)", "a=ice-pwd:\(peer.password)",
                "a=fingerprint:sha-256 \(peer.certificate.fingerprint)", "a=setup:actpass", "a=mid:\(line.mid)",
                "a=\(line.direction)", "a=rtcp-mux",
            ]
            text += line.kind == .audio ? ["a=rtpmap:111 opus/48000/2"] : video(line.codec)
            if let ssrc = line.ssrc { text.append("a=ssrc:\(ssrc) cname:peer") }
            if let ssrc = line.ssrc, line.kind == .video {
                text += ["a=ssrc:\(ssrc + 1) cname:peer", "a=ssrc-group:FID \(ssrc) \(ssrc + 1)"]
            }
        }
        return text.joined(separator: "\r\n") + "\r\n"
    }

    private func video(_ codec: String) -> [String] {
        [
            "a=rtpmap:96 \(codec)", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000",
            "a=fmtp:97 apt=96",
        ]
    }
}

/// What an answer says of its m-lines.
struct AnsweredLines {
    /// By mid.
    var directions: [String: String] = [:]
    /// The first SSRC, by mid.
    var sources: [String: UInt32] = [:]

    init(_ sdp: String) throws {
        let description = try SessionDescription(parsing: sdp)
        for media in description.media {
            guard let mid = media.mid else { continue }
            directions[mid] = media.port == 0 ? "rejected" : media.direction(in: description).rawValue
            sources[mid] = try RTPMedia(media).sources.first
        }
    }
}

@MainActor extension EngineFixture {
    /// Who wants to see what: producers by mid.
    func wanted(_ videos: KeyValuePairs<String, String>) -> [WantedVideo] {
        videos.map { WantedVideo(mid: $0.key, producer: ParticipantID($0.value)) }
    }

    /// A peer that is connected by an offer of its own.
    func viewer(
        _ offer: ClientOffer, _ videos: KeyValuePairs<String, String>, by name: String = "bob"
    ) throws -> (peer: TestPeer, answer: AnsweredLines) {
        let peer = try TestPeer()
        let answer = try engine.subscribe(
            room: room, participant: ParticipantID(name), offer: offer.text(of: peer), videos: wanted(videos))
        try peer.connect(to: answer)
        try #require(handshake(peer))
        return (peer, try AnsweredLines(answer))
    }

    /// The same with another offer on the connection that there is.
    func view(
        _ peer: TestPeer, _ offer: ClientOffer, _ videos: KeyValuePairs<String, String>, by name: String = "bob"
    ) throws -> AnsweredLines {
        try AnsweredLines(
            engine.subscribe(
                room: room, participant: ParticipantID(name), offer: offer.text(of: peer), videos: wanted(videos)))
    }

    /// A connected peer that publishes and hears the mix.
    func member(_ name: String, _ offer: ClientOffer) throws -> (peer: TestPeer, answer: AnsweredLines) {
        let peer = try TestPeer()
        let production = try engine.join(
            room: room, participant: ParticipantID(name), offer: offer.text(of: peer), wanted: nil)
        try peer.connect(to: production.answer)
        try #require(handshake(peer))
        return (peer, try AnsweredLines(production.answer))
    }
}

/// The media packets of one SSRC that `peer` got, in order.
func packets(_ peer: TestPeer, of ssrc: UInt32?) -> [[UInt8]] {
    peer.media.filter { packet in packet.withUnsafeBytes { PacketHeader($0)?.ssrc } == ssrc }
}

/// Their sequence numbers, from the first one on.
func steps(_ peer: TestPeer, of ssrc: UInt32?) -> [UInt16] {
    let numbers = packets(peer, of: ssrc).compactMap { packet in packet.withUnsafeBytes { PacketHeader($0)?.sequence } }
    return numbers.map { $0 &- (numbers.first ?? 0) }
}

extension TestPeer {
    func asksAgain(for sequence: UInt16, of ssrc: UInt32) {
        sendRTCP { writer in
            [sequence].withUnsafeBufferPointer { writer.nack(sender: 1, media: ssrc, sequences: $0) }
        }
    }
}
