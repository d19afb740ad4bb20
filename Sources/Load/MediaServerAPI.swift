internal import FoundationEssentials

/// The calls of the mediaserver API that a backend makes to bring publishers to their subscribers; what each is for and brings stands at
/// `Signalling`. Each throws `.connection` where the server cannot be reached, and `.server` where it refuses or answers otherwise than
/// its API says.
package final class MediaServerAPI: Signalling {
    private let connection: ServerConnection

    /// - Parameter key: the API key, where the server wants one.
    package init(to target: LoadTarget, key: String?) throws(LoadError) {
        connection = try ServerConnection(to: target, key: key)
    }

    /// - Parameter address: numeric, of IPv4; whoever calls this vouches for it.
    package convenience init(address: String = "127.0.0.1", port: UInt16, key: String? = nil) throws(LoadError) {
        try self.init(to: LoadTarget("http://\(address):\(port)", allowed: [address]), key: key)
    }

    private struct Empty: Codable {}
    private struct Description: Codable {
        var type: String
        var sdp: String
    }
    private struct Member: Decodable {
        var id: String
        var offer: Description?
    }
    private struct Joined: Decodable { var users: [Member]? }
    private struct Offered: Encodable { var offer: Description }
    private struct Production: Decodable {
        var answer: Description?
        var outbound: [Member]?
    }
    private struct Answered: Encodable {
        var id: String
        var answer: Description
    }
    private struct Refusal: Decodable {
        var mid: String?
        var reason: String?
    }
    private struct Consumed: Decodable { var refused: [Refusal]? }

    package func createRoom(_ room: String) throws(LoadError) {
        _ = try call(Empty.self, "POST", "/rooms/\(room)", Empty())
    }

    package func join(_ user: String, room: String, watches: Bool = true) throws(LoadError) -> [String: String] {
        offers(try call(Joined.self, "POST", "/rooms/\(room)/users/\(user)", Empty()).users)
    }

    package func produce(_ user: String, room: String, offer: String) throws(LoadError) -> Produced {
        let response = try call(
            Production.self, "POST", "/rooms/\(room)/users/\(user)/produce",
            Offered(offer: Description(type: "offer", sdp: offer)))
        guard let answer = response.answer else { throw .server("produce answered without an SDP") }
        return Produced(answer: answer.sdp, outbound: offers(response.outbound))
    }

    package func consume(_ user: String, room: String, producer: String, answer: String) throws(LoadError) {
        let response = try call(
            Consumed.self, "POST", "/rooms/\(room)/users/\(user)/consume",
            Answered(id: producer, answer: Description(type: "answer", sdp: answer)))
        if let refused = response.refused, !refused.isEmpty { throw .server("the server refused tracks: \(refused)") }
    }

    package func leave(_ user: String, room: String) throws(LoadError) {
        _ = try call(Empty.self, "DELETE", "/rooms/\(room)/users/\(user)", nil)
    }

    package func deleteRoom(_ room: String) throws(LoadError) {
        _ = try call(Empty.self, "DELETE", "/rooms/\(room)", nil)
    }

    /// `produce` has told everything.
    package func announce(_ user: String, room: String) throws(LoadError) -> [String: String] { [:] }

    /// The server forgets nobody for being silent.
    package func keepAlive() throws(LoadError) {}

    private func offers(_ members: [Member]?) -> [String: String] {
        (members ?? []).reduce(into: [:]) { offers, member in offers[member.id] = member.offer?.sdp }
    }

    private func call<Result: Decodable>(
        _ type: Result.Type, _ method: String, _ path: String, _ body: (any Encodable)?
    ) throws(LoadError) -> Result {
        let bytes: [UInt8]?
        do {
            bytes = try body.map { Array(try JSONEncoder().encode($0)) }
        } catch {
            throw .server("\(method) \(path): \(error)")
        }
        let response = try connection.request(method, path, body: bytes)
        guard response.status == 200 else {
            throw .server("\(method) \(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(response.body))
        } catch {
            throw .server("\(method) \(path) answered with what its API does not know: \(error)")
        }
    }
}
