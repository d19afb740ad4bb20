import MediaServer
import RelayControl
import RoomControl
import RoomModel
import Server
import Web

/// What operators ask: is it alive, is it ready, which version, how much.
final class Operations {
    private let instance: String
    private weak var server: HTTPServer?
    private var relay: (any Relay)?
    private var rooms: RoomService?
    private var face: MediaServerFace?
    /// The libraries that encrypt media.
    var ciphers: (gcm: String, counter: String)?

    init(instance: String) { self.instance = instance }

    /// What the answers are about; before it is known, the server is not ready.
    func attach(server: HTTPServer, relay: any Relay, rooms: RoomService, face: MediaServerFace) {
        self.server = server
        self.relay = relay
        self.rooms = rooms
        self.face = face
    }

    var routes: [Route] {
        [
            Route(.GET, "/healthz", access: .open) { _ in .response(.text("ok\n")) },
            Route(.GET, "/readyz", access: .open) { [self] _ in
                let isReady = server.map { !$0.isDraining } ?? false
                return .response(isReady ? .text("ready\n") : .text("draining\n", status: 503))
            },
            Route(.GET, "/version", access: .open) { [instance] _ in
                .response(.json(["version": Version.text, "instance_id": instance]))
            },
            Route(.GET, "/metrics", access: .key) { [self] _ in
                var headers = Headers()
                headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                return .response(Response(headers: headers, body: Array(metrics.utf8)))
            },
        ]
    }

    private var metrics: String {
        var text = MetricsText()
        text.info("switchyard_build_info", "The version that runs.", ["version": Version.text])
        if let ciphers {
            text.info(
                "switchyard_srtp_backend_info", "What encrypts media, by the kind of cipher.",
                ["gcm": ciphers.gcm, "counter": ciphers.counter])
        }
        if let rooms, let face {
            text.add((rooms.rooms.count, rooms.rooms.participantCount, face.eventListeners))
        }
        if let relay { text.add(relay.totals) }
        if let server { text.add(server.counters) }
        text.add(ProcessUsage.now())
        return text.text
    }
}

extension Response {
    /// Plain text.
    fileprivate static func text(_ text: String, status: Int = 200) -> Response {
        var headers = Headers()
        headers.add("Content-Type", "text/plain; charset=utf-8")
        headers.add("Cache-Control", "no-store")
        return Response(status: status, headers: headers, body: Array(text.utf8))
    }
}
