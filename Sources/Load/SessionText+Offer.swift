internal import RelayProtocol

extension SessionText {
    /// The streams that a publisher offers.
    package struct Sources: Sendable {
        /// One video stream.
        package struct Layer: Sendable, Equatable {
            /// Nil without simulcast: the stream is then announced by its SSRC.
            package var rid: String?
            package var ssrc: UInt32
            package var retransmission: UInt32
        }

        /// Nil: no audio.
        package var audio: UInt32?
        /// The smallest first; none: no video.
        package var layers: [Layer]
        package var codec = VideoCodec.vp8
        package var isDiscontinuous = false

        package init(audio: UInt32?, layers: [Layer], codec: VideoCodec = .vp8, isDiscontinuous: Bool = false) {
            self.audio = audio
            self.layers = layers
            self.codec = codec
            self.isDiscontinuous = isDiscontinuous
        }

        /// VP8 without simulcast.
        package init(audio: UInt32?, video: UInt32?, retransmission: UInt32) {
            let layer = video.map { Layer(rid: nil, ssrc: $0, retransmission: retransmission) }
            self.init(audio: audio, layers: layer.map { [$0] } ?? [])
        }
    }

    /// Who begins DTLS (RFC 8842).
    package enum Setup: String, Sendable { case actpass, active }

    /// The identifier under which a header extension is offered.
    static func number(of kind: HeaderExtension) -> UInt8 {
        switch kind {
        case .audioLevel: 1
        case .absoluteSendTime: 2
        case .transportSequence: 3
        case .mid: 4
        case .streamID: 10
        case .repairedStreamID: 11
        case .videoOrientation: 13
        case .absoluteCaptureTime: 14
        case .dependencyDescriptor: 12
        case .playoutDelay: 5
        }
    }

    private static func extensions(_ kinds: HeaderExtension...) -> [String] {
        kinds.map { "a=extmap:\(number(of: $0)) \($0.uri)" }
    }

    /// A publisher's offer: Opus and one video codec with retransmission, as Chromium orders it.
    /// - Parameter setup: `.active` for a server that would choose to be the DTLS client itself.
    package static func offer(_ local: Local, session: UInt64, sources: Sources, setup: Setup = .actpass) -> String {
        let mids = (sources.audio == nil ? [] : [audioMid]) + (sources.layers.isEmpty ? [] : [videoMid])
        let head = [
            "v=0", "o=- \(session) 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE \(mids.joined(separator: " "))",
            "a=extmap-allow-mixed", "a=msid-semantic: WMS bench",
        ]
        let transport =
            ["c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"] + local.iceLines + ["a=setup:\(setup.rawValue)"]
        let audio = sources.audio.map { audioSection(transport, $0, isDiscontinuous: sources.isDiscontinuous) } ?? []
        let video = sources.layers.isEmpty ? [] : videoSection(transport, sources.layers, sources.codec)
        return text(head + audio + video)
    }

    private static let direction = ["a=sendonly", "a=rtcp-mux", "a=rtcp-rsize"]

    private static func audioSection(_ transport: [String], _ ssrc: UInt32, isDiscontinuous: Bool) -> [String] {
        ["m=audio 9 UDP/TLS/RTP/SAVPF \(audioPayloadType)"] + transport + ["a=mid:\(audioMid)"]
            + extensions(.audioLevel, .absoluteSendTime, .transportSequence, .mid) + direction + [
                "a=msid:bench audio", "a=rtpmap:\(audioPayloadType) opus/48000/2",
                "a=rtcp-fb:\(audioPayloadType) transport-cc",
                "a=fmtp:\(audioPayloadType) minptime=10;useinbandfec=1" + (isDiscontinuous ? ";usedtx=1" : ""),
                "a=ssrc:\(ssrc) cname:bench",
            ]
    }

    private static func videoSection(_ transport: [String], _ layers: [Sources.Layer], _ codec: VideoCodec) -> [String]
    {
        let type = codec.payloadType
        var lines =
            ["m=video 9 UDP/TLS/RTP/SAVPF \(type) \(codec.retransmissionPayloadType)"] + transport
            + ["a=mid:\(videoMid)"]
            + extensions(.absoluteSendTime, .transportSequence, .mid, .streamID, .repairedStreamID) + direction
            + ["a=msid:bench video", "a=rtpmap:\(type) \(codec.rawValue.uppercased())/90000"]
        for feedback in ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"] {
            lines.append("a=rtcp-fb:\(type) \(feedback)")
        }
        if codec == .h264 {
            lines.append("a=fmtp:\(type) level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")
        }
        lines += [
            "a=rtpmap:\(codec.retransmissionPayloadType) rtx/90000",
            "a=fmtp:\(codec.retransmissionPayloadType) apt=\(type)",
        ]
        let rids = layers.compactMap(\.rid)
        if rids.isEmpty {
            for layer in layers {
                lines += [
                    "a=ssrc-group:FID \(layer.ssrc) \(layer.retransmission)", "a=ssrc:\(layer.ssrc) cname:bench",
                    "a=ssrc:\(layer.retransmission) cname:bench",
                ]
            }
        } else {
            lines += rids.map { "a=rid:\($0) send" } + ["a=simulcast:send \(rids.joined(separator: ";"))"]
        }
        return lines
    }
}
