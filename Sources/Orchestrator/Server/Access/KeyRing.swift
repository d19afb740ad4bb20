internal import Secrets

/// The API keys that a request may present.
nonisolated struct KeyRing {
    /// Not the keys, so that comparing tells nothing about a key's length.
    private let digests: [KeyDigest]

    init(_ keys: [String]) { digests = keys.map { KeyDigest(of: $0) } }

    var isEmpty: Bool { digests.isEmpty }

    /// Whether `authorization` is `Bearer KEY` with one of the keys. The time it takes does not depend on which bytes
    /// are wrong, nor on which key is right.
    func admits(authorization: String?) -> Bool {
        guard let authorization else { return false }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        let presented = KeyDigest(of: String(parts[1].drop { $0 == " " }))
        var isKnown = false
        for digest in digests where digest == presented { isKnown = true }
        return isKnown
    }
}
