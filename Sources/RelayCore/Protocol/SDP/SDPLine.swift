/// One line, `x=value`.
public struct SDPLine: Sendable, Equatable {
    /// The letter before `=`, ASCII.
    public var type: UInt8
    public var value: String
    /// Where it stood in the parsed text, from 1; 0 for lines that we wrote.
    public var number: Int
    var ending: Ending

    enum Ending: String, Sendable { case carriageReturnLineFeed = "\r\n", lineFeed = "\n", none = "" }

    init(type: UInt8, value: String, number: Int = 0, ending: Ending = .carriageReturnLineFeed) {
        self.type = type
        self.value = value
        self.number = number
        self.ending = ending
    }

    /// A line of our own; `text` is `x=value`.
    init(_ text: String) {
        self.init(type: text.utf8.first ?? 0, value: String(text.dropFirst(2)))
    }

    func write(to text: inout String) {
        text.unicodeScalars.append(Unicode.Scalar(type))
        text += "="
        text += value
        text += ending.rawValue
    }
}

/// The value of an `a=name:value` line and where it stood.
public struct SDPAttribute: Sendable, Equatable {
    /// Empty for a property attribute (`a=name`).
    public var value: String
    public var line: Int

    public init(value: String, line: Int) {
        self.value = value
        self.line = line
    }
}

extension SDPLine {
    /// The value if this is `a=name` or `a=name:value`.
    func attribute(_ name: String) -> SDPAttribute? {
        guard type == UInt8(ascii: "a") else { return nil }
        let bytes = value.utf8
        guard bytes.starts(with: name.utf8) else { return nil }
        let end = bytes.index(bytes.startIndex, offsetBy: name.utf8.count)
        if end == bytes.endIndex { return SDPAttribute(value: "", line: number) }
        guard bytes[end] == UInt8(ascii: ":") else { return nil }
        return SDPAttribute(value: String(Substring(bytes[bytes.index(after: end)...])), line: number)
    }

    /// The name and value if this is an attribute.
    var nameAndValue: (name: String, value: String)? {
        guard type == UInt8(ascii: "a") else { return nil }
        let parts = value.cut(at: UInt8(ascii: ":"))
        return (parts.before, parts.after ?? "")
    }
}

extension [SDPLine] {
    func attributes(_ name: String) -> [SDPAttribute] { compactMap { $0.attribute(name) } }

    func attribute(_ name: String) -> SDPAttribute? {
        for line in self { if let found = line.attribute(name) { return found } }
        return nil
    }
}
