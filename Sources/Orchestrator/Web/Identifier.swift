/// An id as a request carries it: a string, or a number, which becomes its decimal string.
nonisolated public struct Identifier: Decodable, Sendable, Hashable {
    /// In Unicode scalars.
    public static let maximumLength = 128

    /// As it came; `problem(in:)` says whether it is an id at all.
    public let text: String

    /// An id from elsewhere than a body.
    public init(_ text: String) { self.text = text }

    public init(from decoder: any Decoder) throws {
        switch try JSONValue(from: decoder) {
        case .string(let text): self.text = text
        case .integer(let number): text = String(number)
        case .unsigned(let number): text = String(number)
        case .number(let number):
            text = String(number)
            guard !text.contains("e") else {
                throw DecodingError.dataCorrupted(
                    .init(
                        codingPath: decoder.codingPath,
                        debugDescription: "this number is not exact, send it as a string"))
            }
        default:
            throw DecodingError.typeMismatch(
                String.self, .init(codingPath: decoder.codingPath, debugDescription: "expected a string or a number"))
        }
    }

    /// Why a text is no id, in words for the client; nil where it is one: 1 to 128 characters (Unicode scalars), none of
    /// them a control character.
    public static func problem(in text: String) -> String? {
        if text.isEmpty { return "an id must not be empty" }
        if text.unicodeScalars.prefix(maximumLength + 1).count > maximumLength {
            return "an id has at most \(maximumLength) characters"
        }
        if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "an id must not have control characters"
        }
        return nil
    }
}
