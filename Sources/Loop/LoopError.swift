internal import CUV

/// What the operating system refused.
public enum LoopError: Error, Equatable, CustomStringConvertible {
    /// `operation` is the call that failed, `code` libuv's negative errno.
    case system(operation: String, code: Int32)
    /// Not a textual IPv4 or IPv6 address.
    case badAddress(String)

    public var description: String {
        switch self {
        case .system(let operation, let code): "\(operation): \(String(cString: uv_strerror(code)))"
        case .badAddress(let text): "\(text) is not an IP address"
        }
    }

    /// Throws when `code` is one of libuv's (negative) error codes.
    static func check(_ code: Int32, _ operation: String) throws(LoopError) {
        if code < 0 { throw .system(operation: operation, code: code) }
    }
}
