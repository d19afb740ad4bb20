import Aura
import Configuration
import Glibc
import Log
import Loop
import MediaServer
import RelayControl
import RelayIO
import RoomControl
import RoomModel
import SQLiteStore
import Secrets
import Server
import Web

/// The server itself: relay, faces and listener, built from the settings and run until a signal ends them.
final class Service {
    private let main: MainLoop
    private let relay: RelayEngine
    private let rooms: RoomService
    private let aura: AuraFace
    private let passwords: PasswordChecker
    private let server: HTTPServer
    /// What has to end before the loop does.
    private var relayHasEnded = false
    private var signals = 0
    private var hasFailed = false
    private var isClosingStore = false

    /// How long requests, goodbyes and closing handshakes may take.
    private static let patienceMilliseconds = 4000
    /// The kernel ends a process (SIGALRM) that is not gone by then.
    private static let lastResortSeconds: UInt32 = 5

    /// Runs to the end.
    /// - Returns: the process's exit code.
    static func run(_ settings: Settings) -> Int32 {
        Machine.raiseOpenFileLimit()
        Machine.returnFreedMemory()
        do {
            try makeDataDirectory(settings.dataDirectory)
            let service = try Service(settings)
            try service.start()
            service.main.run()
            if service.hasFailed { return CommandLineTool.ExitCode.failed }
            Log.info("ended")
            return CommandLineTool.ExitCode.done
        } catch {
            Log.error("cannot-start", ["reason": "\(error)"])
            return CommandLineTool.ExitCode.failed
        }
    }

    private init(_ settings: Settings) throws {
        let main = try MainLoop()
        let instance = InstanceID.make()
        relay = try RelayEngine(settings: settings.relay(processors: Machine.processors), loop: main.loop)
        let rooms = RoomService(
            relay: relay, store: try SQLiteStore(directory: settings.dataDirectory), limits: settings.rooms,
            now: Machine.monotonicSeconds, wallClock: Machine.wallClockSeconds)
        relay.onEvent = { rooms.handle($0) }
        let face = MediaServerFace(service: rooms, wallClock: Machine.wallClockSeconds, instance: instance)
        passwords = PasswordChecker(loop: main.loop, settings: settings.passwords, now: Machine.monotonicSeconds)
        aura = AuraFace(
            service: rooms, passwords: passwords, key: try SecretKeyFile.open(directory: settings.dataDirectory),
            now: Machine.monotonicSeconds, wallClock: Machine.wallClockSeconds)
        let operations = Operations(instance: instance)
        var routes = operations.routes
        if settings.servesDemo { routes += PageRoutes.all + Demo(face: face).routes }
        server = HTTPServer(loop: main.loop, settings: settings.server, faces: [face, aura], routes: routes)
        self.main = main
        self.rooms = rooms
        operations.attach(server: server, relay: relay, rooms: rooms, face: face)
        operations.ciphers = relay.cipherLibraries
        Log.info("starting", ["version": Version.text, "instance_id": instance, "pid": "\(getpid())"])
    }

    private func start() throws {
        for signal in [SIGTERM, SIGINT] {
            try main.loop.signal(signal) { MainActor.assumeIsolated { self.receive(signal) } }
        }
        main.loop.timer(afterMilliseconds: 1000, repeatingMilliseconds: 1000) { [rooms, aura] in
            MainActor.assumeIsolated {
                rooms.tick()
                aura.tick()
            }
        }
        Task {
            do {
                try await rooms.restore()
                try listen()
            } catch {
                Log.error("cannot-start", ["reason": "\(error)"])
                hasFailed = true
                main.stop()
            }
        }
    }

    /// Nobody is served before what was kept is there again.
    private func listen() throws {
        let address = try server.start()
        let media = relay.mediaAddresses.joined(separator: ",")
        Log.info("ready", ["http": "\(address)", "media": media])
        Console.print("ready http=\(address) media=\(media)\n")
    }

    // MARK: The end

    private func receive(_ signal: Int32) {
        signals += 1
        if signals > 1 {
            Log.warning("ending-at-once", ["signal": "\(signal)"])
            _exit(128 + signal)
        }
        Log.info("ending", ["signal": "\(signal)", "transports": "\(relay.totals.transports)"])
        alarm(Self.lastResortSeconds)
        server.stop()
        passwords.close()
        relay.shutDown { [self] in relayHasEnded = true }
        main.loop.timer(afterMilliseconds: 5, repeatingMilliseconds: 5) { [self] in
            MainActor.assumeIsolated { endWhenQuiet() }
        }
        main.loop.timer(afterMilliseconds: Self.patienceMilliseconds) { [self] in
            MainActor.assumeIsolated {
                Log.warning("ending-impatiently", ["connections": "\(server.counters.openConnections)"])
                server.close()
                main.stop()
            }
        }
    }

    private func endWhenQuiet() {
        guard relayHasEnded, server.counters.openConnections == 0, !isClosingStore else { return }
        isClosingStore = true
        Task {
            await rooms.store.close()
            main.stop()
        }
    }

    private static func makeDataDirectory(_ path: String) throws {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made += part.isEmpty ? "/" : part + "/"
            if mkdir(made, 0o750) != 0 && errno != EEXIST {
                throw ServiceError.dataDirectory(path, reason: String(cString: strerror(errno)))
            }
        }
        if access(made, R_OK | W_OK | X_OK) != 0 {
            throw ServiceError.dataDirectory(path, reason: String(cString: strerror(errno)))
        }
    }
}

/// Why the server does not start, where no part of it says so itself.
nonisolated enum ServiceError: Error, CustomStringConvertible {
    case dataDirectory(String, reason: String)

    var description: String {
        switch self {
        case .dataDirectory(let path, let reason): "data-dir: cannot use \(path): \(reason)"
        }
    }
}
