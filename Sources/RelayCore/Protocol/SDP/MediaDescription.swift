/// An m-section: its `m=` line and what follows it up to the next.
public struct MediaDescription: Sendable, Equatable {
    /// `audio`, `video`, `application`, or whatever else the sender wrote.
    public var kind: String
    /// 0 where the m-section is rejected (or bundle-only, RFC 8843).
    public var port: UInt16
    /// E.g. `UDP/TLS/RTP/SAVPF`.
    public var transport: String
    /// Payload types of an RTP m-section, else what the transport means by it.
    public var formats: [String]
    /// The lines after `m=`.
    public var lines: [SDPLine]
    /// The `m=` line as it is written.
    let heading: SDPLine

    /// Which way media flows, from the view of who wrote the description.
    public enum Direction: String, Sendable, CaseIterable {
        case sendrecv, sendonly, recvonly, inactive

        var sends: Bool { self == .sendrecv || self == .sendonly }
        var receives: Bool { self == .sendrecv || self == .recvonly }
    }

    /// Parses an `m=` line: `media port[/number] transport formats`.
    init(heading line: SDPLine) throws(SDPError) {
        let fields = line.value.fields()
        guard fields.count >= 4 else {
            throw SDPError(
                line: line.number,
                reason: "m= has \(fields.count) fields, at least 4 are needed: media, port, transport, formats")
        }
        guard fields[0].isToken else {
            throw SDPError(line: line.number, reason: "\(fields[0].excerpt) is not a media type")
        }
        let portText = fields[1].cut(at: UInt8(ascii: "/")).before
        guard let port = UInt16(portText) else {
            throw SDPError(line: line.number, reason: "\(portText.excerpt) is not a port")
        }
        kind = fields[0]
        self.port = port
        transport = fields[2]
        formats = Array(fields[3...])
        lines = []
        heading = line
    }

    /// An m-section of our own.
    init(kind: String, port: UInt16, transport: String, formats: [String]) {
        self.kind = kind
        self.port = port
        self.transport = transport
        self.formats = formats
        lines = []
        heading = SDPLine("m=\(kind) \(port) \(transport) \(formats.joined(separator: " "))")
    }

    /// Adds a line of our own; `text` is `x=value`.
    mutating func add(_ text: String) { lines.append(SDPLine(text)) }

    public func attributes(_ name: String) -> [SDPAttribute] { lines.attributes(name) }
    public func attribute(_ name: String) -> SDPAttribute? { lines.attribute(name) }

    /// `a=mid`; nil where there is none.
    public var mid: String? { attribute("mid")?.value }

    /// The m-section's direction, else the session's, else `sendrecv` (RFC 8866, section 6.7).
    public func direction(in session: SessionDescription) -> Direction {
        Self.direction(among: lines) ?? Self.direction(among: session.lines) ?? .sendrecv
    }

    private static func direction(among lines: [SDPLine]) -> Direction? {
        for line in lines where line.type == UInt8(ascii: "a") {
            if let direction = Direction(rawValue: line.value) { return direction }
        }
        return nil
    }

    /// Whether the sender wants no media here: port 0, and not because it is only meant to be bundled.
    public var isRejected: Bool { port == 0 && attribute("bundle-only") == nil }
}
