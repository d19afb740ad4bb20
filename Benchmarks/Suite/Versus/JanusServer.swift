import Foundation
import Load

/// Debian's Janus with its VideoRoom alone, as fast as it can be set, in a folder of its own.
struct JanusServer {
    let process: ChildProcess
    let target: String
    private let folder: String

    private static let library = "/usr/lib"

    /// - Parameter eventLoops: threads that share all connections; 0: one thread a connection.
    init(_ path: NetworkPath, port: UInt16, eventLoops: Int) throws {
        let binary = try Command.path("janus")
        folder = NSTemporaryDirectory() + "switchyard-janus-\(getpid())-\(port)"
        target = "http://\(path.serverAddress):\(port)/janus"
        let plugins = try Self.modules("plugins")
        let transports = try Self.modules("transports")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let loops = eventLoops > 0 ? "event_loops = \(eventLoops)" : ""
        try Self.write(
            """
            general: {
                configs_folder = "\(folder)"
                plugins_folder = "\(plugins.folder)"
                transports_folder = "\(transports.folder)"
                debug_level = 2
                session_timeout = 60
                \(loops)
            }
            nat: { ice_lite = true, ignore_mdns = true }
            plugins: { disable = "\(plugins.names.filter { $0 != "libjanus_videoroom.so" }.joined(separator: ","))" }
            transports: { disable = "\(transports.names.filter { $0 != "libjanus_http.so" }.joined(separator: ","))" }
            events: { broadcast = false }

            """, to: folder + "/janus.jcfg")
        try Self.write(
            """
            general: { events = false, json = "compact", base_path = "/janus", http = true, port = \(port), https = false }
            admin: { admin_http = false }

            """, to: folder + "/janus.transport.http.jcfg")
        try Self.write("general: { }\n", to: folder + "/janus.plugin.videoroom.jcfg")
        let start = try path.command(binary, ["--configs-folder", folder, "--disable-colors"])
        process = try ChildProcess(start.program, start.arguments, log: folder + "/janus.log")
        do { try waitUntilReady(path.serverAddress, port) } catch {
            process.stop()
            throw error
        }
    }

    func stop() {
        process.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// It says nothing once it is ready, but takes connections.
    private func waitUntilReady(_ address: String, _ port: UInt16) throws {
        for _ in 0..<100 {
            if (try? MediaServerAPI(address: address, port: port)) != nil { return }
            guard (try? process.processorTime) != nil else { break }
            usleep(50_000)
        }
        let log = (try? String(contentsOfFile: folder + "/janus.log", encoding: .utf8)) ?? ""
        throw BenchmarkError("Janus did not start: \(log.suffix(500))")
    }

    /// Where Debian has Janus's modules of a kind: `/usr/lib/ARCHITECTURE/janus/KIND`.
    private static func modules(_ kind: String) throws -> (folder: String, names: [String]) {
        let files = FileManager.default
        let machines = (try? files.contentsOfDirectory(atPath: library)) ?? []
        for folder in machines.map({ "\(library)/\($0)/janus/\(kind)" }) + ["\(library)/janus/\(kind)"] {
            guard let names = try? files.contentsOfDirectory(atPath: folder) else { continue }
            return (folder, names.filter { $0.hasSuffix(".so") }.sorted())
        }
        throw BenchmarkError("there are no modules of Janus under \(library)")
    }

    private static func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    }
}
