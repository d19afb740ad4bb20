/// Why a password was neither hashed nor found right or wrong.
public enum PasswordError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Too many wrong passwords came from that address; after so many seconds one more may be tried.
    case tooManyAttempts(retryAfterSeconds: Int)
    /// So many passwords are waiting to be checked that this one is not.
    case overloaded
    /// More bytes than a password may have.
    case tooLong(limitBytes: Int)
    /// The machine does not have the memory that a hash takes.
    case noMemory
    /// The server is ending.
    case closed

    public var description: String {
        switch self {
        case .tooManyAttempts(let seconds): "too many wrong passwords; try again in \(seconds) s"
        case .overloaded: "too many passwords are being checked; try again in a moment"
        case .tooLong(let limit): "a password may have at most \(limit) bytes"
        case .noMemory: "there is not enough memory to check a password"
        case .closed: "the server is ending"
        }
    }
}
