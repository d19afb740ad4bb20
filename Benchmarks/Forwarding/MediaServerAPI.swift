import Foundation

/// The calls of the mediaserver API that a backend makes to bring one publisher to its subscribers.
final class MediaServerAPI {
    private let connection: HTTPConnection

    init(port: UInt16) throws { connection = try HTTPConnection(port: port) }

    func createRoom(_ room: String) throws { _ = try call("POST", "/rooms/\(room)", [:]) }

    /// - Returns: the offers of those who produce, by user id.
    func addUser(_ user: String, room: String) throws -> [String: String] {
        let response = try call("POST", "/rooms/\(room)/users/\(user)", [:])
        let users = response["users"] as? [[String: Any]] ?? []
        return users.reduce(into: [:]) { offers, other in
            guard let id = other["id"] as? String, let sdp = (other["offer"] as? [String: Any])?["sdp"] as? String
            else { return }
            offers[id] = sdp
        }
    }

    /// - Returns: the answer.
    func produce(_ user: String, room: String, offer: String) throws -> String {
        let response = try call(
            "POST", "/rooms/\(room)/users/\(user)/produce", ["offer": ["type": "offer", "sdp": offer]])
        guard let sdp = (response["answer"] as? [String: Any])?["sdp"] as? String else {
            throw BenchmarkError("produce answered without an SDP")
        }
        return sdp
    }

    func consume(_ user: String, room: String, producer: String, answer: String) throws {
        let response = try call(
            "POST", "/rooms/\(room)/users/\(user)/consume",
            ["id": producer, "answer": ["type": "answer", "sdp": answer]])
        if let refused = response["refused"] as? [Any], !refused.isEmpty {
            throw BenchmarkError("the server refused tracks: \(refused)")
        }
    }

    func deleteRoom(_ room: String) throws { _ = try call("DELETE", "/rooms/\(room)", nil) }

    private func call(_ method: String, _ path: String, _ body: [String: Any]?) throws -> [String: Any] {
        let data = try body.map { try JSONSerialization.data(withJSONObject: $0) }
        let response = try connection.request(method, path, body: data)
        guard response.status == 200 else {
            throw BenchmarkError(
                "\(method) \(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
        return try JSONSerialization.jsonObject(with: response.body) as? [String: Any] ?? [:]
    }
}
