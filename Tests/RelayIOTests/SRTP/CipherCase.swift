import RelayIO
import Testing

/// A profile with one of the libraries that this machine can protect it with.
struct CipherCase: CustomTestStringConvertible, Sendable {
    let profile: SRTPProfile
    let library: CipherLibrary
    let backend: CipherBackend

    /// Every pair that there is; SHA1_32 is libsrtp2's whatever the backend.
    static let all: [CipherCase] = SRTPProfile.allCases.flatMap { profile in
        let libraries: [CipherLibrary] =
            switch profile {
            case .gcm128, .gcm256: CipherLibrary.usable
            case .counterSHA1Tag80: [.provider, .evp]
            case .counterSHA1Tag32: [.evp]
            }
        return libraries.map { library in
            let backend =
                profile.isGCM
                ? CipherBackend(gcm: library, counter: .evp) : CipherBackend(gcm: .evp, counter: library)
            return CipherCase(profile: profile, library: library, backend: backend)
        }
    }

    var testDescription: String { "\(profile.name), \(library.name)" }
}

extension CipherLibrary {
    /// Those that this machine has.
    static let usable = allCases.filter(\.state.isUsable)
}
