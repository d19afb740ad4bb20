/// What the relay is configured with. Every member is a setting of the configuration file (docs/configuration.md).
public struct RelaySettings: Sendable {
    /// Worker threads, each with its own UDP port: `mediaPort`, `mediaPort + 1`, …; 0 picks free ports.
    public var workers: Int = 1
    /// The first worker's.
    public var mediaPort: UInt16 = 40000
    /// Addresses to listen on and to advertise. Empty: every non-loopback address of this machine, and loopback where
    /// `includesLoopback`.
    public var announced: [Announcement] = []
    /// Whether loopback addresses are listened on where `announced` is empty.
    public var includesLoopback: Bool = true

    /// Connections of one room on each worker that it uses, from which on it may use another, too.
    public var roomSpread: Int = 128
    /// Of how many participants' sound a subscriber gets at most: those who speak. 0: everybody's.
    public var maximumAudible: Int = 0
    /// Threads that mix rooms' sound; they begin with the first who listens.
    public var mixingThreads: Int = 1
    /// How long the last keyframe and what followed it are kept for newcomers; 0: not at all.
    public var keyframeCacheMilliseconds: Int64 = 0

    /// Peer connections in all.
    public var maximumTransports: Int = 10_000
    /// Bytes of one SDP.
    public var maximumDescriptionBytes: Int = 256 * 1024
    /// m-lines of one SDP.
    public var maximumMediaLines: Int = 256
    /// A connection without a valid consent check for so long is closed.
    public var consentTimeoutMilliseconds: Int64 = 30_000

    /// Chosen once, when the relay starts, which fails where it cannot be used.
    public var srtpBackend = SRTPBackend.automatic

    /// The defaults.
    public init() {}

    /// What encrypts and decrypts media.
    public enum SRTPBackend: String, Sendable, CaseIterable {
        /// The fastest that is there and passes its test.
        case automatic = "auto"
        case openSSL = "openssl"
        /// Intel's multi-buffer library, for AES-GCM; counter mode is OpenSSL's.
        case ipsecMB = "ipsec-mb"
    }

    /// A local address to listen on, and the address to tell peers, which differs behind a NAT.
    public struct Announcement: Sendable, Hashable {
        public var advertised: String
        public var local: String

        public init(advertised: String, local: String) {
            self.advertised = advertised
            self.local = local
        }
    }
}
