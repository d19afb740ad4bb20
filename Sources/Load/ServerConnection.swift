/// A kept-alive connection to a server's HTTP API that is opened again once it broke.
final class ServerConnection {
    private let address: String
    private let port: UInt16
    private let key: String?
    private var connection: HTTPConnection?

    /// Connects at once, so that a missing server is noticed.
    init(address: String, port: UInt16, key: String?) throws(LoadError) {
        (self.address, self.port, self.key) = (address, port, key)
        connection = try HTTPConnection(address: address, port: port, key: key)
    }

    func request(_ method: String, _ path: String, body: [UInt8]?) throws(LoadError) -> ResponseReader.Response {
        let open: HTTPConnection
        if let connection {
            open = connection
        } else {
            open = try HTTPConnection(address: address, port: port, key: key)
            connection = open
        }
        do throws(LoadError) {
            let response = try open.request(method, path, body: body)
            if !response.keepsAlive { connection = nil }
            return response
        } catch {
            // What the rest of the answer would be is unknown, whatever went wrong.
            connection = nil
            throw error
        }
    }
}
