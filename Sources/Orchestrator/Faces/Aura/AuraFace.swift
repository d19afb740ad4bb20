import RelayControl
public import RoomControl
public import RoomModel
public import Secrets
public import Web

/// The Aura API: rooms and users by REST, and everything within rooms by JSON-RPC over a WebSocket.
///
/// It reads no clock and runs no timer: whoever makes it calls `tick()` about once a second.
public final class AuraFace: Face {
    /// How the room model knows who came in by this face.
    public nonisolated static let name = FaceName("aura")

    let service: RoomService
    let key: SecretKey
    let passwords: any Passwords
    let telephony: any Telephony
    let settings: AuraSettings
    let now: () -> Double
    var tokens: Tokens
    var calls = Calls()
    var registrations = Registrations()
    var invitations = Invitations()
    /// What is forwarded of members of other faces.
    var foreign: [RoomID: Set<ForeignTrack>] = [:]
    /// How loud those are who can be heard, as it was last told.
    var levels: [RoomID: [ParticipantID: Int]] = [:]
    /// Every socket that is open.
    var sessions: [SocketID: AuraSession] = [:]
    private var nextSocket: UInt64 = 0

    /// - Parameters:
    ///   - key: the server's, for tokens and for what has to be kept encrypted.
    ///   - now: seconds on a clock that never goes backwards.
    ///   - wallClock: seconds since 1970.
    public init(
        service: RoomService, passwords: any Passwords, key: SecretKey,
        telephony: any Telephony = NoTelephony(), settings: AuraSettings = AuraSettings(),
        now: @escaping () -> Double, wallClock: @escaping () -> Double
    ) {
        self.service = service
        self.passwords = passwords
        self.telephony = telephony
        self.settings = settings
        self.now = now
        self.key = key
        tokens = Tokens(signer: SignedToken(key: key), wallClock: wallClock)
        service.observe { [weak self] notice in self?.announce(notice) }
    }

    var users: Users { service.users }

    public var routes: [Route] {
        roomRoutes + userRoutes + [
            Route(.GET, "/v1/ws", access: .open) { [self] request in
                nextSocket &+= 1
                return .socket(
                    AuraSession(id: SocketID(number: nextSocket), face: self, address: request.remoteAddress))
            }
        ]
    }

    public func failure(_ failure: WebFailure) -> Response { AuraFailure(failure).response }

    /// Ends what has outlived its time.
    public func tick() {
        let now = now()
        for invitation in invitations.expire(at: now) { stopRinging(invitation, but: nil, isRefused: true) }
        removeSilent()
        tellRates()
        tellLevels()
        registrations.expire(at: now)
        tokens.expire()
    }
}

/// What the face is configured with.
public nonisolated struct AuraSettings: Sendable {
    /// What SIP digests of passwords are made for (RFC 7616, section 3.3).
    public var realm = "switchyard"

    public init() {}
}

extension AuraFace {
    /// A route whose refusals become this face's error bodies.
    func route(
        _ method: Request.Method, _ pattern: String, _ handle: @escaping (Request) async throws -> Response
    ) -> Route {
        Route(method, pattern) { request in
            do {
                return .response(try await handle(request))
            } catch let refusal as AuraFailure {
                return .response(refusal.response)
            } catch let refusal as RoomCallError {
                return .response(AuraFailure(refusal).response)
            } catch let failure as WebFailure {
                return .response(AuraFailure(failure).response)
            }
        }
    }
}
