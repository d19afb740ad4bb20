/// An RTP m-section read: the attributes that codecs, header extensions and streams are negotiated with.
///
/// Made in one pass over the lines, so that its cost is linear in the size of the text.
public struct RTPMedia: Sendable {
    /// Payload types in order of preference, as on the `m=` line; each at most once.
    public private(set) var payloadTypes: [UInt8] = []
    /// Codec of each payload type, static ones included.
    public private(set) var codecs: [UInt8: RTPMap] = [:]
    /// `a=fmtp` of each payload type.
    public private(set) var formats: [UInt8: FormatParameters] = [:]
    /// `a=extmap` lines in order; each URI and each identifier at most once.
    public private(set) var extensions: [ExtensionEntry] = []
    public private(set) var identifiers: [RestrictionIdentifier] = []
    public private(set) var simulcast: SimulcastDescription?
    /// SSRCs in order of appearance in `a=ssrc`.
    public private(set) var sources: [UInt32] = []
    public private(set) var groups: [SourceGroup] = []

    /// Feedback of each payload type; under nil what is for all (`*`). In lower case, e.g. `nack pli`.
    private var feedback: [UInt8?: Set<String>] = [:]

    /// - Throws: the first attribute that is malformed.
    public init(_ media: MediaDescription) throws(SDPError) {
        var listed = Set<UInt8>()
        for format in media.formats {
            guard let payloadType = UInt8(format), payloadType < 128 else {
                throw SDPError(line: media.heading.number, reason: "\(format.excerpt) is not a payload type")
            }
            if listed.insert(payloadType).inserted { payloadTypes.append(payloadType) }
            codecs[payloadType] = RTPMap.assigned[payloadType]
        }
        var announced = Set<UInt32>()
        var uris = Set<String>()
        var numbers = Set<UInt16>()
        for line in media.lines {
            guard let (name, value) = line.nameAndValue else { continue }
            let attribute = SDPAttribute(value: value, line: line.number)
            switch name {
            case "rtpmap":
                let map = try RTPMap(attribute)
                codecs[map.payloadType] = map
            case "fmtp":
                let (number, text) = value.cut(at: UInt8(ascii: " "))
                guard let payloadType = UInt8(number) else {
                    throw SDPError(line: line.number, reason: "a=fmtp: \(number.excerpt) is not a payload type")
                }
                formats[payloadType] = FormatParameters(text ?? "")
            case "rtcp-fb": readFeedback(value)
            case "extmap":
                let entry = try ExtensionEntry(attribute)
                guard numbers.insert(entry.id).inserted else {
                    throw SDPError(line: line.number, reason: "a=extmap: identifier \(entry.id) is given twice")
                }
                if uris.insert(entry.uri).inserted { extensions.append(entry) }
            case "rid": identifiers.append(try RestrictionIdentifier(attribute))
            case "simulcast": simulcast = try SimulcastDescription(attribute)
            case "ssrc":
                let number = value.cut(at: UInt8(ascii: " ")).before
                guard let source = UInt32(number) else {
                    throw SDPError(line: line.number, reason: "\(number.excerpt) is not an SSRC")
                }
                if announced.insert(source).inserted { sources.append(source) }
            case "ssrc-group": groups.append(try SourceGroup(attribute))
            default: break
            }
        }
    }

    /// `a=rtcp-fb:96 nack pli`, or `*` for all; unknown kinds are kept and never asked for.
    private mutating func readFeedback(_ value: String) {
        let (number, kind) = value.cut(at: UInt8(ascii: " "))
        guard let kind else { return }
        let text = kind.fields().joined(separator: " ").lowercased()
        if number == "*" {
            feedback[nil, default: []].insert(text)
        } else if let payloadType = UInt8(number) {
            feedback[payloadType, default: []].insert(text)
        }
    }

    /// The feedback given for a payload type, of that which we know.
    public func feedback(for payloadType: UInt8) -> FeedbackSet {
        let texts = feedback[payloadType, default: []].union(feedback[nil, default: []])
        var set = FeedbackSet()
        for (kind, text) in FeedbackSet.texts where texts.contains(text) { set.insert(kind) }
        return set
    }
}

extension FeedbackSet {
    /// What follows the payload type in `a=rtcp-fb`, in the order in which we write it.
    static let texts: [(kind: FeedbackSet, text: String)] = [
        (.receiverEstimate, "goog-remb"), (.transportWide, "transport-cc"), (.fullIntraRequest, "ccm fir"),
        (.nack, "nack"),
        (.pictureLoss, "nack pli"),
    ]
}
