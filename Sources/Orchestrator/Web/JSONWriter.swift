/// Writes JSON straight into bytes: what lists everybody in a room is written for everybody who comes, and going through
/// `Encodable` takes many times as long.
nonisolated public struct JSONWriter {
    /// What was written so far, as UTF-8.
    public private(set) var bytes: [UInt8] = []

    /// A writer of one value.
    public init() {}

    // MARK: Values

    /// Text that is JSON already.
    public mutating func raw(_ json: String) { bytes.append(contentsOf: json.utf8) }

    /// Writes a string with its quotes, any text at all (RFC 8259, section 7).
    public mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var plain = 0
            for index in utf8.indices {
                let byte = utf8[index]
                if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
                bytes.append(contentsOf: utf8[plain..<index])
                bytes.append(contentsOf: Self.escape(of: byte).utf8)
                plain = index + 1
            }
            bytes.append(contentsOf: utf8[plain...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// What stands for a byte that a string may not have as it is (RFC 8259, section 7).
    private static func escape(of byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\n"): return "\\n"
        case UInt8(ascii: "\r"): return "\\r"
        case UInt8(ascii: "\t"): return "\\t"
        case 0..<0x20:
            let digits = String(byte, radix: 16)
            return "\\u00" + (digits.utf8.count == 1 ? "0" : "") + digits
        default: return "\\" + String(UnicodeScalar(byte))
        }
    }

    /// Writes an array.
    /// - Parameter write: writes one element as one value.
    public mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        bytes.append(UInt8(ascii: "["))
        for (number, element) in elements.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            write(&self, element)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Writes an object.
    /// - Parameter write: writes the fields.
    public mutating func object(_ write: (inout Fields) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        var fields = Fields(writer: JSONWriter())
        swap(&fields.writer, &self)
        write(&fields)
        swap(&fields.writer, &self)
        bytes.append(UInt8(ascii: "}"))
    }

    /// The fields of an object, in the order in which they are written.
    nonisolated public struct Fields {
        fileprivate var writer: JSONWriter
        private var isFirst = true

        fileprivate init(writer: JSONWriter) { self.writer = writer }

        private mutating func name(_ name: String) {
            if !isFirst { writer.bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            writer.string(name)
            writer.bytes.append(UInt8(ascii: ":"))
        }

        /// Writes one field. Nobody checks that no name comes twice.
        public mutating func field(_ name: String, _ value: some JSONWritable) {
            self.name(name)
            value.write(to: &writer)
        }

        /// Writes one field, null where the value is nil.
        public mutating func field(_ name: String, orNull value: (some JSONWritable)?) {
            if let value { field(name, value) } else { field(name, RawJSON.null) }
        }

        /// Writes one field, or nothing where the value is nil.
        public mutating func field(_ name: String, _ value: (some JSONWritable)?) {
            if let value { field(name, value) }
        }
    }
}

/// What can be written as JSON.
nonisolated public protocol JSONWritable {
    /// Writes exactly one value.
    func write(to writer: inout JSONWriter)
}

nonisolated extension JSONWritable {
    /// The value as one line of JSON, in UTF-8.
    public var jsonBytes: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// The value as one line of JSON.
    public var jsonText: String { String(decoding: jsonBytes, as: UTF8.self) }
}

/// One value that was encoded before and is passed on as it is, however often.
nonisolated public struct RawJSON: JSONWritable, Sendable, Hashable {
    /// One whole JSON value.
    public let text: String

    /// Encodes the value, with sorted keys.
    /// - Throws: `WebFailure.badBody` where it cannot be encoded: nothing half written is ever passed on.
    public init(encoding value: some Encodable) throws(WebFailure) {
        guard let bytes = try? JSONBody.encode(value), !bytes.isEmpty else {
            throw .badBody("body: cannot be written as JSON")
        }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Brings one back from its text.
    /// - Parameter text: the `text` of another, and nothing else: nobody looks into it again, and what is no whole value would
    ///   spoil everything around it.
    public init(restoring text: String) { self.text = text }

    /// JSON's null.
    public static let null = RawJSON(restoring: "null")

    public func write(to writer: inout JSONWriter) { writer.raw(text) }
}

nonisolated extension String: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.string(self) }
}

nonisolated extension Bool: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.raw(self ? "true" : "false") }
}

nonisolated extension Int: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.raw(String(self)) }
}

nonisolated extension UInt64: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.raw(String(self)) }
}

nonisolated extension Double: JSONWritable {
    /// Numbers that JSON has not are null.
    public func write(to writer: inout JSONWriter) { writer.raw(isFinite ? String(self) : "null") }
}

nonisolated extension Array: JSONWritable where Element: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.array(self) { $1.write(to: &$0) } }
}

nonisolated extension Response {
    /// A response with that value as its JSON body.
    public static func json(_ value: some JSONWritable, status: Int = 200) -> Response {
        Response(
            status: status, headers: Headers([("Content-Type", "application/json; charset=utf-8")]),
            body: value.jsonBytes)
    }
}
