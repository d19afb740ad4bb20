public import Log
public import RelayControl

/// Every setting with its default, typed; `SettingsTable` says how each is written.
public struct Settings: Sendable, Equatable {
    // HTTP
    /// `http.listen`
    public var listen = ListenAddress(host: "127.0.0.1", port: 8080)
    /// Files in PEM; both or neither.
    public var certificateFile: String?
    /// `http.tls-key`
    public var privateKeyFile: String?
    /// Empty: no key is asked for, and only a loopback address may be listened on.
    public var keys: [String] = []
    /// `http.allow-origins`: of web pages that call the API themselves.
    public var allowedOrigins: [String] = []
    /// `http.max-connections`
    public var maximumConnections = 1000
    /// Of one request.
    public var maximumBodyBytes = 1024 * 1024
    /// Until a request's header is there.
    public var headerTimeout: Duration = .seconds(10)
    /// Until its body is there too.
    public var bodyTimeout: Duration = .seconds(30)

    // Media
    /// The first worker's UDP port; 0: any free ones.
    public var mediaPort: UInt16 = 40000
    /// Nil: one a processor, less one for control.
    public var workers: Int?
    /// Addresses that browsers are told; empty: those of this machine.
    public var announced: [RelaySettings.Announcement] = []
    /// Peer connections in all.
    public var maximumTransports = 10_000
    /// How long a connection lives without a valid check.
    public var consentTimeout: Duration = .seconds(30)
    /// `srtp.backend`: which library encrypts media.
    public var srtpBackend = RelaySettings.SRTPBackend.automatic
    /// Of one SDP.
    public var maximumDescriptionBytes = 256 * 1024
    /// Of one SDP.
    public var maximumMediaLines = 256

    // Rooms
    /// Rooms at one time.
    public var maximumRooms = 1000
    /// How long a room that everybody left is kept.
    public var emptyRoomTimeout: Duration = .seconds(300)
    /// Users at one time.
    public var maximumUsersPerRoom = 200
    /// People who wait for one room.
    public var maximumWaiting = 200
    /// Connections of one room on a worker before it uses another.
    public var roomSpread = 128
    /// `rooms.max-audible`: 0 for no limit.
    public var maximumAudible = 0
    /// `rooms.keyframe-cache`: zero for none.
    public var keyframeCache: Duration = .milliseconds(600)
    /// Nil: a user stays until deleted.
    public var userIdleTimeout: Duration?

    // Passwords
    /// `passwords.at-once`
    public var passwordsAtOnce = 2
    /// `passwords.max-waiting`
    public var maximumWaitingPasswords = 1000
    /// `passwords.failures-per-minute`: 0 for any number.
    public var passwordFailuresPerMinute = 10

    // The process
    /// Where the process keeps its files.
    public var dataDirectory = "data"
    /// The least that is logged.
    public var logLevel = Log.Level.info
    /// How a line of the log looks.
    public var logFormat = Log.Format.text
    /// Nil: on as long as there are no keys.
    public var demo: Bool?

    /// The defaults.
    public init() {}

    /// Whether the demo page and its signalling are served.
    public var servesDemo: Bool { demo ?? keys.isEmpty }

    /// Worker threads on a machine with so many processors.
    public func workerCount(processors: Int) -> Int { workers ?? max(1, processors - 1) }

    /// What must hold between several settings.
    /// - Throws: `ConfigurationError.inconsistent`, naming the settings.
    public func check(processors: Int) throws(ConfigurationError) {
        if (certificateFile == nil) != (privateKeyFile == nil) {
            throw .inconsistent("http.tls-cert and http.tls-key belong together: set both, or neither")
        }
        if keys.isEmpty && !listen.isLoopback {
            throw .inconsistent(
                "http.listen is \(listen), which other machines can reach, so http.api-keys must be set "
                    + "(--api-key KEY); without keys only a loopback address such as 127.0.0.1 is listened on")
        }
        let workers = workerCount(processors: processors)
        if mediaPort != 0 && Int(mediaPort) + workers - 1 > 65535 {
            throw .inconsistent("media.port \(mediaPort) and media.workers \(workers) need ports above 65535")
        }
    }
}
