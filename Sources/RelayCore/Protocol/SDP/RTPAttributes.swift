/// Typed values of the attributes that an RTP m-section has. Each parses what follows `a=name:`.

/// `a=rtpmap:111 opus/48000/2` (RFC 8866, section 6.6).
public struct RTPMap: Sendable, Hashable {
    public var payloadType: UInt8
    /// As written; names compare without regard to case.
    public var encoding: String
    public var clockRate: UInt32
    /// 1 where it is not given.
    public var channels: UInt8

    public init(payloadType: UInt8, encoding: String, clockRate: UInt32, channels: UInt8 = 1) {
        self.payloadType = payloadType
        self.encoding = encoding
        self.clockRate = clockRate
        self.channels = channels
    }

    init(_ attribute: SDPAttribute) throws(SDPError) {
        let fields = attribute.value.fields()
        guard fields.count == 2, let payloadType = UInt8(fields[0]), payloadType < 128 else {
            throw SDPError(
                line: attribute.line, reason: "a=rtpmap:\(attribute.value.excerpt) is not a payload type and a codec")
        }
        let parts = fields[1].fields(by: UInt8(ascii: "/"))
        guard parts.count == 2 || parts.count == 3, let clockRate = UInt32(parts[1]), clockRate > 0 else {
            throw SDPError(line: attribute.line, reason: "a=rtpmap names \(fields[1].excerpt), which has no clock rate")
        }
        var channels: UInt8 = 1
        if parts.count == 3 {
            guard let given = UInt8(parts[2]), given > 0 else {
                throw SDPError(line: attribute.line, reason: "a=rtpmap has \(parts[2].excerpt) channels")
            }
            channels = given
        }
        self.init(payloadType: payloadType, encoding: parts[0], clockRate: clockRate, channels: channels)
    }

    /// The static assignments of RFC 3551 that we relay; they need no `a=rtpmap`.
    static let assigned: [UInt8: RTPMap] = [
        0: RTPMap(payloadType: 0, encoding: "PCMU", clockRate: 8000),
        8: RTPMap(payloadType: 8, encoding: "PCMA", clockRate: 8000),
    ]

    /// `opus/48000/2`.
    var text: String { "\(encoding)/\(clockRate)" + (channels > 1 ? "/\(channels)" : "") }
}

/// `a=extmap:4/recvonly urn:…` (RFC 8285, section 5).
public struct ExtensionEntry: Sendable, Hashable {
    /// 1–255, or the 4096–4351 that RFC 8285 lets an offer use for "any".
    public var id: UInt16
    public var direction: MediaDescription.Direction?
    public var uri: String

    init(_ attribute: SDPAttribute) throws(SDPError) {
        let fields = attribute.value.fields()
        guard fields.count >= 2 else {
            throw SDPError(line: attribute.line, reason: "a=extmap:\(attribute.value.excerpt) has no URI")
        }
        let (number, way) = fields[0].cut(at: UInt8(ascii: "/"))
        guard let id = UInt16(number), id > 0 else {
            throw SDPError(line: attribute.line, reason: "\(number.excerpt) is not an identifier of a header extension")
        }
        if let way {
            guard let direction = MediaDescription.Direction(rawValue: way) else {
                throw SDPError(line: attribute.line, reason: "\(way.excerpt) is not a direction")
            }
            self.direction = direction
        }
        self.id = id
        uri = fields[1]
    }
}

/// `a=rid:h send pt=96` (RFC 8851).
public struct RestrictionIdentifier: Sendable, Hashable {
    public var id: String
    public var sends: Bool
    /// The payload types it is restricted to; empty: any.
    public var payloadTypes: [UInt8]

    init(_ attribute: SDPAttribute) throws(SDPError) {
        let fields = attribute.value.fields()
        guard fields.count >= 2, Self.isIdentifier(fields[0]), fields[1] == "send" || fields[1] == "recv" else {
            throw SDPError(
                line: attribute.line, reason: "a=rid:\(attribute.value.excerpt) is not an identifier and send or recv")
        }
        id = fields[0]
        sends = fields[1] == "send"
        payloadTypes = []
        guard fields.count > 2 else { return }
        for restriction in fields[2...].joined(separator: " ").fields(by: UInt8(ascii: ";")) {
            let (key, value) = restriction.trimmed().cut(at: UInt8(ascii: "="))
            if key == "pt", let value { payloadTypes = value.fields(by: UInt8(ascii: ",")).compactMap { UInt8($0) } }
        }
    }

    /// 1–255 letters, digits, `-` and `_`; more than 16 bytes would not fit a one-byte header extension.
    static func isIdentifier(_ text: String) -> Bool {
        !text.utf8.isEmpty && text.utf8.count <= 16
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }
}

/// `a=simulcast:send h;~m;l,x recv …` (RFC 8853).
public struct SimulcastDescription: Sendable, Hashable {
    /// The rids sent, in order of preference; of alternatives the first, paused ones (`~`) too.
    public var send: [String] = []
    public var receive: [String] = []

    init(_ attribute: SDPAttribute) throws(SDPError) {
        let fields = attribute.value.fields()
        guard fields.count == 2 || fields.count == 4 else {
            throw SDPError(
                line: attribute.line,
                reason: "a=simulcast:\(attribute.value.excerpt) is not a direction and a list of rids")
        }
        for index in stride(from: 0, to: fields.count, by: 2) {
            let identifiers = fields[index + 1].fields(by: UInt8(ascii: ";")).compactMap { alternatives in
                alternatives.fields(by: UInt8(ascii: ",")).first.map {
                    $0.utf8.first == UInt8(ascii: "~") ? String($0.dropFirst()) : $0
                }
            }
            switch fields[index] {
            case "send": send = identifiers
            case "recv": receive = identifiers
            default:
                throw SDPError(
                    line: attribute.line, reason: "a=simulcast: \(fields[index].excerpt) is neither send nor recv")
            }
        }
    }
}

/// `a=ssrc-group:FID 1 2` (RFC 5576).
public struct SourceGroup: Sendable, Hashable {
    public var semantics: String
    public var sources: [UInt32]

    init(_ attribute: SDPAttribute) throws(SDPError) {
        let fields = attribute.value.fields()
        guard let semantics = fields.first else {
            throw SDPError(line: attribute.line, reason: "a=ssrc-group is empty")
        }
        self.semantics = semantics
        sources = []
        for field in fields.dropFirst() {
            guard let source = UInt32(field) else {
                throw SDPError(line: attribute.line, reason: "\(field.excerpt) is not an SSRC")
            }
            sources.append(source)
        }
    }
}
