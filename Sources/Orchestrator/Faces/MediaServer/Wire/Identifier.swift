import Web

/// An id as a request carries it: a string, or a number, which becomes its decimal string.
nonisolated struct Identifier: Decodable {
    static let maximumLength = 128

    let text: String

    init(from decoder: any Decoder) throws {
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

    /// The id, when it is one: 1 to 128 characters (Unicode scalars), none of them a control character.
    static func check(_ text: String, _ field: CallFailure.Field) throws(CallFailure) -> String {
        guard !text.isEmpty else { throw .invalid(field, "an id must not be empty") }
        guard text.unicodeScalars.prefix(maximumLength + 1).count <= maximumLength else {
            throw .invalid(field, "an id has at most \(maximumLength) characters")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .invalid(field, "an id must not have control characters")
        }
        return text
    }
}
