/// A kept-alive connection to a server's HTTP API that is opened again once it broke.
final class ServerConnection {
    private let target: LoadTarget
    private let key: String?
    private var connection: HTTPConnection?

    /// Connects at once, so that a missing server is noticed.
    init(to target: LoadTarget, key: String?) throws(LoadError) {
        (self.target, self.key) = (target, key)
        connection = try HTTPConnection(to: target, key: key)
    }

    /// - Parameter patience: how many microseconds the server may be silent.
    func request(
        _ method: String, _ path: String, body: [UInt8]?, patience: Int64 = ByteStream.patience
    ) throws(LoadError) -> ResponseReader.Response {
        let open: HTTPConnection
        if let connection {
            open = connection
        } else {
            open = try HTTPConnection(to: target, key: key)
            connection = open
        }
        do throws(LoadError) {
            let response = try open.request(method, path, body: body, patience: patience)
            if !response.keepsAlive { connection = nil }
            return response
        } catch {
            // What the rest of the answer would be is unknown, whatever went wrong.
            connection = nil
            throw error
        }
    }
}
