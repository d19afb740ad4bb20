import RoomModel
import Secrets

/// Which sockets can be invited, and as whom. A registration ends 60 s after its last refresh, or with its socket.
nonisolated struct Registrations {
    /// Seconds.
    static let lifetime = 60.0

    private struct Registration {
        var user: UserID
        var until: Double
        var digest: KeyDigest
        var secrets: String
    }

    private var bySocket: [SocketID: Registration] = [:]

    /// Makes or refreshes one.
    /// - Parameters:
    ///   - digest: of what proved who it is, as it was sent.
    ///   - secrets: what that was compared to.
    mutating func register(_ socket: SocketID, as user: UserID, digest: KeyDigest, secrets: String, at now: Double) {
        bySocket[socket] = Registration(user: user, until: now + Self.lifetime, digest: digest, secrets: secrets)
    }

    mutating func remove(_ socket: SocketID) { bySocket[socket] = nil }

    /// Ends all of a user who is gone.
    mutating func remove(_ user: UserID) { bySocket = bySocket.filter { $0.value.user != user } }

    /// The user that a socket is registered as.
    func user(of socket: SocketID, at now: Double) -> UserID? {
        guard let registration = bySocket[socket], registration.until > now else { return nil }
        return registration.user
    }

    /// Who a socket is registered as with just that proof, and what it was compared to; nil: it has to be looked at anew.
    func user(of socket: SocketID, provenBy digest: KeyDigest, at now: Double) -> (user: UserID, secrets: String)? {
        guard let registration = bySocket[socket], registration.until > now, registration.digest == digest else {
            return nil
        }
        return (registration.user, registration.secrets)
    }

    /// Every socket on which a user can be invited, in the order in which they came.
    func sockets(of user: UserID, at now: Double) -> [SocketID] {
        bySocket.filter { $0.value.user == user && $0.value.until > now }.keys.sorted()
    }

    /// Forgets those whose time is over.
    mutating func expire(at now: Double) {
        if bySocket.contains(where: { $0.value.until <= now }) { bySocket = bySocket.filter { $0.value.until > now } }
    }
}

/// One WebSocket of this process.
nonisolated struct SocketID: Hashable, Comparable {
    let number: UInt64

    static func < (a: SocketID, b: SocketID) -> Bool { a.number < b.number }
}
