internal import FoundationEssentials

/// The one way in which faces read and write JSON.
nonisolated public enum JSONBody {
    /// Decodes a request's body.
    ///
    /// Throws `WebFailure.badBody` with a message of the form `path: what is wrong`, as `userInfo.x: expected a number`,
    /// where the path is `body` when the body as a whole is wrong. `WebFailure.field` has its first component.
    public static func decode<T: Decodable>(_ type: T.Type, from request: Request) throws(WebFailure) -> T {
        try decode(type, from: request.body)
    }

    /// The same, or nil when there is no body at all.
    public static func decodeIfPresent<T: Decodable>(_ type: T.Type, from request: Request) throws(WebFailure) -> T? {
        request.body.isEmpty ? nil : try decode(type, from: request.body)
    }

    /// The same for bytes from elsewhere. Too many values in a `JSONValue` are `WebFailure.tooLarge`.
    public static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws(WebFailure) -> T {
        if bytes.isEmpty { throw .badBody("body: is empty, expected JSON") }
        // The decoder would take UTF-16 and UTF-32 too.
        guard bytes.allSatisfy({ $0 != 0 }), String(validating: bytes, as: UTF8.self) != nil else {
            throw .badBody("body: is not UTF-8")
        }
        do {
            let decoder = JSONDecoder()
            if let key = JSONValue.Budget.key { decoder.userInfo[key] = JSONValue.Budget() }
            return try decoder.decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw .badBody(explanation(of: error, in: bytes))
        } catch let error as WebFailure {
            throw error
        } catch {
            throw .badBody("body: is not valid JSON")
        }
    }

    /// Encodes with sorted keys. Numbers that JSON has not (infinite, not a number) become null's nearest kin, the
    /// strings `"inf"`, `"-inf"` and `"nan"`; so it fails only for types whose own `encode` throws.
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return Array(try encoder.encode(value))
    }

    private static func explanation(of error: DecodingError, in bytes: [UInt8]) -> String {
        switch error {
        case .typeMismatch(let type, let context):
            "\(path(context.codingPath)): expected \(name(of: type))"
        case .valueNotFound(let type, let context):
            "\(path(context.codingPath)): expected \(name(of: type)), not null"
        case .keyNotFound(let key, let context):
            "\(path(context.codingPath + [key])): is required"
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            // The decoder gives the place neither of bad syntax nor of a number that does not fit its field.
            (try? JSONDecoder().decode(Syntax.self, from: Data(bytes))) == nil
                ? "body: is not valid JSON" : "body: a number is out of range or should be whole"
        case .dataCorrupted(let context):
            "\(path(context.codingPath)): \(context.debugDescription)"
        @unknown default:
            "body: is not valid JSON"
        }
    }

    /// Decodes from whatever is JSON, without looking into it.
    private struct Syntax: Decodable {
        init(from decoder: any Decoder) {}
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        var path = ""
        for key in keys {
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
        return path.isEmpty ? "body" : path
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any FixedWidthInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        default:
            // What decoders name for keyed and unkeyed containers.
            "\(type)".hasPrefix("Array") ? "an array" : "an object"
        }
    }
}

nonisolated extension Response {
    /// A response with that value as its JSON body. One that cannot be encoded, which only a type with its own throwing
    /// `encode` can be, becomes a bare 500.
    public static func json(_ value: some Encodable, status: Int = 200) -> Response {
        guard let body = try? JSONBody.encode(value) else { return Response(status: 500) }
        return Response(
            status: status, headers: Headers([("Content-Type", "application/json; charset=utf-8")]), body: body)
    }
}

nonisolated extension WebFailure {
    /// For `badBody`: the body's top-level field that is wrong, or `body`; nil for every other failure.
    public var field: String? {
        guard case .badBody(let message) = self else { return nil }
        let path = message.prefix { $0 != ":" }
        return path.count == message.count ? "body" : String(path.prefix { $0 != "." && $0 != "[" })
    }

    /// What is wrong, in words for the client; of `badBody` without the path.
    public var message: String {
        switch self {
        case .badBody(let message):
            message.firstRange(of: ": ").map { String(message[$0.upperBound...]) } ?? message
        case .badRequest(let message), .forbidden(let message), .unavailable(let message): message
        case .unauthorized: "a valid API key is required"
        case .notFound: "not found"
        case .methodNotAllowed(let methods): "allowed: " + methods.map(\.rawValue).joined(separator: ", ")
        case .timeout: "the request took too long to arrive"
        case .tooLarge(let limit): "larger than \(limit) bytes"
        case .unexpected: "internal error"
        }
    }
}
