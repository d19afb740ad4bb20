/// The bytes of one event: pure, so that tests can look at them.
///
/// Whatever a value holds, the result has exactly one line break, its last byte, and no terminal control sequence.
package enum LogLine {
    /// Appends one line.
    /// - Parameter time: milliseconds since 1970, UTC.
    package static func append(
        to line: inout [UInt8], format: Log.Format, time: Int64, level: Log.Level, event: StaticString,
        fields: KeyValuePairs<String, String>
    ) {
        switch format {
        case .text: appendText(to: &line, time: time, level: level, event: event, fields: fields)
        case .json: appendJSON(to: &line, time: time, level: level, event: event, fields: fields)
        }
    }

    private static func appendText(
        to line: inout [UInt8], time: Int64, level: Log.Level, event: StaticString,
        fields: KeyValuePairs<String, String>
    ) {
        line.append(contentsOf: "time=".utf8)
        Timestamp.append(to: &line, millisecondsSince1970: time)
        line.append(contentsOf: " level=".utf8)
        line.append(contentsOf: level.name.utf8)
        line.append(contentsOf: " event=".utf8)
        event.withUTF8Buffer { appendKey($0, to: &line) }
        for (key, value) in fields {
            line.append(UInt8(ascii: " "))
            appendKey(key.utf8, to: &line)
            line.append(UInt8(ascii: "="))
            if isBare(value) { line.append(contentsOf: value.utf8) } else { appendQuoted(value, to: &line) }
        }
        line.append(UInt8(ascii: "\n"))
    }

    private static func appendJSON(
        to line: inout [UInt8], time: Int64, level: Log.Level, event: StaticString,
        fields: KeyValuePairs<String, String>
    ) {
        line.append(contentsOf: #"{"time":""#.utf8)
        Timestamp.append(to: &line, millisecondsSince1970: time)
        line.append(contentsOf: #"","level":""#.utf8)
        line.append(contentsOf: level.name.utf8)
        line.append(contentsOf: #"","event":""#.utf8)
        event.withUTF8Buffer { appendKey($0, to: &line) }
        line.append(UInt8(ascii: "\""))
        for (key, value) in fields {
            line.append(UInt8(ascii: ","))
            appendQuoted(key, to: &line)
            line.append(UInt8(ascii: ":"))
            appendQuoted(value, to: &line)
        }
        line.append(contentsOf: "}\n".utf8)
    }

    /// A key or an event's name without quotes: what a reader could take for a delimiter becomes `_`.
    private static func appendKey(_ key: some Sequence<UInt8>, to line: inout [UInt8]) {
        for byte in key {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                line.append(byte)
            default: line.append(UInt8(ascii: "_"))
            }
        }
    }

    /// Whether a value can stand without quotes.
    private static func isBare(_ value: String) -> Bool {
        if value.isEmpty { return false }
        return value.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
                && byte != UInt8(ascii: "\\")
        }
    }

    /// A JSON string. Beyond what JSON asks for, everything invisible is escaped, so that no terminal acts upon it.
    private static func appendQuoted(_ value: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": line.append(contentsOf: #"\""#.utf8)
            case "\\": line.append(contentsOf: #"\\"#.utf8)
            case "\n": line.append(contentsOf: #"\n"#.utf8)
            case "\r": line.append(contentsOf: #"\r"#.utf8)
            case "\t": line.append(contentsOf: #"\t"#.utf8)
            default:
                if isInvisible(scalar) {
                    appendEscape(scalar, to: &line)
                } else {
                    line.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                }
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }

    /// `\u00XX`; above the basic plane a surrogate pair, as JSON wants it.
    private static func appendEscape(_ scalar: Unicode.Scalar, to line: inout [UInt8]) {
        for unit in scalar.utf16 {
            line.append(contentsOf: #"\u"#.utf8)
            for shift: UInt16 in [12, 8, 4, 0] {
                let digit = UInt8(truncatingIfNeeded: (unit >> shift) & 0xF)
                line.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }
}
