import Testing
import Web

/// One app at its socket: sends JSON, keeps what it hears.
@MainActor final class Client: Socket {
    let name: String
    var token = ""
    private let handler: any SocketHandler
    /// Everything, in its order.
    private(set) var messages: [JSONValue] = []
    private(set) var closeCode: UInt16?
    private var read = 0
    private var nextID = 0

    init(_ name: String, _ handler: any SocketHandler) {
        self.name = name
        self.handler = handler
        handler.opened(self)
    }

    // What the server does.
    func send(text: String) {
        guard closeCode == nil else { return }
        messages.append((try? json(text)) ?? .string("not JSON: \(text)"))
    }
    private(set) var probes = 0
    func probe() { probes += 1 }
    func close(code: UInt16, reason: String) { closeCode = closeCode ?? code }

    // What the app does.
    func say(_ text: String) { handler.received(text: text) }
    func hangUp() { handler.closed() }
    var tooLongMessage: String? { handler.tooLongMessage }

    /// Sends a notification.
    func tell(_ method: String, _ parameters: String = "{}") {
        say(#"{"method":"\#(method)","params":\#(parameters)}"#)
    }

    /// Sends a request that is answered at once.
    /// - Returns: the one answer to it; null where there is none or more than one.
    @discardableResult
    func ask(_ method: String, _ parameters: String = "{}") -> JSONValue {
        nextID += 1
        let id = JSONValue.string("\(name) \(nextID)")
        say(#"{"id":"\#(name) \#(nextID)","method":"\#(method)","params":\#(parameters)}"#)
        let answers = messages.filter { $0["id"] == id }
        #expect(answers.count == 1, "\(method): \(answers)")
        return answers.count == 1 ? answers[0] : .null
    }

    /// The code with which a request is refused; 0 where it is not.
    func refusal(_ method: String, _ parameters: String = "{}") -> Int {
        if case .integer(let code) = ask(method, parameters)["error"]?["code"] { Int(code) } else { 0 }
    }

    /// The notifications since the last time, as `method {"params"}`.
    func heard() -> [String] {
        defer { read = messages.count }
        return messages[read...].compactMap { message in
            guard let method = message["method"]?.text, let parameters = message["params"] else { return nil }
            return "\(method) \(parameters.json)"
        }
    }
}

/// JSON text as a value, for comparing.
func json(_ text: String) throws -> JSONValue { try JSONBody.decode(JSONValue.self, from: Array(text.utf8)) }

extension JSONValue {
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    /// With sorted keys.
    var json: String { (try? JSONBody.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "?" }
}
