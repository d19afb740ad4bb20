internal import COpenSSL
internal import Web

/// The opening handshake of a WebSocket, version 13, without subprotocols and extensions (RFC 6455, section 4.2).
nonisolated enum WebSocketHandshake {
    /// The fields of the 101 answer, or the response that refuses the request.
    static func answer(to head: RequestHead) -> Result<Headers, Refusal> {
        let headers = head.headers
        guard head.method == .GET, !head.isHTTP10, lists(headers, "Upgrade", "websocket"),
            lists(headers, "Connection", "upgrade")
        else {
            return .failure(Refusal(status: 426, message: "a WebSocket is served here: send its opening handshake"))
        }
        guard headers.all("Sec-WebSocket-Version") == ["13"] else {
            return .failure(Refusal(status: 426, message: "only WebSocket version 13 is served here"))
        }
        let keys = headers.all("Sec-WebSocket-Key")
        guard keys.count == 1, let key = keys.first, isKey(key) else {
            return .failure(Refusal(status: 400, message: "Sec-WebSocket-Key has to be 16 bytes in base64"))
        }
        return .success(Headers([("Upgrade", "websocket"), ("Sec-WebSocket-Accept", accept(key))]))
    }

    struct Refusal: Error {
        var status: Int
        var message: String

        var response: Response {
            var response = Response.failure("request", message, status: status)
            if status == 426 {
                response.headers.add("Upgrade", "websocket")
                response.headers.add("Sec-WebSocket-Version", "13")
            }
            return response
        }
    }

    static func accept(_ key: String) -> String {
        base64(sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }

    private static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha1(), nil)
        return digest
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&text, bytes, Int32(clamping: bytes.count))
        return String(decoding: text.prefix(Int(max(0, count))), as: UTF8.self)
    }

    /// 16 bytes are 22 characters and two signs of padding.
    private static func isKey(_ key: String) -> Bool {
        let bytes = Array(key.utf8)
        guard bytes.count == 24, bytes[22] == UInt8(ascii: "="), bytes[23] == UInt8(ascii: "=") else { return false }
        var decoded = [UInt8](repeating: 0, count: 18)
        return EVP_DecodeBlock(&decoded, bytes, 24) == 18
    }

    private static func lists(_ headers: Headers, _ name: String, _ token: String) -> Bool {
        headers.all(name).contains { value in
            value.split(separator: ",").contains { item in
                item.drop { $0 == " " || $0 == "\t" }.lowercased().split(whereSeparator: { $0 == " " || $0 == "\t" })
                    .first == token[...]
            }
        }
    }
}
