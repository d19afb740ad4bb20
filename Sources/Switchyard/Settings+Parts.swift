import Configuration
import RelayControl
import RoomModel
import Secrets
import Server

/// The settings as each part of the server wants them.
extension Settings {
    func relay(processors: Int) -> RelaySettings {
        var relay = RelaySettings()
        relay.workers = workerCount(processors: processors)
        relay.mixingThreads = max(1, processors / 2)
        relay.mediaPort = mediaPort
        relay.announced = announced
        relay.includesLoopback = listen.isLoopback
        relay.roomSpread = roomSpread
        relay.maximumAudible = maximumAudible
        relay.keyframeCacheMilliseconds = keyframeCache.wholeMilliseconds
        relay.maximumTransports = maximumTransports
        relay.maximumDescriptionBytes = maximumDescriptionBytes
        relay.maximumMediaLines = maximumMediaLines
        relay.srtpBackend = srtpBackend
        relay.consentTimeoutMilliseconds = consentTimeout.wholeMilliseconds
        return relay
    }

    var rooms: RoomLimits {
        RoomLimits(
            maximumRooms: maximumRooms, maximumParticipants: maximumUsersPerRoom,
            emptyTimeout: Double(emptyRoomTimeout.wholeMilliseconds) / 1000,
            idleTimeout: userIdleTimeout.map { Double($0.wholeMilliseconds) / 1000 },
            maximumWaiting: maximumWaiting)
    }

    var server: ServerSettings {
        var server = ServerSettings()
        server.address = listen.host
        server.port = listen.port
        server.certificatePath = certificateFile
        server.keyPath = privateKeyFile
        server.apiKeys = keys
        server.allowOrigins = allowedOrigins
        server.maximumConnections = maximumConnections
        server.maximumBodyBytes = maximumBodyBytes
        server.headerTimeoutMilliseconds = Int(headerTimeout.wholeMilliseconds)
        server.bodyTimeoutMilliseconds = Int(bodyTimeout.wholeMilliseconds)
        return server
    }

    var passwords: PasswordChecker.Settings {
        var checker = PasswordChecker.Settings()
        checker.maximumInFlight = passwordsAtOnce
        checker.maximumWaiting = maximumWaitingPasswords
        checker.failuresPerMinute = passwordFailuresPerMinute
        return checker
    }
}
