import Configuration
import MediaServer
import RelayControl
import Server

/// The settings as each part of the server wants them.
extension Settings {
    func relay(processors: Int) -> RelaySettings {
        var relay = RelaySettings()
        relay.workers = workerCount(processors: processors)
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

    var mediaServer: MediaServerSettings {
        var face = MediaServerSettings()
        face.maximumRooms = maximumRooms
        face.maximumUsersPerRoom = maximumUsersPerRoom
        face.maximumWaiting = maximumWaiting
        face.roomEmptyTimeout = Double(emptyRoomTimeout.wholeMilliseconds) / 1000
        face.userIdleTimeout = userIdleTimeout.map { Double($0.wholeMilliseconds) / 1000 }
        return face
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
}
