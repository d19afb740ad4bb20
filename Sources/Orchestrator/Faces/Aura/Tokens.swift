import RelayControl
import RoomModel
import Secrets
import Web

/// Makes and reads the tokens of calls, and remembers which of them were withdrawn.
///
/// A token says which call of which room it is good for, whose it is, and until when. All of a call's tokens are withdrawn when an
/// admin removes it, all of a room's when the room ends. What was withdrawn is known until those tokens would have expired
/// anyway; as a new process knows nothing of it, no token of an earlier one counts.
struct Tokens {
    /// Seconds that a token is good for.
    static let lifetime = 12.0 * 3600
    private static let purpose = "aura"

    private let signer: SignedToken
    private let wallClock: () -> Double
    /// When this process began to issue, in milliseconds since 1970, as all times below.
    private let begin: Int64
    /// Of the latest token; no two have the same, so that one made after a withdrawal is told from those before it.
    private var latest: Int64
    private var withdrawnCalls: [Place: Int64] = [:]
    private var withdrawnRooms: [RoomID: Int64] = [:]

    private struct Place: Hashable {
        var room: RoomID
        var call: ParticipantID
    }

    /// - Parameter wallClock: seconds since 1970.
    init(signer: SignedToken, wallClock: @escaping () -> Double) {
        self.signer = signer
        self.wallClock = wallClock
        begin = Self.milliseconds(wallClock())
        latest = begin
    }

    /// - Throws: 500, which only an id too long for a token can bring about.
    mutating func issue(to call: Call) throws(AuraFailure) -> String {
        latest = max(Self.milliseconds(wallClock()), latest + 1)
        let claim = SignedToken.Claim(
            room: call.room.value, call: call.id.value, user: call.user?.value, name: call.name,
            isAdmin: call.isAdmin, purpose: Self.purpose, now: Double(latest) / 1000, lifetime: Self.lifetime,
            nonce: call.nonce)
        do { return try signer.text(claim) } catch { throw AuraFailure(.unexpected) }
    }

    /// The call that a token is good for, as it is when it has been let in.
    /// - Throws: 401.
    func call(_ token: String) throws(AuraFailure) -> Call {
        let now = Double(max(Self.milliseconds(wallClock()), latest)) / 1000
        guard let claim = try? signer.claim(token, purpose: Self.purpose, at: now) else { throw .badToken }
        let (room, call) = (RoomID(claim.room), ParticipantID(claim.call))
        let issued = Self.milliseconds(claim.issuedAt)
        let withdrawn = max(withdrawnRooms[room] ?? .min, withdrawnCalls[Place(room: room, call: call)] ?? .min)
        guard issued > begin, issued > withdrawn else { throw .badToken }
        return Call(
            room: room, id: call, user: claim.user.map { UserID($0) }, name: claim.name, isAdmin: claim.isAdmin,
            state: .admitted, nonce: claim.nonce)
    }

    /// Withdraws every token of a call that was issued so far.
    mutating func withdraw(_ call: ParticipantID, of room: RoomID) {
        withdrawnCalls[Place(room: room, call: call)] = latest
    }

    /// Withdraws every token of a room that was issued so far.
    mutating func withdraw(_ room: RoomID) { withdrawnRooms[room] = latest }

    /// Forgets what concerns tokens that have expired by now.
    mutating func expire() {
        let horizon = Self.milliseconds(wallClock() - Self.lifetime)
        if withdrawnCalls.contains(where: { $0.value < horizon }) {
            withdrawnCalls = withdrawnCalls.filter { $0.value >= horizon }
        }
        if withdrawnRooms.contains(where: { $0.value < horizon }) {
            withdrawnRooms = withdrawnRooms.filter { $0.value >= horizon }
        }
    }

    private static func milliseconds(_ seconds: Double) -> Int64 { Int64(exactly: (seconds * 1000).rounded()) ?? 0 }
}
