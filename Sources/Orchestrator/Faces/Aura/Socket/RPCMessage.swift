import Web

/// One message of a client: a request where it has an id, else a notification, which is not answered.
nonisolated struct RPCMessage {
    /// Levels of arrays and objects that a message may have, itself included.
    static let maximumDepth = 16

    /// What the answer repeats, as it came.
    let id: RawJSON?
    /// Nil where it is missing or no string.
    let method: String?
    private let bytes: [UInt8]

    /// The text is no JSON.
    struct NotJSON: Error {}

    init(_ text: String) throws(NotJSON) {
        bytes = Array(text.utf8)
        do {
            let outline = try JSONBody.decode(Outline.self, from: bytes)
            id = outline.id
            method = outline.method
        } catch {
            throw NotJSON()
        }
    }

    /// The parameters, none of which need be there when all of them are optional.
    /// - Throws: 400, naming what is wrong; 413.
    func parameters<Parameters: Decodable>(_ type: Parameters.Type) throws(AuraFailure) -> Parameters {
        do {
            if let given = try JSONBody.decode(Envelope<Parameters>.self, from: bytes).params { return given }
            return try JSONBody.decode(Envelope<Parameters>.self, from: Array(#"{"params":{}}"#.utf8)).params
                .orThrow(.invalid("params: is required"))
        } catch let failure as WebFailure {
            throw AuraFailure(failure)
        } catch let failure as AuraFailure {
            throw failure
        } catch {
            throw AuraFailure(WebFailure.unexpected)
        }
    }

    /// How deep arrays and objects are nested, as far as brackets outside of strings tell.
    static func depth(of text: String) -> Int {
        var (depth, deepest) = (0, 0)
        var (isInString, isEscaped) = (false, false)
        for byte in text.utf8 {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return deepest
    }

    private struct Envelope<Parameters: Decodable>: Decodable {
        var params: Parameters?
    }

    /// Takes whatever is JSON, an object or not.
    private struct Outline: Decodable {
        var id: RawJSON?
        var method: String?

        private enum Key: CodingKey { case id, method }

        init(from decoder: any Decoder) {
            guard let fields = try? decoder.container(keyedBy: Key.self) else { return }
            method = try? fields.decode(String.self, forKey: .method)
            guard fields.contains(.id), let value = try? fields.decode(JSONValue.self, forKey: .id), value != .null
            else { return }
            id = try? RawJSON(encoding: value)
        }
    }
}

/// What a request is answered with.
nonisolated enum RPCAnswer {
    static func result(_ result: any JSONWritable, to id: RawJSON) -> String {
        var writer = JSONWriter()
        writer.object {
            $0.field("id", id)
            $0.field("result", RawJSON(restoring: result.jsonText))
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// - Parameter id: nil where there is none to repeat: the message could not be read.
    static func error(_ failure: AuraFailure, to id: RawJSON?) -> String {
        var writer = JSONWriter()
        writer.object {
            $0.field("id", id)
            $0.field("error", failure)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// The result of a method that has none of its own: `{}`
nonisolated struct EmptyResult: JSONWritable {
    func write(to writer: inout JSONWriter) { writer.object { _ in } }
}
