internal import FoundationEssentials
internal import Glibc

/// A file of JSON5 that is one object.
package enum JSON5File {
    /// The object's members, by name.
    /// - Parameter path: for errors only.
    package static func members(_ bytes: [UInt8], path: String) throws(ConfigurationError) -> [(
        key: String, value: JSON5Value
    )] {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        let root: JSON5Value
        do {
            root = try decoder.decode(JSON5Value.self, from: Data(bytes))
        } catch {
            throw .malformedFile(path, reason: "is not JSON5: \(reason(error))")
        }
        guard case .object(let members) = root else {
            throw .malformedFile(path, reason: "must be an object: { … }")
        }
        return members
    }

    /// The whole file, at most 1 MiB of it.
    package static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
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

    /// The decoder's own words, which have line and column; they come in the underlying error.
    private static func reason(_ error: any Error) -> String {
        if case DecodingError.dataCorrupted(let context) = error {
            return context.underlyingError.map { "\($0)" } ?? context.debugDescription
        }
        return "\(error)"
    }
}

/// Any JSON value.
package enum JSON5Value: Decodable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON5Value])
    case object([(key: String, value: JSON5Value)])

    package init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Key.self) {
            self = .object(
                try container.allKeys.map { ($0.stringValue, try container.decode(JSON5Value.self, forKey: $0)) }.sorted
                { $0.0 < $1.0 })
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [JSON5Value] = []
            while !container.isAtEnd { elements.append(try container.decode(JSON5Value.self)) }
            self = .array(elements)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let bool = try? container.decode(Bool.self) {
                self = .bool(bool)
            } else if let integer = try? container.decode(Int64.self) {
                self = .number(String(integer))
            } else if let integer = try? container.decode(UInt64.self) {
                self = .number(String(integer))
            } else if let number = try? container.decode(Double.self) {
                self = .number(String(number))
            } else {
                self = .string(try container.decode(String.self))
            }
        }
    }

    /// What a flag would say; nil for null, arrays and objects.
    package var text: String? {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .number(let text), .string(let text): text
        case .null, .array, .object: nil
        }
    }

    package var description: String {
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
