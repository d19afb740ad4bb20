/// Why a text is not a session description that can be used.
public struct SDPError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Line of the text, from 1; 0 where the text as a whole is meant.
    public var line: Int
    /// What is wrong, in words for the sender's log.
    public var reason: String

    public init(line: Int = 0, reason: String) {
        self.line = line
        self.reason = reason
    }

    public var description: String { line > 0 ? "line \(line): \(reason)" : reason }
}
