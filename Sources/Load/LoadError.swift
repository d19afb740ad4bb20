/// Why a load could not be made or measured; for the person who asked for it.
package enum LoadError: Error, Equatable, CustomStringConvertible {
    /// The command line asks for what cannot be.
    case usage(String)
    /// The target is not one that may be loaded.
    case refused(String)
    /// No connection, or the connection broke.
    case connection(String)
    /// The server answered otherwise than its API says, or refused a call.
    case server(String)
    /// This machine would not give what is needed.
    case machine(String)

    package var description: String {
        switch self {
        case .usage(let text), .refused(let text), .connection(let text), .server(let text), .machine(let text): text
        }
    }
}
