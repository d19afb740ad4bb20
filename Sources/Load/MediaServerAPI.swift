internal import FoundationEssentials

/// The calls of the mediaserver API that a backend makes to bring publishers to their subscribers.
package final class MediaServerAPI {
    private let connection: HTTPConnection

    /// - Parameters:
    ///   - address: numeric, IPv4 or IPv6.
    ///   - key: the API key, where the server wants one.
    package init(address: String = "127.0.0.1", port: UInt16, key: String? = nil) throws(LoadError) {
        connection = try HTTPConnection(address: address, port: port, key: key)
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
    private struct Produced: Decodable {
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

    /// - Returns: the offers of those who produce, by user id.
    package func addUser(_ user: String, room: String) throws(LoadError) -> [String: String] {
        offers(try call(Joined.self, "POST", "/rooms/\(room)/users/\(user)", Empty()).users)
    }

    /// - Returns: the answer, and the offers for those who are in the room already, by user id.
    package func produce(_ user: String, room: String, offer: String) throws(LoadError) -> (
        answer: String, outbound: [String: String]
    ) {
        let response = try call(
            Produced.self, "POST", "/rooms/\(room)/users/\(user)/produce",
            Offered(offer: Description(type: "offer", sdp: offer)))
        guard let answer = response.answer else { throw .server("produce answered without an SDP") }
        return (answer.sdp, offers(response.outbound))
    }

    package func consume(_ user: String, room: String, producer: String, answer: String) throws(LoadError) {
        let response = try call(
            Consumed.self, "POST", "/rooms/\(room)/users/\(user)/consume",
            Answered(id: producer, answer: Description(type: "answer", sdp: answer)))
        if let refused = response.refused, !refused.isEmpty { throw .server("the server refused tracks: \(refused)") }
    }

    package func removeUser(_ user: String, room: String) throws(LoadError) {
        _ = try call(Empty.self, "DELETE", "/rooms/\(room)/users/\(user)", nil)
    }

    package func deleteRoom(_ room: String) throws(LoadError) {
        _ = try call(Empty.self, "DELETE", "/rooms/\(room)", nil)
    }

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
