internal import FoundationEssentials
internal import Glibc

/// The configuration file: JSON5, objects within objects; `{http: {listen: …}}` and `{"http.listen": …}` mean the same.
struct ConfigurationFile {
    /// Texts by key; several for an array.
    private(set) var values: [String: [String]] = [:]

    /// - Parameter path: for errors only.
    init(bytes: [UInt8], path: String) throws(ConfigurationError) {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        let root: JSONValue
        do {
            root = try decoder.decode(JSONValue.self, from: Data(bytes))
        } catch {
            throw .malformedFile(path, reason: "is not JSON5: \(Self.reason(error))")
        }
        guard case .object(let members) = root else {
            throw .malformedFile(path, reason: "must be an object: { … }")
        }
        try add(members, under: "", path: path)
    }

    /// The whole file, at most 1 MiB of it.
    static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw .unreadableFile(path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count <= 1 << 20 {
            let part = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                count = max(-1, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
                if count < 0 { count = 0 }
            }
            if part.isEmpty { return bytes }
            bytes += part
        }
        throw .unreadableFile(path, reason: "it is larger than 1 MiB")
    }

    private mutating func add(_ members: [(key: String, value: JSONValue)], under prefix: String, path: String)
        throws(ConfigurationError)
    {
        for (name, value) in members {
            let key = prefix + name
            if case .object(let inner) = value {
                try add(inner, under: key + ".", path: path)
                continue
            }
            guard let setting = SettingsTable.setting(key: key) else {
                throw .unknownKey(key, file: path, nearest: Nearest.name(to: key, among: SettingsTable.all.map(\.key)))
            }
            if values[key] != nil { throw .repeatedKey(key, file: path) }
            guard let texts = Self.texts(value, isList: setting.isList) else {
                throw .badValue(
                    key: key, value: setting.isSecret ? nil : value.description, source: .file(path),
                    expected: setting.expected)
            }
            values[key] = texts
        }
    }

    private static func texts(_ value: JSONValue, isList: Bool) -> [String]? {
        if let text = value.text { return [text] }
        guard isList, case .array(let elements) = value else { return nil }
        let texts = elements.compactMap(\.text)
        return texts.count == elements.count ? texts : nil
    }

    /// The decoder's own words, which have line and column; they come in the underlying error.
    private static func reason(_ error: any Error) -> String {
        if case DecodingError.dataCorrupted(let context) = error {
            return context.underlyingError.map { "\($0)" } ?? context.debugDescription
        }
        return "\(error)"
    }
}

/// Any JSON value.
private enum JSONValue: Decodable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Key.self) {
            self = .object(
                try container.allKeys.map { ($0.stringValue, try container.decode(JSONValue.self, forKey: $0)) }.sorted
                { $0.0 < $1.0 })
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [JSONValue] = []
            while !container.isAtEnd { elements.append(try container.decode(JSONValue.self)) }
            self = .array(elements)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let bool = try? container.decode(Bool.self) {
                self = .bool(bool)
            } else if let integer = try? container.decode(Int64.self) {
                self = .number(String(integer))
            } else if let number = try? container.decode(Double.self) {
                self = .number(String(number))
            } else {
                self = .string(try container.decode(String.self))
            }
        }
    }

    /// What a flag would say; nil for null, arrays and objects.
    var text: String? {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .number(let text), .string(let text): text
        case .null, .array, .object: nil
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .array: "an array"
        case .object: "an object"
        default: text ?? ""
        }
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
