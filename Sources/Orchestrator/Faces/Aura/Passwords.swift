public import Secrets

/// Hashes and verifies people's passwords, which takes its time.
@MainActor public protocol Passwords: AnyObject {
    /// - Returns: what is to be kept.
    func hash(_ password: String) async throws(PasswordError) -> String

    /// - Parameters:
    ///   - hash: what was kept; what is none takes as long, and nothing fits it.
    ///   - address: of the peer, who may be wrong only so often.
    func isRight(_ password: String, hash: String, from address: String) async throws(PasswordError) -> Bool
}

extension PasswordChecker: Passwords {
    public func hash(_ password: String) async throws(PasswordError) -> String {
        let hash: PasswordHash = try await self.hash(password)
        return hash.text
    }

    public func isRight(_ password: String, hash: String, from address: String) async throws(PasswordError) -> Bool {
        try await verify(password, against: PasswordHash(hash), from: address).isRight
    }
}

extension AuraFace {
    /// - Throws: 400, 429, 503.
    func isRight(_ password: String, hash: String, from address: String) async throws(AuraFailure) -> Bool {
        do {
            return try await passwords.isRight(password, hash: hash, from: address)
        } catch {
            throw AuraFailure(error)
        }
    }

    /// - Throws: 400, 503.
    func hash(_ password: String) async throws(AuraFailure) -> String {
        guard !password.isEmpty else { throw .invalid("password: must not be empty") }
        do { return try await passwords.hash(password) } catch { throw AuraFailure(error) }
    }
}
