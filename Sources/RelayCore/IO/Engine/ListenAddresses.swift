internal import CNet
internal import RelayControl
internal import Log
internal import RelayProtocol

/// Which addresses the workers listen on, and what peers are told.
struct ListenAddresses {
    struct Entry {
        var local: Endpoint
        /// What candidates say.
        var advertised: String
        /// Asked for by the configuration, so that it must be bound.
        var isRequired: Bool
    }

    let entries: [Entry]

    init(_ settings: RelaySettings) throws(RelayStartError) {
        var entries: [Entry] = []
        for announced in settings.announced {
            guard let local = Endpoint(address: announced.local, port: 0) else { throw .badAddress(announced.local) }
            guard let advertised = Endpoint(address: announced.advertised, port: 0) else {
                throw .badAddress(announced.advertised)
            }
            entries.append(Entry(local: local, advertised: advertised.address, isRequired: true))
        }
        if entries.isEmpty {
            var found = [cnet_endpoint](repeating: cnet_endpoint(), count: 32)
            let count = Int(cnet_local_addresses(&found, Int32(found.count)))
            for raw in found.prefix(count) {
                let local = Endpoint(raw)
                entries.append(Entry(local: local, advertised: local.address, isRequired: false))
            }
            if settings.includesLoopback, let loopback = Endpoint(address: "127.0.0.1", port: 0) {
                entries.append(Entry(local: loopback, advertised: "127.0.0.1", isRequired: false))
            }
        }
        guard !entries.isEmpty else { throw .noAddress }
        self.entries = entries
    }

    /// Binds one worker's sockets, all on one port where that is free.
    func bind(port: UInt16) throws(RelayStartError) -> [BoundSocket] {
        var bound: [BoundSocket] = []
        var chosen = port
        for entry in entries {
            var local = entry.local
            local.port = chosen
            do {
                let (descriptor, endpoint) = try MediaSocket.bind(local)
                if chosen == 0 { chosen = endpoint.port }
                bound.append(
                    BoundSocket(
                        descriptor: descriptor, local: endpoint,
                        candidate: HostCandidate(address: entry.advertised, port: endpoint.port)))
            } catch {
                // An address that this machine has but will not lend (a tunnel going down) is no reason not to start,
                // unless somebody named it.
                if entry.isRequired || entries.count == 1 || port != 0 && entry.local.isLoopback { throw error }
            }
        }
        guard let first = bound.first else { throw .noAddress }
        if let short = MediaSocket.shortBuffers(first.descriptor) {
            Log.warning(
                "media.small-socket-buffers",
                [
                    "bytes": "\(short.given)", "wanted": "\(short.wanted)",
                    "remedy": "sysctl -w net.core.rmem_max=\(short.wanted) net.core.wmem_max=\(short.wanted)",
                ])
        }
        return bound
    }
}

/// A bound socket on its way to its worker.
struct BoundSocket: Sendable {
    var descriptor: Int32
    var local: Endpoint
    var candidate: HostCandidate
}
