/// A session description (RFC 8866): what it is made of, in order, so that writing returns the bytes that were parsed.
///
/// Parsing checks the shape of the text (`x=value` lines, `v=0` first, an `o=` with six fields, well-formed `m=`
/// lines) and keeps every line, known or not. What single attributes mean is read on demand: `RTPMedia` for an
/// m-section, `TransportDescription` for ICE and DTLS.
public struct SessionDescription: Sendable, Equatable {
    /// The lines before the first `m=`.
    public var lines: [SDPLine]
    /// The m-sections in order.
    public var media: [MediaDescription]
    /// Empty lines at the end, which some senders add.
    var trailer: String = ""

    public init(lines: [SDPLine] = [], media: [MediaDescription] = []) {
        self.lines = lines
        self.media = media
    }

    /// What a caller is willing to read.
    public struct Limits: Sendable, Equatable {
        public var bytes: Int
        public var mediaLines: Int

        public init(bytes: Int = 256 * 1024, mediaLines: Int = 256) {
            self.bytes = bytes
            self.mediaLines = mediaLines
        }
    }

    /// Every m-section is read together with the session's lines, so their number bounds the work.
    private static let maximumSessionLines = 1000

    /// Parses a session description.
    /// - Throws: the first line that is wrong, or the limit that is passed.
    public init(parsing text: String, limits: Limits = Limits()) throws(SDPError) {
        let count = text.utf8.count
        guard count <= limits.bytes else {
            throw SDPError(reason: "the SDP has \(count) bytes, more than the limit of \(limits.bytes)")
        }
        guard count > 0 else { throw SDPError(reason: "the SDP is empty") }
        self.init()
        var scanner = LineScanner(text)
        while let line = try scanner.next() {
            if line.type == UInt8(ascii: "m") {
                guard media.count < limits.mediaLines else {
                    throw SDPError(line: line.number, reason: "more than \(limits.mediaLines) m-lines")
                }
                media.append(try MediaDescription(heading: line))
            } else if media.isEmpty {
                guard lines.count < Self.maximumSessionLines else {
                    throw SDPError(
                        line: line.number, reason: "more than \(Self.maximumSessionLines) lines before the first m-line"
                    )
                }
                lines.append(line)
            } else {
                media[media.count - 1].lines.append(line)
            }
        }
        trailer = scanner.trailer
        guard let first = lines.first, first.type == UInt8(ascii: "v") else {
            throw SDPError(line: 1, reason: "the first line is not v=0")
        }
        guard first.value == "0" else { throw SDPError(line: 1, reason: "version \(first.value.excerpt) instead of 0") }
        _ = try origin()
    }

    /// The text, exactly as parsed where nothing was changed.
    public var text: String {
        var text = ""
        for line in lines { line.write(to: &text) }
        for section in media {
            section.heading.write(to: &text)
            for line in section.lines { line.write(to: &text) }
        }
        return text + trailer
    }

    /// Who made the description: `o=`.
    public struct Origin: Sendable, Equatable {
        /// Constant for the life of a peer connection.
        public var sessionID: String
        /// Grows with every description of it.
        public var version: String
    }

    /// - Throws: when there is no `o=` line, or it has not the six fields of RFC 8866, section 5.2.
    public func origin() throws(SDPError) -> Origin {
        guard let line = lines.first(where: { $0.type == UInt8(ascii: "o") }) else {
            throw SDPError(reason: "there is no o= line")
        }
        let fields = line.value.fields()
        guard fields.count == 6 else {
            throw SDPError(line: line.number, reason: "o= has \(fields.count) fields instead of 6")
        }
        return Origin(sessionID: fields[1], version: fields[2])
    }

    /// The values of all session-level `a=name:` lines.
    public func attributes(_ name: String) -> [SDPAttribute] { lines.attributes(name) }

    /// The first session-level `a=name`.
    public func attribute(_ name: String) -> SDPAttribute? { lines.attribute(name) }

    /// The mids of the first `a=group:BUNDLE`; nil where there is none.
    public var bundle: [String]? {
        for group in attributes("group") {
            let fields = group.value.fields()
            if fields.first == "BUNDLE" { return Array(fields.dropFirst()) }
        }
        return nil
    }
}

/// Cuts a text into lines and checks their form.
private struct LineScanner {
    private let bytes: [UInt8]
    private var position = 0
    private var number = 0
    /// Empty lines at the end.
    private(set) var trailer = ""

    init(_ text: String) { bytes = Array(text.utf8) }

    /// - Returns: nil at the end.
    mutating func next() throws(SDPError) -> SDPLine? {
        guard position < bytes.count else { return nil }
        number += 1
        let start = position
        var end = start
        while end < bytes.count, bytes[end] != 0x0A { end += 1 }
        position = end < bytes.count ? end + 1 : end
        var ending = end < bytes.count ? SDPLine.Ending.lineFeed : .none
        if ending == .lineFeed, end > start, bytes[end - 1] == 0x0D {
            end -= 1
            ending = .carriageReturnLineFeed
        }
        if end == start {
            guard bytes[start...].allSatisfy({ $0 == 0x0A || $0 == 0x0D }) else {
                throw SDPError(line: number, reason: "an empty line")
            }
            trailer = String(decoding: bytes[start...], as: UTF8.self)
            position = bytes.count
            return nil
        }
        for byte in bytes[start..<end] where byte < 0x20 && byte != 0x09 {
            throw SDPError(line: number, reason: "control character \(byte)")
        }
        guard end - start >= 2, bytes[start + 1] == UInt8(ascii: "="), bytes[start] >= 0x61, bytes[start] <= 0x7A else {
            let text = String(decoding: bytes[start..<end], as: UTF8.self)
            throw SDPError(line: number, reason: "\(text.excerpt) is not of the form x=value")
        }
        let value = String(decoding: bytes[(start + 2)..<end], as: UTF8.self)
        return SDPLine(type: bytes[start], value: value, number: number, ending: ending)
    }
}
