internal import COpenSSL

/// The API keys that a request may present.
nonisolated struct KeyRing {
    /// SHA-256 of each key, so that comparing tells nothing about a key's length.
    private let digests: [[UInt8]]

    init(_ keys: [String]) { digests = keys.map { Digest.sha256(Array($0.utf8)) } }

    var isEmpty: Bool { digests.isEmpty }

    /// Whether `authorization` is `Bearer KEY` with one of the keys. The time it takes does not depend on which bytes
    /// are wrong, nor on which key is right.
    func admits(authorization: String?) -> Bool {
        guard let authorization else { return false }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        let presented = Digest.sha256(Array(parts[1].drop { $0 == " " }.utf8))
        var isKnown = false
        for digest in digests where CRYPTO_memcmp(digest, presented, digest.count) == 0 { isKnown = true }
        return isKnown
    }
}

/// OpenSSL's digests of short inputs.
nonisolated enum Digest {
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha256(), count: 32) }
    static func sha1(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha1(), count: 20) }

    private static func digest(_ bytes: [UInt8], _ algorithm: OpaquePointer?, count: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        EVP_Digest(bytes, bytes.count, &result, nil, algorithm, nil)
        return result
    }
}
