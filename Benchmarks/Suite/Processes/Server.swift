import Foundation
import Load

/// A `switchyard serve` on loopback with ports of its own.
struct Server {
    let process: ChildProcess
    let api: MediaServerAPI
    /// Of the REST API.
    let port: UInt16
    private let folder: String

    /// - Parameter binary: instead of the options' one.
    init(_ options: Options, binary: String? = nil, environment: [String: String] = [:]) throws {
        folder = NSTemporaryDirectory() + "switchyard-bench-\(getpid())-\(UInt32.random(in: .min ... .max))"
        process = try ChildProcess(
            binary ?? options.server,
            [
                "serve", "--no-supervise", "--listen", "127.0.0.1:0", "--media-port", "0", "--workers", "1",
                "--announce", "127.0.0.1",
                "--users-max-per-room", "1000", "--log-level", "warning", "--data-dir", folder,
            ],
            environment: environment)
        do {
            // ready http=ADDR:PORT media=ADDR:PORT[,…]
            let line = try process.readLine()
            guard let http = line.split(separator: " ").first(where: { $0.hasPrefix("http=") }),
                let port = http.split(separator: ":").last.flatMap({ UInt16($0) })
            else { throw BenchmarkError("the server said: \(line)") }
            self.port = port
            api = try MediaServerAPI(port: port)
        } catch {
            process.stop()
            throw error
        }
    }

    func stop() {
        process.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
