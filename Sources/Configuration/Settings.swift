public import Log
public import RelayControl

/// Every setting with its default, typed; `SettingsTable` says how each is written.
public struct Settings: Sendable, Equatable {
    // HTTP
    public var listen = ListenAddress(host: "127.0.0.1", port: 8080)
    /// Files in PEM; both or neither.
    public var certificateFile: String?
    public var privateKeyFile: String?
    /// Empty: no key is asked for, and only a loopback address may be listened on.
    public var keys: [String] = []
    public var allowedOrigins: [String] = []
    public var maximumConnections = 1000
    public var maximumBodyBytes = 1024 * 1024
    public var headerTimeout: Duration = .seconds(10)
    public var bodyTimeout: Duration = .seconds(30)

    // Media
    public var mediaPort: UInt16 = 40000
    /// Nil: one a processor, less one for control.
    public var workers: Int?
    public var announced: [RelaySettings.Announcement] = []
    public var maximumTransports = 10_000
    public var consentTimeout: Duration = .seconds(30)
    public var srtpBackend = RelaySettings.SRTPBackend.automatic
    public var maximumDescriptionBytes = 256 * 1024
    public var maximumMediaLines = 256

    // Rooms
    public var maximumRooms = 1000
    public var emptyRoomTimeout: Duration = .seconds(300)
    public var maximumUsersPerRoom = 200
    public var roomSpread = 128
    /// Nil: a user stays until deleted.
    public var userIdleTimeout: Duration?

    // The process
    public var dataDirectory = "data"
    public var logLevel = Log.Level.info
    public var logFormat = Log.Format.text
    /// Nil: on as long as there are no keys.
    public var demo: Bool?

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
