import Web

extension Identifier {
    /// The id, when it is one.
    static func check(_ text: String, _ field: CallFailure.Field) throws(CallFailure) -> String {
        if let problem = problem(in: text) { throw .invalid(field, problem) }
        return text
    }
}
