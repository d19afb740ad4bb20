import RelayControl
import Server

/// Numbers in Prometheus' text format. Labels have few values, known beforehand: never a room's or a user's name.
nonisolated struct MetricsText {
    private(set) var text = ""

    /// A number that goes up and down.
    mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        head(name, help, "gauge")
        sample(name, value)
    }

    /// A number that only grows; its name ends in `_total`.
    mutating func counter(_ name: String, _ help: String, _ value: Double) {
        head(name, help, "counter")
        sample(name, value)
    }

    /// One counter a value of one label.
    mutating func counters(_ name: String, _ help: String, label: String, _ values: [(String, Double)]) {
        head(name, help, "counter")
        for (labelled, value) in values { sample("\(name){\(label)=\"\(Self.escaped(labelled))\"}", value) }
    }

    /// A 1 whose labels are what matters.
    mutating func info(_ name: String, _ help: String, _ labels: KeyValuePairs<String, String>) {
        head(name, help, "gauge")
        let list = labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        sample("\(name){\(list)}", 1)
    }

    private mutating func head(_ name: String, _ help: String, _ type: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private mutating func sample(_ series: String, _ value: Double) {
        if let whole = Int64(exactly: value) { text += "\(series) \(whole)\n" } else { text += "\(series) \(value)\n" }
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}

nonisolated extension MetricsText {
    mutating func add(_ counts: (rooms: Int, users: Int, eventListeners: Int)) {
        gauge("switchyard_rooms", "Rooms that exist.", Double(counts.rooms))
        gauge("switchyard_users", "Users in all rooms.", Double(counts.users))
        gauge("switchyard_event_listeners", "Clients that listen to events.", Double(counts.eventListeners))
    }

    mutating func add(_ totals: RelayTotals) {
        gauge("switchyard_transports", "Peer connections that exist.", Double(totals.transports))
        counter("switchyard_received_packets_total", "Media packets received.", Double(totals.packetsReceived))
        counter("switchyard_received_bytes_total", "Bytes of media packets received.", Double(totals.bytesReceived))
        counter("switchyard_sent_packets_total", "Media packets sent.", Double(totals.packetsSent))
        counter("switchyard_sent_bytes_total", "Bytes of media packets sent.", Double(totals.bytesSent))
        counter(
            "switchyard_refused_datagrams_total",
            "Datagrams dropped as malformed, excessive, not authentic or from nobody.",
            Double(totals.datagramsRefused))
        counter("switchyard_send_drops_total", "Packets dropped because a socket was full.", Double(totals.sendDrops))
        counter(
            "switchyard_receive_drops_total", "Datagrams that the kernel dropped because a socket was full.",
            Double(totals.receiveDrops))
        counter("switchyard_retransmissions_total", "Packets sent again on request.", Double(totals.retransmissions))
        counter(
            "switchyard_keyframe_requests_total", "Keyframes asked of publishers.", Double(totals.keyframeRequests))
        counter(
            "switchyard_recovered_packets_total", "Publishers' packets that came when they were asked for again.",
            Double(totals.packetsRecovered))
        counter(
            "switchyard_layer_changes_total", "Times that a subscriber began to get another layer of a video.",
            Double(totals.layerChanges))
        counter(
            "switchyard_held_back_packets_total", "Packets not sent, as they had waited too long for their turn.",
            Double(totals.packetsHeldBack))
        counter(
            "switchyard_probe_bytes_total", "Bytes of padding sent to find out what subscribers' networks bear.",
            Double(totals.probeBytes))
        counter(
            "switchyard_handed_over_packets_total", "Packets handed from one worker to another.",
            Double(totals.handedOver))
        counter(
            "switchyard_hand_over_drops_total", "Packets not handed over, as the other worker did not keep up.",
            Double(totals.handOverDrops))
        gauge("switchyard_mixed_rooms", "Rooms whose sound is mixed for somebody.", Double(totals.mixedRooms))
        counter(
            "switchyard_mixes_skipped_total", "Spans of 20 ms that were not mixed, as a mixing thread was too late.",
            Double(totals.mixesSkipped))
        counter(
            "switchyard_mix_drops_total", "Packets of sound dropped on their way to a mixing thread.",
            Double(totals.mixDrops))
    }

    mutating func add(_ counters: ServerCounters) {
        let classes = counters.responses.enumerated().dropFirst().map { ("\($0.offset)xx", Double($0.element)) }
        self.counters("switchyard_http_responses_total", "HTTP responses by status.", label: "status", classes)
        gauge("switchyard_http_connections", "HTTP connections open.", Double(counters.openConnections))
        gauge("switchyard_http_websockets", "WebSockets open.", Double(counters.openSockets))
        gauge("switchyard_http_event_streams", "Event streams open.", Double(counters.openEventStreams))
        counter(
            "switchyard_http_accepted_connections_total", "HTTP connections accepted.",
            Double(counters.connectionsAccepted))
        counter(
            "switchyard_http_refused_connections_total", "HTTP connections turned away at http.max-connections.",
            Double(counters.connectionsRefused))
        counter(
            "switchyard_http_dropped_clients_total", "WebSockets and event streams dropped because they did not read.",
            Double(counters.droppedForUnsentBytes))
    }

    mutating func add(_ usage: ProcessUsage) {
        counter("process_cpu_seconds_total", "User and system time used.", usage.cpuSeconds)
        gauge("process_resident_memory_bytes", "Memory resident.", Double(usage.residentBytes))
        gauge("process_virtual_memory_bytes", "Memory mapped.", Double(usage.virtualBytes))
        gauge("process_open_fds", "Files open.", Double(usage.openFiles))
        gauge("process_max_fds", "Files that may be open.", Double(usage.maximumFiles))
        gauge("process_threads", "Threads.", Double(usage.threads))
        gauge("process_start_time_seconds", "When the process started, since 1970.", usage.startedAt)
        if let heap = usage.heap {
            gauge("switchyard_heap_allocated_bytes", "Heap in use.", Double(heap.allocated))
            gauge("switchyard_heap_resident_bytes", "Heap resident, free parts included.", Double(heap.resident))
        }
    }
}
