/// Which format parameters (`a=fmtp`) of a publisher's offer go into our answer, and which on to subscribers.
extension CodecParameters {
    /// For the answer: what we, as the receiver, ask of the encoder; for H.264 the offered profile and level as they
    /// are, which both the symmetric and the asymmetric rule of RFC 6184, section 8.2.2 allow. Limits that the offerer
    /// stated for what it receives (VP8's `max-fs`) are not ours and stay out.
    var answerFormat: String {
        let offered = FormatParameters(format)
        switch name {
        case .opus:
            var answer = offered.only([
                "minptime", "useinbandfec", "stereo", "usedtx", "maxaveragebitrate", "maxplaybackrate", "cbr",
            ])
            if offered["sprop-stereo"] == "1" { answer["stereo"] = "1" }
            return answer.text
        case .H264: return offered.only(["level-asymmetry-allowed", "packetization-mode", "profile-level-id"]).text
        case .VP9: return offered.only(["profile-id"]).text
        case .AV1: return offered.only(["profile", "level-idx", "tier"]).text
        case .VP8, .PCMU, .PCMA: return ""
        }
    }

    /// For offers to subscribers: what describes the stream itself. Parameter sets sent only in SDP go with it.
    var streamFormat: String {
        let offered = FormatParameters(format)
        switch name {
        case .opus:
            var stream = offered.only(["minptime", "useinbandfec", "usedtx"])
            if offered["sprop-stereo"] == "1" || offered["stereo"] == "1" {
                stream["stereo"] = "1"
                stream["sprop-stereo"] = "1"
            }
            return stream.text
        case .H264:
            return offered.only([
                "level-asymmetry-allowed", "packetization-mode", "profile-level-id", "sprop-parameter-sets",
            ]).text
        case .VP9, .AV1, .VP8, .PCMU, .PCMA: return answerFormat
        }
    }
}
