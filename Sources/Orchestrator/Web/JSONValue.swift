internal import Synchronization

/// Any JSON value, kept as it came: whole numbers up to 64 bits stay exact, all others are doubles; the order of an
/// object's keys is not kept. For what passes through us unread, such as `userInfo`.
nonisolated public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A whole number that only `UInt64` holds.
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Values nested deeper than this are refused when they are decoded.
    public static let maximumDepth = 64
    /// More values than this in one body are refused. Decoding one takes microseconds, and nobody else is served
    /// meanwhile.
    public static let maximumCount = 32_768

    /// The value under that key of an object.
    public subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }
}

nonisolated extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        guard decoder.codingPath.count <= Self.maximumDepth else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: Array(decoder.codingPath.prefix(1)),
                    debugDescription: "nested deeper than \(Self.maximumDepth) levels"))
        }
        if let key = Budget.key, let budget = decoder.userInfo[key] as? Budget { try budget.spend() }
        if let scalar = try Self.scalar(decoder.singleValueContainer()) {
            self = scalar
        } else if var elements = try? decoder.unkeyedContainer() {
            var values: [JSONValue] = []
            while !elements.isAtEnd { values.append(try elements.decode(JSONValue.self)) }
            self = .array(values)
        } else {
            // What is none of them is a string with half a surrogate pair.
            guard let members = try? decoder.container(keyedBy: AnyKey.self) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "is not a valid JSON string"))
            }
            var values: [String: JSONValue] = [:]
            for key in members.allKeys { values[key.stringValue] = try members.decode(JSONValue.self, forKey: key) }
            self = .object(values)
        }
    }

    /// The value when it is neither array nor object. The decoder cannot tell what it has, so each kind is tried, the
    /// frequent ones first.
    private static func scalar(_ container: any SingleValueDecodingContainer) throws -> JSONValue? {
        if let string = try? container.decode(String.self) { return .string(string) }
        if container.decodeNil() { return .null }
        if let integer = try? container.decode(Int64.self) { return .integer(integer) }
        if let bool = try? container.decode(Bool.self) { return .bool(bool) }
        if let unsigned = try? container.decode(UInt64.self) { return .unsigned(unsigned) }
        do {
            return .number(try container.decode(Double.self))
        } catch DecodingError.dataCorrupted(let context) {
            // A number that no double holds, as 1e999.
            throw DecodingError.dataCorrupted(context)
        } catch {
            return nil
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }

    /// How many values of a body have been decoded; `JSONBody` puts one into its decoder.
    final class Budget: Sendable {
        static let key = CodingUserInfoKey(rawValue: "JSONValue.Budget")
        private let spent = Mutex(0)

        func spend() throws(WebFailure) {
            let count = spent.withLock { spent in
                spent += 1
                return spent
            }
            // Every value takes a byte, and a comma or a bracket.
            if count > JSONValue.maximumCount { throw .tooLarge(limit: 2 * JSONValue.maximumCount) }
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

nonisolated extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(nilLiteral: ()) { self = .null }
    /// Of equal keys the last one counts, as in JSON.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
