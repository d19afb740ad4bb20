import Aura
import RelayControl
import RoomControl
import RoomModel
import Secrets
import TestSupport
import Testing
import Web

/// A face over a fake relay and a store in memory, called by REST and by sockets.
@MainActor final class Stage {
    let relay = FakeRelay()
    let store = MemoryStore()
    let passwords = FakePasswords()
    let telephony = FakeTelephony()
    let key = SecretKey.random()
    let service: RoomService
    let face: AuraFace
    private let clock = Clock()
    private(set) var clients: [Client] = []

    /// What the tests' clocks stand at; the wall clock is 1,700,000,000 s after 1970 plus this.
    var now: Double {
        get { clock.seconds }
        set { clock.seconds = newValue }
    }

    init(_ limits: RoomLimits = RoomLimits()) {
        let clock = clock
        service = RoomService(
            relay: relay, store: store, limits: limits, now: { clock.seconds },
            wallClock: { 1_700_000_000 + clock.seconds })
        face = AuraFace(
            service: service, passwords: passwords, key: key, telephony: telephony,
            now: { clock.seconds }, wallClock: { 1_700_000_000 + clock.seconds })
        relay.onEvent = { [service] event in service.handle(event) }
    }

    @MainActor private final class Clock { var seconds = 0.0 }

    /// Time goes by, a second at a time, and everything that is due happens.
    func pass(_ seconds: Int) {
        for _ in 0..<seconds {
            clock.seconds += 1
            service.tick()
            face.tick()
        }
    }

    /// Lets happen what nobody waits for.
    func settle() async {
        await othersHaveHadTheirTurns()
    }

    // MARK: REST

    struct Answer: Equatable {
        var status: Int
        var json: JSONValue
    }

    /// Calls a route; the path is as on the wire, without percent-encoding.
    @discardableResult
    func call(_ method: Request.Method, _ path: String, _ body: String? = nil) async throws -> Answer {
        guard case .response(let response) = try await reply(method, path, body) else { throw Unexpected() }
        let json = response.body.isEmpty ? .null : try JSONBody.decode(JSONValue.self, from: response.body)
        return Answer(status: response.status, json: json)
    }

    func reply(_ method: Request.Method, _ path: String, _ body: String? = nil) async throws -> Reply {
        let segments = path.split(separator: "/").map(String.init)
        guard case .route(let route, let parameters, _) = Router(faces: [face]).match(method, segments) else {
            throw Unexpected()
        }
        var request = Request(method: method, segments: segments, body: body.map { Array($0.utf8) } ?? [])
        request.parameters = parameters
        return try await route.handler(request)
    }

    struct Unexpected: Error {}

    // MARK: Sockets

    /// Opens a socket.
    func client(_ name: String) async throws -> Client {
        guard case .socket(let handler) = try await reply(.GET, "/v1/ws") else { throw Unexpected() }
        let client = Client(name, handler)
        clients.append(client)
        return client
    }

    /// What each client was told since the last time, by its name; who was told nothing is not there.
    func heard() -> [String: [String]] {
        var all: [String: [String]] = [:]
        for client in clients {
            let heard = client.heard()
            if !heard.isEmpty { all[client.name] = heard }
        }
        return all
    }
}

extension Stage {
    /// Users `anna` (extension 1001), `ben` (1002) and `cleo` (1003), their passwords as their names, their devices `phone` with
    /// token `TOKEN OF name`; room `r`, where `anna` is an admin and `ben` is invited.
    static func furnished(_ room: String = "", limits: RoomLimits = RoomLimits()) async throws -> Stage {
        let stage = Stage(limits)
        for (number, name) in ["anna", "ben", "cleo"].enumerated() {
            try await stage.call(
                .POST, "/v1/users",
                """
                {"user":{"uuid":"u-\(name)","username":"\(name)","password":"\(name)","extension":"100\(number + 1)",
                "display_name":"\(name.prefix(1).uppercased() + name.dropFirst())","devices":[{"device":"phone","device_token":"TOKEN OF \(name)"}]}}
                """)
        }
        try await stage.room("r", room)
        return stage
    }

    /// Defines a room with `anna` as an admin and `ben` as a member.
    func room(_ id: String, _ fields: String = "") async throws {
        let answer = try await call(
            .POST, "/v1/rooms",
            """
            {"room":{"uuid":"\(id)","name":"Room \(id)"\(fields.isEmpty ? "" : "," + fields),
            "members":[{"user_id":"u-anna","admin":true},{"user_id":"u-ben","admin":false}]}}
            """)
        #expect(answer.status == 201)
    }

    /// A user who has authenticated as a call of that name.
    func authenticated(_ name: String, call: String? = nil, in room: String = "r") async throws -> Client {
        let client = try await client(name)
        let answer = client.ask(
            "authenticate",
            #"{"room":"\#(room)","call_id":"\#(call ?? name)","username":"\#(name)","password":"\#(name)"}"#)
        client.token = try #require(answer["result"]?["auth_token"]?.text)
        return client
    }

    /// A user who is in the room.
    func joined(_ name: String, in room: String = "r") async throws -> Client {
        let client = try await authenticated(name, in: room)
        #expect(
            client.ask("join_room", #"{"sdp":"offer of \#(name)","auth_token":"\#(client.token)"}"#)["result"] != nil)
        return client
    }

    /// Somebody whom nobody knows, waiting for the room.
    func waiting(_ name: String, for room: String = "r") async throws -> Client {
        let client = try await client(name)
        let answer = client.ask(
            "authenticate", #"{"room":"\#(room)","call_id":"\#(name)","display_name":"\#(name) W."}"#)
        #expect(answer["error"]?["code"] == 403)
        return client
    }

    /// Members `anna` (admin), `ben` and `cleo` in room `r`, and `vera` waiting, all of it heard.
    static func full() async throws -> (stage: Stage, anna: Client, ben: Client, cleo: Client, vera: Client) {
        let stage = try await Stage.furnished()
        let anna = try await stage.joined("anna")
        let ben = try await stage.joined("ben")
        let cleo = try await stage.client("cleo")
        cleo.ask("authenticate", #"{"room":"r","call_id":"cleo","username":"cleo","password":"cleo"}"#)
        anna.ask("allow_member", #"{"member":"cleo","auth_token":"\#(anna.token)"}"#)
        cleo.token = try #require(cleo.messages.last?["params"]?["auth_token"]?.text)
        cleo.ask("join_room", #"{"sdp":"offer of cleo","auth_token":"\#(cleo.token)"}"#)
        let vera = try await stage.waiting("vera")
        _ = stage.heard()
        return (stage, anna, ben, cleo, vera)
    }
}
