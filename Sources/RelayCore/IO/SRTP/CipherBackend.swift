internal import CCipher
internal import Log
package import RelayControl

/// A library that can make AES contexts.
package enum CipherLibrary: CaseIterable, Sendable {
    /// Intel's multi-buffer library: AES-GCM only, and only where it is installed.
    case ipsecMB
    /// What OpenSSL's provider implements its ciphers with, called without EVP's work for each packet.
    case provider
    /// OpenSSL's EVP functions.
    case evp

    /// As logs and metrics have it.
    package var name: String {
        switch self {
        case .ipsecMB: "ipsec-mb"
        case .provider: "openssl"
        case .evp: "openssl-evp"
        }
    }

    /// Its version and kind, or why it cannot be used.
    package var state: (isUsable: Bool, description: String) {
        var text: UnsafePointer<CChar>?
        let isUsable = ccipher_load(code, &text) == 1
        return (isUsable, text.map { String(cString: $0) } ?? "unknown")
    }

    /// `ipsec-mb 1.3.0 AVX-512 VAES`
    package var versionedName: String { "\(name) \(state.description)" }

    var code: ccipher_library {
        switch self {
        case .ipsecMB: CCIPHER_IPSEC_MB
        case .provider: CCIPHER_PROVIDER
        case .evp: CCIPHER_EVP
        }
    }
}

/// Which libraries encrypt and decrypt, by the kind of cipher. Chosen once, before the first packet.
package struct CipherBackend: Sendable, Equatable {
    /// For AES-GCM, with keys of either length.
    package var gcm: CipherLibrary
    /// For AES in counter mode with HMAC-SHA1. Not `ipsecMB`.
    package var counter: CipherLibrary

    package init(gcm: CipherLibrary, counter: CipherLibrary) {
        self.gcm = gcm
        self.counter = counter
    }

    /// What `auto` means on this machine, for whatever has no settings.
    package static let automatic =
        (try? select(.automatic)) ?? CipherBackend(gcm: .evp, counter: .evp)

    /// The fastest libraries of that choice which are there and protect packets exactly as libsrtp2 does. What fails is
    /// logged and not used.
    /// - Throws: where none is left; the error names each with its reason.
    package static func select(_ choice: RelaySettings.SRTPBackend) throws(CipherError) -> CipherBackend {
        try select(choice, state: \.state) { CipherSelfTest.failure(of: $0, $1) }
    }

    /// - Parameters:
    ///   - state: whether a library is there.
    ///   - failure: what the self-test says.
    static func select(
        _ choice: RelaySettings.SRTPBackend, state: (CipherLibrary) -> (isUsable: Bool, description: String),
        failure: (CipherBackend, SRTPProfile) -> String?
    ) throws(CipherError) -> CipherBackend {
        let openSSL: [CipherLibrary] = [.provider, .evp]
        let gcm: [CipherLibrary] =
            switch choice {
            case .automatic: [.ipsecMB] + openSSL
            case .openSSL: openSSL
            case .ipsecMB: [.ipsecMB]
            }
        func firstUsable(
            _ libraries: [CipherLibrary], for profiles: [SRTPProfile], _ backend: (CipherLibrary) -> CipherBackend
        ) throws(CipherError) -> CipherLibrary {
            var reasons: [String] = []
            for library in libraries {
                let (isUsable, description) = state(library)
                guard isUsable else {
                    Log.debug("srtp.backend-absent", ["backend": library.name, "reason": description])
                    reasons.append("\(library.name): \(description)")
                    continue
                }
                let findings = profiles.compactMap { failure(backend(library), $0) }
                guard let finding = findings.first else { return library }
                Log.warning("srtp.backend-failed", ["backend": library.name, "reason": finding])
                reasons.append("\(library.name): \(finding)")
            }
            throw .unusable(reasons.joined(separator: "; "))
        }
        return CipherBackend(
            gcm: try firstUsable(gcm, for: [.gcm128, .gcm256]) { CipherBackend(gcm: $0, counter: .evp) },
            counter: try firstUsable(openSSL, for: [.counterSHA1Tag80]) { CipherBackend(gcm: .evp, counter: $0) })
    }
}
