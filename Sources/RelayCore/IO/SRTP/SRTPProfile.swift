/// The SRTP protection profiles that are offered, best first (RFC 5764, RFC 7714).
package enum SRTPProfile: UInt, CaseIterable, Sendable {
    case gcm128 = 0x0007
    case gcm256 = 0x0008
    case counterSHA1Tag80 = 0x0001
    /// Rare; handled by libsrtp2.
    case counterSHA1Tag32 = 0x0002

    /// OpenSSL's name.
    package var name: String {
        switch self {
        case .gcm128: "SRTP_AEAD_AES_128_GCM"
        case .gcm256: "SRTP_AEAD_AES_256_GCM"
        case .counterSHA1Tag80: "SRTP_AES128_CM_SHA1_80"
        case .counterSHA1Tag32: "SRTP_AES128_CM_SHA1_32"
        }
    }

    package var isGCM: Bool { self == .gcm128 || self == .gcm256 }
    package var keyLength: Int { self == .gcm256 ? 32 : 16 }
    package var saltLength: Int { isGCM ? 12 : 14 }
    /// Bytes that protection adds to an RTP packet.
    package var tagLength: Int {
        switch self {
        case .gcm128, .gcm256: 16
        case .counterSHA1Tag80: 10
        case .counterSHA1Tag32: 4
        }
    }
    /// Bytes that protection adds to an RTCP packet, the index included.
    package var controlOverhead: Int { isGCM ? 20 : 14 }

    /// The list for `SSL_CTX_set_tlsext_use_srtp`.
    static func offer(_ profiles: [SRTPProfile]) -> String { profiles.map(\.name).joined(separator: ":") }
}

/// One direction's master key and salt.
package struct SRTPKeys: Sendable, Equatable {
    package var key: [UInt8]
    package var salt: [UInt8]

    package init(key: [UInt8], salt: [UInt8]) {
        self.key = key
        self.salt = salt
    }

    /// Overwrites both: sealers and openers keep none of it. Copies made before keep theirs.
    package mutating func erase() {
        key.erase()
        salt.erase()
    }
}

/// What can go wrong with cryptography as such (not with a packet).
public enum CipherError: Error, Equatable, CustomStringConvertible {
    /// OpenSSL, libipsec-mb or libsrtp2 would not make a context.
    case setUp(String)
    /// No library that may be used can be; each with its reason.
    case unusable(String)

    public var description: String {
        switch self {
        case .setUp(let what): "cannot set up \(what)"
        case .unusable(let reasons): reasons
        }
    }
}
