public import RelayControl

/// Which codecs of a description the relay takes, and when two descriptions of a codec mean the same one.
public enum CodecMatching {
    /// The first codec of an m-section, in its order of preference, that is allowed, with the payload types of its
    /// retransmissions and of RED. Nil: nothing there is usable.
    /// - Parameter allowed: what the configuration lets publishers send.
    public static func firstUsable(in media: RTPMedia, kind: MediaKind, allowed: Set<CodecName>) -> CodecParameters? {
        for payloadType in media.payloadTypes {
            guard let codec = codec(payloadType, in: media), codec.name.kind == kind, allowed.contains(codec.name)
            else { continue }
            return codec
        }
        return nil
    }

    /// All codecs of an m-section that the relay knows, in its order of preference, with their payload types.
    public static func usable(in media: RTPMedia, kind: MediaKind) -> [CodecParameters] {
        media.payloadTypes.compactMap { codec($0, in: media) }.filter { $0.name.kind == kind }
    }

    /// The payload types in an answer that mean `offered`; nil where it has no such codec.
    public static func find(_ offered: CodecParameters, in answer: RTPMedia) -> CodecParameters? {
        var found: CodecParameters?
        for payloadType in answer.payloadTypes {
            guard let codec = codec(payloadType, in: answer), isSame(codec, offered) || isEcho(codec, of: offered)
            else { continue }
            if payloadType == offered.payloadType { return codec }
            if found == nil { found = codec }
        }
        return found
    }

    /// Whether an answer took over an H.264 payload type as offered, though it names another profile: some libraries
    /// leave the profile out, which by the letter would mean Baseline, and some answer Baseline with its constrained
    /// form, which is all that any encoder of WebRTC makes of it.
    private static func isEcho(_ answered: CodecParameters, of offered: CodecParameters) -> Bool {
        guard answered.name == .H264, offered.name == .H264, answered.payloadType == offered.payloadType else {
            return false
        }
        let (first, second) = (FormatParameters(answered.format), FormatParameters(offered.format))
        guard number(first, "packetization-mode") == number(second, "packetization-mode") else { return false }
        guard let given = first["profile-level-id"] else { return true }
        let family: [H264Profile.Profile] = [.baseline, .constrainedBaseline]
        guard let one = H264Profile(given), let other = h264(second) else { return false }
        return family.contains(one.profile) && family.contains(other.profile)
    }

    /// Whether a receiver of one can decode the other: name, clock, channels, and the parameters that make streams
    /// incompatible.
    ///
    /// H.264: the same profile and packetization mode; the level is left out, because it bounds picture size and rate
    /// in one direction only where level asymmetry is allowed, and a relay has no way to make a publisher's level
    /// lower for one subscriber: what decoders of WebRTC take in practice lies far above what they declare (RFC 6184,
    /// section 8.2.2).
    public static func isSame(_ a: CodecParameters, _ b: CodecParameters) -> Bool {
        guard a.name == b.name, a.clockRate == b.clockRate, a.channels == b.channels else { return false }
        let first = FormatParameters(a.format)
        let second = FormatParameters(b.format)
        switch a.name {
        case .opus, .PCMU, .PCMA, .VP8: return true
        case .VP9: return number(first, "profile-id") == number(second, "profile-id")
        case .AV1: return number(first, "profile") == number(second, "profile")
        case .H264:
            guard number(first, "packetization-mode") == number(second, "packetization-mode") else { return false }
            guard let one = h264(first), let other = h264(second) else { return false }
            return one.profile == other.profile
        }
    }

    /// The codec behind a payload type, if the relay knows it: not RTX, RED, FEC, comfort noise or events.
    private static func codec(_ payloadType: UInt8, in media: RTPMedia) -> CodecParameters? {
        // With the marker bit, 64–95 would read as RTCP on the shared port (RFC 5761, section 4).
        guard !(64...95).contains(payloadType), let map = media.codecs[payloadType], let name = name(of: map) else {
            return nil
        }
        let format = media.formats[payloadType] ?? FormatParameters()
        guard isUsable(name, map, format) else { return nil }
        var codec = CodecParameters(
            name: name, payloadType: payloadType, clockRate: map.clockRate, channels: map.channels, format: format.text)
        codec.retransmissionPayloadType = retransmission(of: payloadType, in: media)
        if name == .opus { codec.redundancyPayloadType = redundancy(of: map, in: media) }
        return codec
    }

    private static func name(of map: RTPMap) -> CodecName? {
        let written = map.encoding.lowercased()
        return CodecName.allCases.first { $0.rawValue.lowercased() == written }
    }

    private static func isUsable(_ name: CodecName, _ map: RTPMap, _ format: FormatParameters) -> Bool {
        switch name {
        case .opus: map.clockRate == 48000 && map.channels == 2
        case .PCMU, .PCMA: map.clockRate == 8000 && map.channels == 1
        case .VP8, .VP9, .AV1: map.clockRate == 90000
        // Interleaved mode (2) reorders NAL units across packets; nobody in WebRTC sends it.
        case .H264: map.clockRate == 90000 && h264(format) != nil && (number(format, "packetization-mode") ?? 2) < 2
        }
    }

    /// The payload type of RTX (RFC 4588) for another.
    private static func retransmission(of payloadType: UInt8, in media: RTPMedia) -> UInt8? {
        media.payloadTypes.first { candidate in
            media.codecs[candidate]?.encoding.lowercased() == "rtx"
                && media.formats[candidate]?["apt"].flatMap { UInt8($0) } == payloadType
        }
    }

    /// The payload type of RED (RFC 2198) with the same clock and channels. Its `fmtp` names the primary; without one
    /// it fits any.
    private static func redundancy(of map: RTPMap, in media: RTPMedia) -> UInt8? {
        media.payloadTypes.first { candidate in
            guard let red = media.codecs[candidate], red.encoding.lowercased() == "red", red.clockRate == map.clockRate,
                red.channels == map.channels
            else { return false }
            guard let primaries = media.formats[candidate], !primaries.isEmpty else { return true }
            return primaries.text.fields(by: UInt8(ascii: "/")).allSatisfy { UInt8($0) == map.payloadType }
        }
    }

    /// A numeric parameter; 0 where it is absent, nil where it is not a number.
    private static func number(_ format: FormatParameters, _ key: String) -> Int? {
        guard let text = format[key] else { return 0 }
        return Int(text)
    }

    private static func h264(_ format: FormatParameters) -> H264Profile? {
        guard let text = format["profile-level-id"] else { return .default }
        return H264Profile(text)
    }
}
