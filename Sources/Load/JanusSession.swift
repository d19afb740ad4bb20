/// A session with a Janus server over its HTTP API: requests, and the events that a long poll brings.
final class JanusSession {
    private let connection: ServerConnection
    private let path: String
    private var id: UInt64 = 0
    private var transactions: UInt64 = 0
    /// Handles whose media connection is made, that nobody has asked about yet.
    private var connected: Set<UInt64> = []
    private var heardAt: Int64 = 0
    /// Microseconds.
    private let patience: Int64

    /// - Parameters:
    ///   - target: with the path of the API, such as `/janus`.
    ///   - patience: how many microseconds Janus may take to do what is asked of it.
    init(to target: LoadTarget, key: String?, patience: Int64 = 20_000_000) throws(LoadError) {
        self.patience = patience
        connection = try ServerConnection(to: target, key: key)
        path = target.path
        guard let created = try call(path, .createSession(transaction())).data else {
            throw .server("Janus made a session without a number")
        }
        id = created.id
    }

    private func transaction() -> String {
        transactions += 1
        return "load-\(transactions)"
    }

    private var sessionPath: String { "\(path)/\(id)" }

    /// A new handle of the VideoRoom.
    func attach() throws(LoadError) -> UInt64 {
        guard let created = try call(sessionPath, .attach(transaction())).data else {
            throw .server("Janus made a handle without a number")
        }
        return created.id
    }

    func detach(_ handle: UInt64) throws(LoadError) {
        connected.remove(handle)
        _ = try call("\(sessionPath)/\(handle)", .detach(transaction()))
    }

    /// Ends the session and everything in it.
    func end() throws(LoadError) { _ = try call(sessionPath, .destroySession(transaction())) }

    /// Says something to the VideoRoom and waits for the answer, also where it comes as an event.
    func say(
        _ body: JanusRequest.Body, _ description: JanusRequest.Description? = nil, to handle: UInt64
    ) throws(LoadError) -> JanusResponse {
        let transaction = transaction()
        let response = try call("\(sessionPath)/\(handle)", .message(transaction, body, description))
        guard response.isAcknowledgement else { return response }
        let limit = now() + patience
        while now() < limit {
            for event in try takeEvents(until: limit) where event.transaction == transaction {
                if let refusal = event.refusal { throw .server("Janus refused to \(body.request): \(refusal)") }
                return event
            }
        }
        throw .server("Janus has not answered \(body.request) in \(seconds) s")
    }

    /// Waits until the media connection of a handle is made, as Janus sees it.
    func waitForConnection(_ handle: UInt64) throws(LoadError) {
        let limit = now() + patience
        while connected.remove(handle) == nil {
            guard now() < limit else {
                throw .server("Janus has not seen the connection being made in \(seconds) s")
            }
            _ = try takeEvents(until: limit)
        }
    }

    private var seconds: String { (Double(patience) / 1_000_000).text(1) }

    /// Janus forgets a session of which it hears nothing for a minute.
    func keepAlive() throws(LoadError) {
        guard now() - heardAt > 20_000_000 else { return }
        _ = try call(sessionPath, .keepAlive(transaction()))
    }

    /// What has happened; waits for something to happen. Janus ends the wait after 30 s, and we at `limit`: nothing happened then.
    private func takeEvents(until limit: Int64) throws(LoadError) -> [JanusResponse] {
        let response: ResponseReader.Response
        do throws(LoadError) {
            response = try connection.request("GET", sessionPath + "?maxev=50", body: nil, patience: limit - now())
        } catch {
            if now() >= limit { return [] }
            throw error
        }
        guard response.status == 200 else { throw .server("Janus answered a long poll with \(response.status)") }
        let events = try JanusResponse.list(response.body)
        for event in events {
            guard let sender = event.sender else { continue }
            switch event.janus {
            case "webrtcup": connected.insert(sender)
            case "hangup", "detached": connected.remove(sender)
            default: break
            }
        }
        return events
    }

    private func call(_ path: String, _ request: JanusRequest) throws(LoadError) -> JanusResponse {
        let response = try connection.request("POST", path, body: request.json())
        guard response.status == 200 else {
            throw .server(
                "Janus answered \(request.janus) with \(response.status): \(String(decoding: response.body.prefix(200), as: UTF8.self))"
            )
        }
        heardAt = now()
        let message = try JanusResponse(response.body)
        if let refusal = message.refusal {
            throw .server("Janus refused to \(request.body?.request ?? request.janus): \(refusal)")
        }
        return message
    }
}
