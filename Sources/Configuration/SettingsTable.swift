/// All settings: parsing, `--help`, `switchyard config` and docs/configuration.md follow from these rows.
public enum SettingsTable {
    public static let all: [Setting] = http + media + rooms + passwords + process

    /// The setting of that key.
    public static func setting(key: String) -> Setting? { all.first { $0.key == key } }

    private static let day: Duration = .seconds(86_400)

    private static let http: [Setting] = [
        Setting(
            "http.listen", .http, flag: "listen", \.listen, .listenAddress,
            "Where the API and the page are served. Port 0 takes a free one. Other than loopback addresses need http.api-keys."
        ),
        Setting(
            "http.tls-cert", .http, flag: "tls-cert", \.certificateFile, .file, absent: "none",
            "Certificate chain (PEM); with it and http.tls-key the listener speaks HTTPS only."),
        Setting(
            "http.tls-key", .http, flag: "tls-key", \.privateKeyFile, .file, absent: "none",
            "The certificate's private key (PEM)."),
        Setting(
            "http.api-keys", .http, flag: "api-key", list: \.keys, .key, secret: true,
            "Whoever calls the API sends one of these as Authorization: Bearer KEY. Command lines show in process lists: "
                + "prefer the file or the environment."),
        Setting(
            "http.allow-origins", .http, flag: "allow-origin", list: \.allowedOrigins, .origin,
            "Web pages of these origins may call the API (CORS) and open WebSockets; others are refused."),
        Setting(
            "http.max-connections", .http, \.maximumConnections, .number(in: 1...1_000_000),
            "Open HTTP connections at once; further ones are closed."),
        Setting(
            "http.max-body", .http, \.maximumBodyBytes, .bytes(in: 1024...1 << 30),
            "Bytes of one request's body; more is answered 413."),
        Setting(
            "http.header-timeout", .http, \.headerTimeout, .duration(in: .milliseconds(10)...day),
            "A request's header has to be complete within this time; else 408."),
        Setting(
            "http.body-timeout", .http, \.bodyTimeout, .duration(in: .milliseconds(10)...day),
            "A request's body has to be complete within this time; else 408."),
    ]

    private static let media: [Setting] = [
        Setting(
            "media.port", .media, flag: "media-port", \.mediaPort, .number("PORT", "a port", in: 0...65535),
            "First UDP port for media, one a worker: this one, the next, and so on. 0 takes free ones."),
        Setting(
            "media.workers", .media, flag: "workers", \.workers, .number(in: 1...256), absent: "auto",
            "Threads that move media. auto: one a processor, less one, at least one."),
        Setting(
            "media.announce", .media, flag: "announce", list: \.announced, .announcement,
            "Address for media, of this machine, or PUBLIC=LOCAL behind a NAT and in a container. May be several. "
                + "None: every address of this machine."),
        Setting(
            "media.max-transports", .media, \.maximumTransports, .number(in: 1...1_000_000),
            "Peer connections at once: one for each publisher, and one for each pair of publisher and subscriber."),
        Setting(
            "ice.consent-timeout", .media, \.consentTimeout, .duration(in: .milliseconds(100)...day),
            "A peer connection without a valid connectivity check for so long is closed."),
        Setting(
            "srtp.backend", .media, \.srtpBackend, .srtpBackend,
            "What encrypts media. auto: ipsec-mb where libipsec-mb is installed and passes its test, else openssl."),
        Setting(
            "sdp.max-bytes", .media, \.maximumDescriptionBytes, .bytes(in: 1024...1 << 24),
            "Bytes of one session description."),
        Setting(
            "sdp.max-media-lines", .media, \.maximumMediaLines, .number(in: 1...10_000),
            "m-lines of one session description."),
    ]

    private static let rooms: [Setting] = [
        Setting(
            "rooms.max", .rooms, \.maximumRooms, .number(in: 1...10_000_000),
            "Rooms at once, also those that were defined and are empty."),
        Setting(
            "rooms.empty-timeout", .rooms, \.emptyRoomTimeout, .duration(in: .milliseconds(10)...day * 365),
            "A room that nobody ever entered is deleted after this time."),
        Setting(
            "users.max-per-room", .rooms, \.maximumUsersPerRoom, .number(in: 1...1_000_000),
            "Users of one room at once."),
        Setting(
            "rooms.max-waiting", .rooms, \.maximumWaiting, .number(in: 0...1_000_000),
            "People who may wait to be let into one room."),
        Setting(
            "rooms.spread", .rooms, \.roomSpread, .number(in: 1...1_000_000),
            "A room uses a further worker once it has so many peer connections on each that it uses already."),
        Setting(
            "rooms.max-audible", .rooms, \.maximumAudible, .number(in: 0...1000),
            "The sound of at most so many users of a room is forwarded: of those who speak. 0: everybody's."),
        Setting(
            "rooms.keyframe-cache", .rooms, \.keyframeCache, .duration(in: .zero ... .seconds(10)),
            "A video's last keyframe and what followed are kept for so long: who joins meanwhile has a picture at once. 0: not kept."
        ),
        Setting(
            "users.idle-timeout", .rooms, \.userIdleTimeout, .duration(in: .milliseconds(10)...day * 365),
            absent: "off",
            "A user without any live peer connection for so long is deleted. off: users stay until deleted."),
    ]

    private static let passwords: [Setting] = [
        Setting(
            "passwords.at-once", .rooms, \.passwordsAtOnce, .number(in: 1...64),
            "Passwords that are hashed at one time; each takes a processor for tens of milliseconds, and 19 MiB."),
        Setting(
            "passwords.max-waiting", .rooms, \.maximumWaitingPasswords, .number(in: 0...1_000_000),
            "Passwords that may wait to be hashed; further ones are refused."),
        Setting(
            "passwords.failures-per-minute", .rooms, \.passwordFailuresPerMinute, .number(in: 0...1_000_000),
            "Wrong passwords that one address may send in a row, and then in each minute. 0: any number."),
    ]

    private static let process: [Setting] = [
        Setting("data-dir", .process, \.dataDirectory, .directory, "Folder for what has to outlive a restart."),
        Setting(
            "log.level", .process, \.logLevel, .logLevel,
            "What is logged: debug, info, warning or error, and what is graver."),
        Setting(
            "log.format", .process, \.logFormat, .logFormat,
            "text (key=value) or json; either way one line an event, on standard error."),
        Setting(
            "demo", .process, \.demo, .flag, absent: "auto",
            "Serves the demo page, on which anybody who can reach it can talk. auto: only while there are no API keys."),
    ]
}
